"""A forgery without a seam: histories, owners, postings and hashes all rewritten to fit each other.
Only the seals tell, and it pays nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from db.models import Balance, History, Payment
from engine.alerts.facts import find
from engine.audit import seals
from engine.audit.database import verify_database
from engine.audit.keys import SealKey, load_or_create
from engine.audit.sealed import CHANGED, SealedHistory
from engine.history import row_hash, row_of
from engine.sender import proof
from engine.sender.proof import Proof
from tests.engine.audit.tampering import drop_guards, rewrite, sql, tamper
from tests.engine.deposits.books import assert_books_balance
from tests.engine.deposits.life import POLL
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.fake import FakeChain


@pytest.fixture
def key(desk: Desk) -> SealKey:
    """The audit key of this engine."""
    made = load_or_create(desk.config.audit_key)
    desk.restart()
    return made


def seal(desk: Desk, key: SealKey) -> None:
    assert seals.seal(now=desk.now, key=key)


def give(payment: Payment, *, to: str) -> None:
    """Make it somebody else's, with everything that tells whose it is."""
    owner = str(payment.client)

    def change(row: dict[str, Any]) -> None:
        row["client"] = to
        for line in row["evidence"].get("entry", ()):
            line[0] = line[0].replace(f"client:{owner}", f"client:{to}")

    rewrite(payment, change)
    sql("UPDATE payment SET client = ? WHERE id = ?", to, payment.id)
    sql("UPDATE address SET client = ? WHERE address = ?", to, payment.address)
    sql(
        "UPDATE posting SET account = ? WHERE account = ? AND entry IN"
        " (SELECT seq FROM history WHERE payment = ?)",
        f"client:{to}",
        f"client:{owner}",
        payment.id,
    )


def copy(original: Payment, *, to: str) -> None:
    """Another payment that says the same coin came for somebody else."""
    drop_guards()
    sql("DROP INDEX payment_arrival")
    made = "ab" * 16
    values = {**original.__data__, "id": made, "client": to, "first_seq": 10_000}
    prev, seq = made, 10_000
    for record in list(
        History.select().where(History.payment == original.id).order_by(History.seq)
    ):
        seq += 1
        copied = {**record.__data__, "payment": made, "client": to, "prev": prev, "seq": seq}
        copied["evidence"] = record.evidence.replace(f"client:{original.client}", f"client:{to}")
        fresh = History(**copied)
        prev = copied["hash"] = row_hash(row_of(fresh))
        History.insert(**copied).execute()
    Payment.insert(**{**values, "last_hash": prev}).execute()


def settle_balances(**units: int) -> None:
    """Kept balances that fit the postings again."""
    for name, each in units.items():
        Balance.delete().where(Balance.account == f"client:{name}").execute()
        Balance.create(account=f"client:{name}", currency="LTC", units=-each)


def is_believed_without_seals(desk: Desk, payment: Payment) -> bool:
    """Whether all the other proofs take the forgery for the truth: rows, chains, entries, books
    and what the sender asks of them."""
    assert_books_balance()
    flaws = [str(flaw) for flaw in verify_database().problems]
    assert [flaw for flaw in flaws if not flaw.startswith("seal 1 does not hold rows")] == []
    blind = Proof(desk.node, SealedHistory(()))
    row = Payment.get_by_id(payment.id)
    blind.begin([row], "tip")
    return blind.flaw(row) is None


def kinds(desk: Desk) -> set[str]:
    """What staff are told."""
    return {fact.kind for fact in find(desk.config, desk.now)}


@on_the_fake
def test_a_deposit_that_was_given_to_somebody_else_pays_nobody(
    desk: Desk, fake: FakeChain, key: SealKey
) -> None:
    """Found at once, whenever all the other rows were looked at last."""
    desk.fund("ann", 5 * COIN)
    desk.fund("bob", 2 * COIN)
    desk.client("mallory")
    seal(desk, key)
    desk.withdraw("bob", COIN)
    desk.rounds(1, after=POLL)
    sent = list(fake.sent)
    drop_guards()
    give(desk.deposit("ann"), to="mallory")
    settle_balances(ann=0, mallory=5 * COIN)
    forged = desk.withdraw("mallory", 3 * COIN)
    assert is_believed_without_seals(desk, forged)
    desk.rounds(1, after=timedelta(seconds=1))
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_SEALS)
    assert fake.sent == sent
    assert "payment_unproved" in kinds(desk)


