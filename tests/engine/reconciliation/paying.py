"""A house on an EVM chain that pays, its breaks, and the two persons who cure them."""

from __future__ import annotations

from collections.abc import Sequence

from db.findings import Break
from db.models import Payment
from engine.reconciliation.standing import BreakView
from tests.engine.approvals.people import Bench, People
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import EvmDesk

OWN = 10 * ETHER


def funded(open_evm: OpenDesk, **more: object) -> EvmDesk:
    """A house with coins of its own, and a client who has some."""
    desk = open_evm(**more)
    desk.fund_house(OWN)
    desk.credit("ann", 2 * ETHER)
    return desk


def paid(desk: EvmDesk, blocks: int = 1) -> Payment:
    """A withdrawal, so many blocks deep."""
    payment = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(blocks)
    return desk.now_of(payment)


def shown(desk: EvmDesk, *, full: bool = False) -> list[BreakView]:
    """The open breaks, after a comparison."""
    reason = desk.reconciler.run(desk.lease, None, now=desk.now, listing=True, full=full)
    assert reason == ""
    return [each for each in desk.compare() if each.kind != "own_funds_negative"]


def only(desk: EvmDesk, *, full: bool = False) -> BreakView:
    (found,) = shown(desk, full=full)
    return found


def cure(desk: EvmDesk, people: People, broken: BreakView) -> None:
    """Two persons sign; nothing is wrong afterwards."""
    bench = Bench(people.join(desk.config), people, guard=desk.lease.guard)
    for by in ("ann", "ben"):
        state, result = bench.do("cure", by=by, now=desk.now, payment=broken.id)
        assert state == "done", result
    assert_whole(desk)


def assert_whole(desk: EvmDesk) -> None:
    assert shown(desk, full=True) == []
    assert set(desk.residuals().values()) == {0}


def closed_by(kind: str) -> str:
    (row,) = Break.select().where((Break.kind == kind) & (Break.state == "closed"))
    return str(row.closed_by)


def posted(broken: BreakView) -> Sequence[tuple[str, str, int]]:
    return sorted(broken.entry)
