"""Sends of which a real node cannot tell what became of them, answered by two persons."""

from __future__ import annotations

import pytest

from engine.reconciliation.standing import BreakView
from engine.sender.by_nonce.settle import PAID_UNKNOWN, UNCLEAR
from tests.engine.approvals.conftest import people
from tests.engine.approvals.people import Bench, People
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import MILLION, EvmDesk
from tests.engine.sender.by_nonce.unsure import LONG, SOON
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy, runtime

__all__ = ["people"]

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def _found(desk: EvmDesk) -> list[BreakView]:
    desk.reconciler.hear(desk.sender.questions)
    return [each for each in desk.compare() if each.kind != "own_funds_negative"]


def _answer(desk: EvmDesk, bench: Bench, outcome: str) -> None:
    desk.step(after=LONG)
    (broken,) = [each for each in _found(desk) if each.kind == "uncertain_send"]
    for by in ("ann", "ben"):
        state, said = bench.do("cure", by=by, now=desk.now, payment=broken.id, outcome=outcome)
        assert state == "done", said
    desk.step(after=SOON)
    desk.settle()


def test_a_log_of_what_never_happened_is_answered(
    open_evm: OpenDesk, anvil: Anvil, people: People
) -> None:
    token = deploy(anvil, "Good")
    desk = open_evm(tokens={"USDT": token})
    bench = Bench.staffed(desk, people)
    desk.fund_house(10 * ETHER, tokens={"USDT": token})
    desk.credit("ann", 5 * MILLION, token)
    paid = desk.withdraw("ann", 4 * MILLION, currency="USDT", fee=0)
    desk.settle()
    desk.node.set_code(token.address, runtime("LiarToken"))
    desk.mine(8)
    assert desk.shown(paid) == ("pending", "", UNCLEAR)
    _answer(desk, bench, "not_paid")
    assert (desk.state_of(paid), desk.owed("ann", "USDT")) == ("failed", 5 * MILLION)
    assert len(desk.attempts()) == 1
    assert _found(desk) == []
    assert set(desk.residuals().values()) == {0}


def test_a_forgotten_replacement_is_booked_with_what_its_receipt_says(
    open_evm: OpenDesk, people: People
) -> None:
    desk = open_evm()
    bench = Bench.staffed(desk, people)
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.replace_unknown()
    desk.mine(8)
    assert desk.shown(paid) == ("pending", "", PAID_UNKNOWN)
    _answer(desk, bench, "paid")
    assert desk.state_of(paid) == "credited"
    assert desk.account("fees:network") == desk.attempts()[-1].paid_units
    assert _found(desk) == []
    assert set(desk.residuals().values()) == {0}
    again = desk.withdraw("ann", ETHER // 2)
    desk.settle()
    desk.mine(8)
    assert desk.state_of(again) == "credited"
    desk.assert_paid_once(paid, again)