@on_the_fake
def test_a_debit_that_was_given_to_somebody_else_stops_all_sending_until_it_is_back(
    desk: Desk, fake: FakeChain, key: SealKey
) -> None:
    """Nobody reads the rows of the other one: the look at all that was sealed finds it."""
    desk.fund("mallory", 5 * COIN)
    desk.client("bob")
    spent = desk.withdraw("mallory", 4 * COIN)
    desk.finish(spent)
    seal(desk, key)
    drop_guards()
    mallory = {row.seq: dict(row.__data__) for row in History.select()}
    give(desk.now_of(spent), to="bob")
    sent = list(fake.sent)
    settle_balances(mallory=5 * COIN)
    forged = desk.withdraw("mallory", 4 * COIN)
    assert desk.now_of(forged).state == "requested"
    blind = Proof(desk.node, SealedHistory(()))
    blind.begin([forged], "tip")
    assert blind.flaw(forged) is None
    desk.rounds(1)
    row = desk.now_of(forged)
    assert (row.state, row.sub_state, row.reason) == ("requested", "waiting", CHANGED)
    assert fake.sent == sent
    assert "history_changed" in kinds(desk)
    for seq, values in mallory.items():
        names = ("client", "evidence", "prev", "hash")
        marks = ", ".join(f"{name} = ?" for name in names)
        sql(f"UPDATE history SET {marks} WHERE seq = ?", *(values[n] for n in names), seq)
    sql(
        "UPDATE payment SET client = 'mallory', last_hash = ? WHERE id = ?",
        mallory[max(s for s, v in mallory.items() if v["payment"] == spent.id)]["hash"],
        spent.id,
    )
    desk.rounds(1)
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert fake.sent == sent


@on_the_fake
def test_seals_of_another_key_over_a_forgery_pay_nobody(
    desk: Desk, fake: FakeChain, key: SealKey
) -> None:
    desk.fund("ann", 5 * COIN)
    desk.client("mallory")
    seal(desk, key)
    drop_guards()
    give(desk.deposit("ann"), to="mallory")
    settle_balances(ann=0, mallory=5 * COIN)
    tamper("DELETE FROM seal")
    seals.seal(now=desk.now, key=load_or_create(desk.config.folder / "of-a-thief"))
    forged = desk.withdraw("mallory", 3 * COIN)
    assert is_believed_without_seals(desk, forged)
    desk.rounds(4)
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("requested", CHANGED)
    assert fake.sent == []


@on_the_fake
@pytest.mark.parametrize("owner", [{}, {"kind": "transfer", "client": None}])
def test_a_copy_of_somebody_s_deposit_bears_nothing(
    desk: Desk, fake: FakeChain, key: SealKey, owner: dict[str, object]
) -> None:
    """Fresh rows are under no seal; but the coin has an owner already, a client or the house."""
    desk.fund("ann", 5 * COIN)
    desk.client("mallory")
    seal(desk, key)
    original = desk.deposit("ann")
    copy(original, to="mallory")
    settle_balances(mallory=5 * COIN)
    if owner:
        Payment.update(**owner).where(Payment.id == original.id).execute()
    forged = desk.withdraw("mallory", 3 * COIN)
    desk.rounds(4)
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert fake.sent == []


@on_the_fake
def test_a_copy_bears_nothing_though_the_coin_is_remembered_for_its_owner(
    desk: Desk, fake: FakeChain, key: SealKey
) -> None:
    """The node has just shown it, and is not asked again."""
    desk.fund("ann", 5 * COIN, 6 * COIN)
    desk.fund("bob", 9 * COIN)
    desk.client("mallory")
    seal(desk, key)
    desk.withdraw("ann", 10 * COIN)
    desk.rounds(1, after=POLL)
    sent = list(fake.sent)
    assert sent
    copy(desk.deposits("ann")[0], to="mallory")
    settle_balances(mallory=5 * COIN)
    forged = desk.withdraw("mallory", COIN)
    desk.rounds(1, after=POLL)
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert fake.sent == sent


@on_the_fake
def test_a_coin_on_an_address_that_was_given_to_somebody_else_pays_nobody(
    desk: Desk, fake: FakeChain, key: SealKey
) -> None:
    """One cell is changed before a second coin comes, which the engine then credits itself."""
    desk.fund("ann", 5 * COIN)
    desk.client("mallory")
    seal(desk, key)
    address = desk.deposit("ann").address
    sql("UPDATE address SET client = 'mallory' WHERE address = ?", address)
    desk.on.pay(str(address), 4 * COIN)
    desk.mine(3)
    assert desk.owed("mallory") == 4 * COIN
    forged = desk.withdraw("mallory", 3 * COIN)
    desk.rounds(4)
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert fake.sent == []


@on_the_fake
def test_honest_payments_go_on_between_seals(desk: Desk, key: SealKey) -> None:
    desk.fund("ann", 5 * COIN)
    seal(desk, key)
    first = desk.withdraw("ann", COIN)
    desk.finish(first)
    seal(desk, key)
    second = desk.withdraw("ann", COIN)
    desk.finish(first, second)
