"""The last line of every test: the books equal the chain, to the last unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from db.findings import Break
from engine.chain import Chain, Scan, Unspent
from engine.reconciliation.reconciler import Reconciler
from engine.reconciliation.standing import BreakView, SumView, open_breaks, sums

if TYPE_CHECKING:
    from tests.engine.deposits.life import House

# What an honest world may bring about: shown to people, but no unit is missing or too many.
HONEST = frozenset({"unknown_arrival", "reorged", "negative_balance"})


class FromHere:
    """A chain without the coins that were there before the house: a shared node has a past that is
    none of a test's business."""

    def __init__(self, chain: Chain, started_at: int) -> None:
        self._chain = chain
        self._started_at = started_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    def coins(self, at: str) -> list[Unspent]:
        return [coin for coin in self._chain.coins(at) if coin.height > self._started_at]

    def scan(self, cursor: str | None) -> Scan:
        found = self._chain.scan(cursor)
        new = [a for a in found.arrivals if a.block is None or a.block.height > self._started_at]
        return replace(found, arrivals=tuple(new))

    def close(self) -> None:
        """The house goes on with it."""


def reconciler_of(house: House) -> Reconciler:
    """A reconciler that looks at the house for the first time."""
    chain = cast("Chain", FromHere(house.node, house.started_at))
    return Reconciler(house.config, house.symbol, lambda: chain)


def reconcile(house: House) -> tuple[SumView, list[BreakView]]:
    """Compare now and read everything; both sides of the sum, and the open breaks."""
    reason = reconciler_of(house).run(house.lease, house.hook, now=house.now, listing=True)
    assert reason == ""
    return last_sum(house), breaks(house)


def last_sum(house: House) -> SumView:
    (found,) = sums(house.config, [house.symbol])
    return found


def breaks(house: House) -> list[BreakView]:
    return list(open_breaks(house.config, [house.symbol], house.now))


def assert_reconciles(house: House, *, also: frozenset[str] = frozenset()) -> None:
    """After a whole round on a well node: the residual is exactly 0, no break is open but those
    that an honest world (and what the test does, `also`) brings, and nothing had to be cured."""
    found, opened = reconcile(house)
    assert found.residual == 0, (found, opened)
    assert (found.height, found.hash) == (house.chain_row.height, house.on.tip())
    strange = [each for each in opened if each.kind not in HONEST | also]
    assert not strange, strange
    cured = [row for row in Break.select() if row.closed_by in {"recheck", "recount"}]
    assert not cured, [(row.kind, row.subject, row.evidence) for row in cured]
