"""Where a case is tried: on which chain, over which database."""

from __future__ import annotations

import pytest

_FAKE = (("sqlite", "fake"), ("postgresql", "fake"))
_REAL = (("sqlite", "litecoind"),)


def _marked(pairs: tuple[tuple[str, str], ...]) -> pytest.MarkDecorator:
    marks = {
        "postgresql": pytest.mark.postgres,
        "litecoind": pytest.mark.node,
        "own_litecoind": pytest.mark.node,
    }
    rows = [
        pytest.param(*pair, marks=[marks[name] for name in pair if name in marks]) for pair in pairs
    ]
    return pytest.mark.parametrize(("database_url", "on"), rows, indirect=True)


everywhere = _marked((*_FAKE, *_REAL))
on_the_fake = _marked(_FAKE)
on_litecoind = _marked(_REAL)
on_a_node_of_its_own = _marked((("sqlite", "own_litecoind"),))
fake_and_own_node = _marked((*_FAKE, ("sqlite", "own_litecoind")))
