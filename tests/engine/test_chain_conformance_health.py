"""Whether a node may be believed, by the suite that all chains share."""

from __future__ import annotations

import pytest

from engine.chain import Expectation, Trust
from tests.engine.test_chain_conformance import (
    NOBODY,
    _address,
    on,
    on_all_with,
    on_chains_with,
)
from tests.nodes.harness import Ability, Hands, Harness

__all__ = ["on"]

NOW_S = 1_800_000_000


@on_all_with(Ability.PAY)
def test_a_node_that_is_as_expected_is_well(on: Hands) -> None:
    address = _address(on)
    expected = Expectation(on.chain.identity().genesis, None, address, on.height())
    health = on.chain.health(expected, now_s=NOW_S)
    assert (health.trust, health.reason, health.well) == (Trust.FULL, "", True)
    assert health.tip is not None
    assert health.tip == on.chain.block(on.tip())
    assert health.version
    assert health.facts["blocks"] == str(on.height())


@on_all_with(Ability.PAY)
@pytest.mark.parametrize(
    ("changed", "trust", "word"),
    [
        ({"genesis": NOBODY}, Trust.NONE, "another network"),
        ({"address": "stranger"}, Trust.NONE, "another wallet"),
        ({"height": 1_000_000}, Trust.SHOW, "behind"),
    ],
)
def test_a_node_that_is_not_as_expected_says_why(
    on: Hands, changed: dict[str, object], trust: Trust, word: str
) -> None:
    given = {"genesis": None, "fork": None, "address": None, "height": 0, **changed}
    if given["address"] == "stranger":
        given["address"] = on.stranger()
    health = on.chain.health(Expectation(**given), now_s=NOW_S)  # type: ignore[arg-type]  # a table
    assert health.trust is trust
    assert health.reason.startswith(word)
    assert health.tip is not None


@on_chains_with(Ability.LAG)
def test_a_node_behind_what_it_showed_may_only_show(on: Harness) -> None:
    height = on.height()
    on.lag(2)
    health = on.chain.health(Expectation(None, None, None, height), now_s=NOW_S)
    assert (health.trust, health.tip and health.tip.height) == (Trust.SHOW, height - 2)
