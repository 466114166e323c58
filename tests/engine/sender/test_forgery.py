"""What a stolen database can write, and that it pays nobody: design.md section 6, rule 11.

Triggers guard the append-only tables; whoever has the database drops them first.
"""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from db.models import Balance, Coin, History, Payment
from engine.alerts.facts import FLAWS
from engine.history import record_hash, row_hash, row_of
from engine.sender import proof
from tests.engine.audit.tampering import drop_guards, rewrite, sql
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.sender.desk import COIN, FEE, Desk
from tests.nodes.fake import FakeChain


def _copy(payment: Payment, **changes: object) -> str:
    """A payment row that nobody asked for; its id."""
    made = secrets.token_hex(16)
    values = {**payment.__data__, "id": made, **changes}
    values["first_seq"] = int(Payment.select().count()) + 10_000
    names = list(values)
    marks = ", ".join("?" * len(names))
    sql(
        f"INSERT INTO payment ({', '.join(names)}) VALUES ({marks})",
        *[_plain(name, value) for name, value in values.items()],
    )
    return made


def _plain(name: str, value: object) -> object:
    if name in {"units", "fee_units"}:
        return None if value is None else str(value)
    return int(value) if isinstance(value, bool) else value


def _assert_held(desk: Desk, fake: FakeChain, payment: str, reason: str) -> None:
    desk.rounds(4)
    row = Payment.get_by_id(payment)
    assert (row.state, row.reason) == ("held", reason)
    assert fake.sent == []
    assert desk.attempts() == []


@pytest.fixture
def asked(desk: Desk) -> Payment:
    """A withdrawal of 2 of 5 coins that is about to be paid."""
    desk.fund("ann", 5 * COIN)
    return desk.withdraw("ann", 2 * COIN)


@on_the_fake
def test_a_row_without_a_history_pays_nobody(desk: Desk, fake: FakeChain, asked: Payment) -> None:
    Payment.update(state="refused").where(Payment.id == asked.id).execute()
    forged = _copy(asked, address=desk.on.stranger())
    Payment.update(final=True).where(Payment.id == asked.id).execute()
    _assert_held(desk, fake, forged, proof.UNPROVED_HISTORY)


@on_the_fake
@pytest.mark.parametrize(
    "change",
    [
        {"address": "other1thief"},
        {"units": 4 * COIN},
        {"fee_units": 0},
        {"client": "bob"},
    ],
)
def test_an_altered_row_pays_nobody(
    desk: Desk, fake: FakeChain, asked: Payment, change: dict[str, object]
) -> None:
    """Case 85: address, amount, fee, owner and kind are those of the request."""
    Payment.update(**change).where(Payment.id == asked.id).execute()
    _assert_held(desk, fake, asked.id, proof.UNPROVED_AMOUNT)


@on_the_fake
def test_an_altered_history_pays_nobody(desk: Desk, fake: FakeChain, asked: Payment) -> None:
    drop_guards()
    sql("UPDATE history SET reason = 'altered' WHERE payment = ?", asked.id)
    _assert_held(desk, fake, asked.id, proof.UNPROVED_HISTORY)


@on_the_fake
def test_a_payment_put_back_to_its_beginning_is_not_paid_again(
    desk: Desk, fake: FakeChain, asked: Payment
) -> None:
    """What was stored is followed, whatever its payment's row says."""
    desk.settle()
    assert desk.state_of(asked) == "pending"
    sql(
        "UPDATE payment SET state = 'requested', attempt = NULL, txid = NULL, idx = NULL"
        " WHERE id = ?",
        asked.id,
    )
    desk.rounds(4)
    assert len(set(fake.sent)) == len(desk.attempts()) == 1


@on_the_fake
def test_what_was_signed_is_not_signed_again_because_a_row_forgot_it(
    desk: Desk, fake: FakeChain
) -> None:
    """The state fits the history, and yet its history says that bytes of it are somewhere."""
    desk.fund("ann", 5 * COIN, 6 * COIN)
    fake.refuses = "-26 too-long-mempool-chain"
    later = desk.withdraw("ann", COIN)
    desk.step()
    desk.step()
    signed = set(fake.sent)
    sql("UPDATE payment SET attempt = NULL WHERE id = ?", later.id)
    desk.rounds(4)
    row = desk.now_of(later)
    assert (row.state, row.reason) == ("held", proof.SIGNED_BEFORE)
    assert set(fake.sent) == signed


@on_the_fake
def test_a_balance_that_no_deposit_bears_pays_nobody(desk: Desk, fake: FakeChain) -> None:
    desk.fund("ann", 5 * COIN)
    desk.client("mallory")
    Balance.create(account="client:mallory", currency="LTC", units=-9 * COIN)
    forged = desk.withdraw("mallory", 3 * COIN)
    _assert_held(desk, fake, forged.id, proof.UNPROVED_BALANCE)


