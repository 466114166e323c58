"""Deposits that staff decided on bear what their client withdraws by the signatures of that
decision; a row that only says so pays nobody, though the coin is there."""

from __future__ import annotations

from dataclasses import replace

from db.models import Approval, Client, Payment
from engine import ledger
from engine.approvals.form import signed_bytes
from engine.clock import rfc3339
from engine.lifecycle import Batch
from engine.sender import proof
from tests.engine.approvals.coins import nobodys_coin
from tests.engine.approvals.people import Bench
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.sender.conftest import OpenDesk
from tests.engine.sender.desk import COIN, FEE, Desk


def _held(desk: Desk) -> Payment:
    """A deposit of ann's that came while she was blocked, and is held for good."""
    address = desk.address("ann")
    Client.update(blocked=True).where(Client.id == "ann").execute()
    desk.on.pay(address, 3 * COIN)
    desk.mine(3)
    Client.update(blocked=False).where(Client.id == "ann").execute()
    payment = desk.deposit("ann")
    assert payment.state == "held"
    return payment


def _forge(desk: Desk, payment: Payment, event: str, client: str) -> None:
    """What the engine writes after a person signed, by somebody who has the database alone."""
    entry = ledger.shift(
        event,
        desk.symbol,
        int(payment.units or 0),
        to=ledger.suspense_account(payment.id),
        out_of=ledger.client_account(client),
    )
    with Batch(desk.config, actor="staff:ben", now=desk.now) as batch:
        batch.move(payment, event, evidence={}, entry=entry, client=client, sub_state="")


def _assert_held(desk: Desk, forged: Payment) -> None:
    for _ in range(3):
        desk.step()
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert desk.attempts() == []


@on_the_fake
def test_a_coin_of_nobody_that_only_a_row_books_pays_nobody(desk: Desk, bench: Bench) -> None:
    assert bench.config.staff
    coin = nobodys_coin(desk, 3 * COIN)
    desk.client("mallory")
    _forge(desk, coin, "book", "mallory")
    _assert_held(desk, desk.withdraw("mallory", 2 * COIN))


@on_the_fake
def test_a_deposit_that_only_a_row_releases_pays_nobody(desk: Desk, bench: Bench) -> None:
    assert bench.config.staff
    _forge(desk, _held(desk), "release", "ann")
    _assert_held(desk, desk.withdraw("ann", 2 * COIN))


@on_the_fake
def test_a_signature_over_another_account_books_nothing(desk: Desk, bench: Bench) -> None:
    """The person signed for the house; the row gives it to somebody else."""
    coin = nobodys_coin(desk, 3 * COIN)
    desk.client("mallory")
    form = bench.form("book", by="ben", now=desk.now, payment=coin.id, account="house")
    Approval.create(
        nonce=form["nonce"],
        act="book",
        subject=coin.id,
        history_hash=coin.last_hash,
        staff="ben",
        body=signed_bytes(form).decode(),
        signature=bench.people.sign(form, by="ben"),
        placed_as="0" * 32,
        arrived_at=rfc3339(desk.now),
    )
    _forge(desk, coin, "book", "mallory")
    _assert_held(desk, desk.withdraw("mallory", 2 * COIN))


@on_the_fake
def test_what_staff_released_and_booked_is_paid_out(desk: Desk, bench: Bench) -> None:
    desk.reconciles = False  # suspense and clients are compared elsewhere
    held, coin = _held(desk), nobodys_coin(desk, 3 * COIN)
    desk.client("bob")
    assert bench.do("approve", by="ben", now=desk.now, payment=held.id)[0] == "done"
    booked = bench.do("book", by="ann", now=desk.now, payment=coin.id, account="client:bob")
    assert booked[0] == "done"
    desk.finish(desk.withdraw("ann", 2 * COIN), desk.withdraw("bob", 2 * COIN))


@on_the_fake
def test_a_booking_above_the_limit_takes_two_signatures(desk: Desk, bench: Bench) -> None:
    """One person signed, and a row says that it was carried out."""
    coin = nobodys_coin(desk, 3 * COIN)
    desk.client("bob")
    booked = bench.do("book", by="ben", now=desk.now, payment=coin.id, account="client:bob")
    assert booked == ("done", {"act": "book", "done": True, "signed": 1, "of": 1})
    limited = replace(desk.currency, book_above=COIN)
    desk.config = replace(desk.config, currencies={desk.symbol: limited})
    desk.restart()
    _assert_held(desk, desk.withdraw("bob", 2 * COIN))


@on_the_fake
def test_small_coins_that_made_up_a_sum_need_nobody(open_desk: OpenDesk) -> None:
    desk = open_desk(deposit_minimum="2", below_minimum="accumulate")
    desk.on.pay(desk.address("ann"), COIN + FEE)
    desk.mine(3)
    assert (desk.deposit("ann").state, desk.owed("ann")) == ("held", 0)
    desk.on.pay(str(desk.deposit("ann").address), COIN)
    desk.mine(3)
    desk.finish(desk.withdraw("ann", 2 * COIN))
