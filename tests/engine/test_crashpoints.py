"""Clients who pay and withdraw while their engine dies at every point of it, on real nodes.

Cases 60, 70 and 91: after each death another engine asks the chain, and in the end there is exactly
one payment for each wish and one credit for each coin, and books and chain agree to the last unit.
"""

from __future__ import annotations

import pytest

from engine import crashpoints
from tests.engine.conftest import OpenEvmWorld, OpenWorld
from tests.engine.deaths import die_at_every_point

LONG_SEEDS = 24


_LONG = [pytest.param("sqlite", seed, marks=pytest.mark.long) for seed in range(LONG_SEEDS)]
_POSTGRES = pytest.mark.postgres


def _tried(*seeds: object) -> pytest.MarkDecorator:
    """These databases and seeds, and in the long run many more."""
    return pytest.mark.parametrize(
        ("database_url", "seed"), [*seeds, *_LONG], indirect=["database_url"]
    )


@pytest.mark.node
@_tried(("sqlite", 60), ("sqlite", 91), pytest.param("postgresql", 60, marks=_POSTGRES))
def test_no_death_pays_twice_or_loses_anything(open_world: OpenWorld, seed: int) -> None:
    die_at_every_point(open_world(seed), seed)


@pytest.mark.node
@_tried(("sqlite", 60), pytest.param("postgresql", 60, marks=[_POSTGRES, pytest.mark.long]))
def test_no_death_takes_a_number_twice_or_leaves_one_out(
    open_evm_world: OpenEvmWorld, seed: int
) -> None:
    die_at_every_point(open_evm_world(seed), seed)


def test_points_are_of_no_account_where_coins_are_worth_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(crashpoints.VARIABLE, "store.after")
    crashpoints.reach("store.after", sandbox=False)
    crashpoints.reach("store.before", sandbox=True)