@on_the_fake
def test_a_deposit_that_the_node_does_not_show_pays_nobody(desk: Desk, fake: FakeChain) -> None:
    """Its amount raised everywhere, its history rehashed: the node's coin is what it was."""
    desk.fund("ann", 5 * COIN)
    drop_guards()
    deposit = desk.deposit("ann")

    def tenfold(row: dict[str, Any]) -> None:
        for line in row["evidence"].get("entry", ()):
            line[2] += "0"

    rewrite(deposit, tenfold)
    sql("UPDATE payment SET units = ? WHERE id = ?", str(50 * COIN), deposit.id)
    Balance.update(units=-50 * COIN).where(Balance.account == "client:ann").execute()
    Coin.update(units=50 * COIN).execute()
    forged = desk.withdraw("ann", 4 * COIN)
    _assert_held(desk, fake, forged.id, proof.UNPROVED_BALANCE)


@on_the_fake
def test_a_refund_of_what_was_never_debited_pays_nobody(desk: Desk, fake: FakeChain) -> None:
    """Rows that only say that something was given back, hashed as they should be."""
    desk.fund("ann", 5 * COIN)
    desk.fund("mallory", COIN)
    spent = desk.withdraw("mallory", COIN // 2)
    desk.settle()
    desk.mine(3)
    drop_guards()

    def backwards(row: dict[str, Any]) -> None:
        for line in row["evidence"].get("entry", ()):
            if line[0] == "client:mallory":
                line[2] = str(-4 * COIN)

    rewrite(spent, backwards)
    Balance.update(units=-4 * COIN).where(Balance.account == "client:mallory").execute()
    sent = list(fake.sent)
    forged = desk.withdraw("mallory", 3 * COIN)
    desk.rounds(4)
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert fake.sent == sent


@on_the_fake
def test_one_coin_bears_only_once(desk: Desk, fake: FakeChain) -> None:
    desk.fund("ann", 5 * COIN)
    sql("DROP INDEX payment_arrival")
    drop_guards()
    deposit = desk.deposit("ann")
    twin = _copy(deposit)
    prev = twin
    for record in list(History.select().where(History.payment == deposit.id)):
        row = {**row_of(record), "payment": twin, "prev": prev}
        row["seq"] = int(row["seq"]) + 20_000
        prev = row["hash"] = row_hash(row)
        History.insert(
            **{
                **record.__data__,
                "seq": row["seq"],
                "payment": twin,
                "prev": row["prev"],
                "hash": row["hash"],
            }
        ).execute()
    sql("UPDATE payment SET last_hash = ? WHERE id = ?", prev, twin)
    Balance.update(units=-10 * COIN).where(Balance.account == "client:ann").execute()
    forged = desk.withdraw("ann", 6 * COIN, fee=FEE)
    _assert_held(desk, fake, forged.id, proof.UNPROVED_BALANCE)


@on_the_fake
@pytest.mark.parametrize("evidence", ["{", "[]", '{"entry":7}', '{"entry":[["a","b","c"]]}'])
@pytest.mark.parametrize("of", ["withdrawal", "deposit"])
def test_a_history_that_cannot_be_read_holds_up_nobody_else(
    desk: Desk, fake: FakeChain, asked: Payment, evidence: str, of: str
) -> None:
    """Its hash fits: whoever wrote it can compute that, too."""
    drop_guards()
    payment = asked if of == "withdrawal" else desk.deposit("ann")
    record = History.get(History.hash == desk.now_of(payment).last_hash)
    record.evidence = evidence
    made = record_hash(record.__data__)
    sql("UPDATE history SET evidence = ?, hash = ? WHERE seq = ?", evidence, made, record.seq)
    sql("UPDATE payment SET last_hash = ? WHERE id = ?", made, payment.id)
    desk.on.pay(desk.address("bob"), 3 * COIN)
    desk.on.mine(3)
    desk.rounds(4)
    good = desk.withdraw("bob", COIN)
    desk.rounds(4)
    assert (desk.state_of(asked), desk.state_of(good)) == ("held", "pending")
    assert desk.now_of(asked).reason in FLAWS
    assert len(set(fake.sent)) == 1


@on_the_fake
def test_an_honest_neighbour_is_paid_all_the_same(desk: Desk, fake: FakeChain) -> None:
    desk.fund("ann", 5 * COIN)
    desk.fund("bob", 3 * COIN)
    asked = desk.withdraw("ann", 2 * COIN)
    Payment.update(units=4 * COIN).where(Payment.id == asked.id).execute()
    good = desk.withdraw("bob", COIN)
    desk.rounds(4)
    assert (desk.state_of(asked), desk.state_of(good)) == ("held", "pending")
    assert len(set(fake.sent)) == 1
