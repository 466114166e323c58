"""What can go wrong between an EVM chain that pays and our books, planted for real: each difference
has its name, what proves it, and a cure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from db.attempts import Attempt, Outflow
from db.findings import Break
from db.models import Coin, Payment
from engine import chains
from engine.chain import BlockRef
from engine.errors import TipMoved
from engine.folding import fold
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT
from engine.lifecycle import Batch
from engine.reconciliation.reconciler import REFUSED_MAX, Reconciler
from engine.sender.by_nonce import entries
from engine.sender.by_nonce.looks import Look
from engine.sender.doubted import NOT_ITS_BYTES
from tests.engine.approvals.people import People
from tests.engine.families.evm.life import ETHER
from tests.engine.reconciliation.paying import (
    OWN,
    assert_whole,
    closed_by,
    cure,
    funded,
    only,
    paid,
    shown,
)
from tests.engine.reconciliation.test_matching import change
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import MILLION
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


# --- what comes by itself ---


def test_a_coin_by_an_internal_call_to_the_hot_address_is_named(
    open_evm: OpenDesk, anvil: Anvil
) -> None:
    desk = funded(open_evm)
    splitter = deploy(anvil, "Splitter")
    splitter.send("pay", [desk.hot], wei=ETHER, gas=500_000)
    desk.mine(4)
    assert {each.kind for each in shown(desk)} <= {"unknown_arrival"}
    assert desk.residuals()["ETH"] == 0


def test_what_our_sends_moved_is_never_a_deposit(open_evm: OpenDesk) -> None:
    desk = funded(open_evm)
    before = Payment.select().where(Payment.kind == "deposit").count()
    paid(desk, 8)
    assert Payment.select().where(Payment.kind == "deposit").count() == before


def test_a_token_that_shrank_by_itself_is_a_named_difference(
    open_evm: OpenDesk, anvil: Anvil
) -> None:
    token = deploy(anvil, "RebasingToken")
    desk = open_evm(tokens={"USDT": token})
    desk.fund_house(OWN)
    desk.credit("ann", 5 * MILLION, token)
    token.send("rebase", 90)
    desk.mine(2)
    found = shown(desk)
    assert {each.kind for each in found} == {"amount_differs"}
    there = token.read("balanceOf", str(desk.deposit("ann").address))
    assert desk.residuals() == {"ETH": 0, "USDT": there - 5 * MILLION}


# --- rows that were changed or lost ---


@pytest.mark.parametrize("blocks", [1, 3])
def test_an_altered_amount_of_what_left_is_mended_by_two(
    open_evm: OpenDesk, people: People, blocks: int
) -> None:
    desk = funded(open_evm)
    paid(desk, blocks)
    change("UPDATE outflow SET units = ? WHERE idx = 'value'", str(ETHER - 5))
    found = only(desk)
    assert (found.kind, found.units) == ("amount_differs", -5)
    assert desk.residuals()["ETH"] == (-5 if blocks == 1 else 0)
    assert found.evidence["node"]["units"] == str(-ETHER)
    cure(desk, people, found)
    assert Outflow.get(Outflow.idx == "value").units == ETHER


def test_an_altered_fee_row_is_named_by_its_receipt(open_evm: OpenDesk, people: People) -> None:
    desk = funded(open_evm)
    paid(desk, 3)
    fee = int(desk.attempt().paid_units or 0)
    change("UPDATE outflow SET units = ? WHERE idx = 'gas'", str(fee + 5))
    found = shown(desk, full=True)
    assert "amount_differs" in {each.kind for each in found}
    assert desk.residuals()["ETH"] == 0
    (row,) = [each for each in found if each.kind == "amount_differs"]
    assert (row.units, row.evidence["node"]["units"]) == (5, str(-fee))
    cure(desk, people, row)


def test_an_altered_fee_of_an_attempt_is_written_again(open_evm: OpenDesk) -> None:
    desk = funded(open_evm)
    paid(desk, 3)
    fee = int(desk.attempt().paid_units or 0)
    change("UPDATE attempt SET paid_units = ?", str(fee * 2))
    assert shown(desk, full=True) == []
    assert (desk.attempt().paid_units, closed_by("state_lags")) == (fee, "recheck")


def test_a_fee_that_was_posted_wrongly_is_put_right_by_two(
    open_evm: OpenDesk, people: People
) -> None:
    desk = funded(open_evm)
    payment = paid(desk, 3)
    with Batch(desk.config, actor="engine", now=desk.now) as batch:
        batch.move(payment, "chain_fee", evidence={}, entry=entries.chain_fee(payment, 9))
    found = only(desk, full=True)
    assert (found.kind, found.subject, found.units) == ("fee_differs", payment.id, 9)
    assert desk.residuals()["ETH"] == 9
    assert found.evidence["node"]["outputs"][0] == str(ETHER)
    cure(desk, people, found)


@pytest.mark.parametrize("which", ["value", "gas"])
@pytest.mark.parametrize("blocks", [1, 3])
def test_a_lost_row_of_what_left_is_written_again(
    open_evm: OpenDesk, which: str, blocks: int
) -> None:
    desk = funded(open_evm)
    paid(desk, blocks)
    before = [(row.idx, row.units, row.height) for row in Outflow.select().order_by(Outflow.idx)]
    Outflow.delete().where(Outflow.idx == which).execute()
    assert shown(desk) == []
    after = [(row.idx, row.units, row.height) for row in Outflow.select().order_by(Outflow.idx)]
    assert after == before
    assert closed_by("missing_in_books") == "recount"


def test_an_altered_coin_of_a_deposit_is_named_beside_our_sends(
    open_evm: OpenDesk, people: People
) -> None:
    desk = funded(open_evm)
    paid(desk, 3)
    change("UPDATE coin SET units = ? WHERE account = 'wallet:hot'", str(OWN + 7))
    found = only(desk)
    assert (found.kind, found.units, desk.residuals()["ETH"]) == ("amount_differs", -7, 0)
    cure(desk, people, found)
    assert Coin.get(Coin.account == WALLET_HOT).units == OWN


def test_a_lost_coin_of_a_deposit_is_written_again_and_no_second_deposit(
    open_evm: OpenDesk,
) -> None:
    desk = funded(open_evm)
    paid(desk, 3)
    before = Payment.select().count()
    Coin.delete().where(Coin.account == WALLET_DEPOSITS).execute()
    desk.mine(2)
    assert shown(desk) == []
    assert (Payment.select().count(), closed_by("missing_in_books")) == (before, "recount")
    assert Coin.get(Coin.account == WALLET_DEPOSITS).units == 2 * ETHER


def test_a_lost_rest_of_what_was_folded_is_no_deposit(open_evm: OpenDesk) -> None:
    desk = funded(open_evm)
    paid(desk, 12)
    fold("ETH", desk.node.height(), desk.lease.guard)
    before = Payment.select().count()
    Coin.delete().where(Coin.payment.is_null()).execute()
    desk.mine(2)
    found = only(desk)
    assert (found.kind, desk.residuals()["ETH"]) == ("missing_in_books", 0)
    assert Payment.select().count() == before


def test_an_altered_rest_of_what_was_folded_is_named(open_evm: OpenDesk, people: People) -> None:
    desk = funded(open_evm)
    paid(desk, 12)
    assert fold("ETH", desk.node.height(), desk.lease.guard) == 2
    assert_whole(desk)
    change("UPDATE coin SET units = ? WHERE payment IS NULL", str(ETHER))
    found = only(desk)
    assert (found.kind, found.entry, desk.residuals()["ETH"]) == ("amount_differs", (), 0)
    cure(desk, people, found)
    assert desk.account(WALLET_HOT) == Coin.get(Coin.idx.startswith("rest:")).units


def test_an_altered_amount_of_a_withdrawal_is_named(open_evm: OpenDesk) -> None:
    desk = funded(open_evm)
    payment = paid(desk, 3)
    change("UPDATE payment SET units = ? WHERE id = ?", str(ETHER // 2), payment.id)
    found = only(desk, full=True)
    assert (found.kind, found.subject) == ("amount_differs", payment.id)
    assert desk.residuals()["ETH"] == 0


# --- sends ---


def test_a_send_of_which_nobody_knows_is_named_after_a_while(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    desk = funded(open_evm, on=own_anvil)
    desk.withdraw("ann", ETHER)
    desk.settle()
    own_anvil.drop(desk.attempt().txid)
    desk.paused["ETH"] = "a person stopped it"
    created = desk.attempt().created_at
    Attempt.update(created_at=created.replace("2026", "2025", 1)).execute()
    found = only(desk)
    assert (found.kind, found.units) == ("uncertain_send", -ETHER)


def test_a_send_whose_rows_were_changed_is_named_while_others_are_compared(
    open_evm: OpenDesk,
) -> None:
    desk = funded(open_evm)
    payment = paid(desk, 1)
    row = desk.attempt()
    change(f"UPDATE attempt SET nonce = 77 WHERE id = '{row.id}'")
    desk.mine(1)
    found = only(desk)
    assert (found.kind, found.subject, found.units) == ("amount_differs", row.id, -ETHER)
    assert found.evidence["because"] == NOT_ITS_BYTES
    assert desk.residuals()["ETH"] == 0
    change(f"UPDATE attempt SET nonce = {row.nonce} WHERE id = '{row.id}'")
    desk.mine(3)
    assert_whole(desk)
    assert desk.state_of(payment) == "credited"


def test_a_send_that_a_reorganisation_moved_is_the_same_one(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    desk = funded(open_evm, on=own_anvil)
    payment = paid(desk, 2)
    own_anvil.reorg(2)
    desk.settle()
    assert_whole(desk)
    assert desk.state_of(payment) == "pending"
    desk.mine(4)
    assert_whole(desk)
    assert desk.state_of(payment) == "credited"


def test_sends_that_are_not_followed_yet_are_no_difference(
    open_evm: OpenDesk, anvil: Anvil
) -> None:
    """The follower reached the block, and the node broke before the sender did."""
    desk = funded(open_evm)
    desk.withdraw("ann", ETHER)
    desk.settle()
    anvil.mine()
    desk.follower.step(desk.now)
    with pytest.raises(TipMoved, match="not followed"):
        desk.compare()
    later = desk.now + REFUSED_MAX
    assert "not followed" in desk.reconciler.run(desk.lease, None, now=later, listing=True)
    assert [row.kind for row in Break.select().where(Break.state == "open")] == ["node_unwell"]
    row = chains.state("ETH")
    assert desk.surplus.step(BlockRef(int(row.height), str(row.hash)), desk.now) == 0
    desk.settle()
    assert_whole(desk)


def test_rows_that_move_while_they_are_compared_are_compared_again(
    open_evm: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread folds between the two reads; what moves all the time is shown in the end."""
    desk = funded(open_evm)
    paid(desk, 12)
    read, folded = Reconciler._read, list[int]()

    def read_and_fold(self: Reconciler, now: datetime, *, full: bool) -> Any:
        found = read(self, now, full=full)
        folded.append(fold("ETH", desk.node.height(), desk.lease.guard))
        return found

    monkeypatch.setattr(Reconciler, "_read", read_and_fold)
    with pytest.raises(TipMoved, match="the books moved"):
        desk.compare()
    assert folded == [2]
    assert_whole(desk)


def test_a_send_that_is_deep_and_not_settled_lags_after_one_more_block(
    open_evm: OpenDesk, anvil: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = funded(open_evm)
    payment = paid(desk, 2)
    monkeypatch.setattr(Look, "is_deep", lambda *_: False)
    for kinds in ([], ["state_lags"]):
        anvil.mine()
        desk.step()
        assert [each.kind for each in shown(desk)] == kinds
    assert only(desk).subject == payment.id
    assert desk.residuals()["ETH"] == 0
    monkeypatch.undo()
    desk.mine()
    assert_whole(desk)
