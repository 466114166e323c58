"""Staff decide on held deposits and on coins of nobody; the books balance after each act."""

from __future__ import annotations

import json
from typing import Any

import pytest

from db.models import Approval, History, Payment
from engine import ledger
from tests.engine.approvals.coins import again, held_coin, nobodys_coin, small_coin
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, entries_of, events_of
from tests.engine.deposits.worlds import everywhere, on_the_fake

DONE = {"done": True, "signed": 1, "of": 1}


def house_units(house: House) -> int:
    return -ledger.balance(ledger.HOUSE, house.symbol)


def last_row(payment: Payment) -> History:
    row: History = History.get(History.hash == again(payment).last_hash)
    return row


@everywhere
def test_an_approved_deposit_is_credited_to_its_client_once(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    assert house.owed("CR1") == 0
    done = bench.do("approve", by="ben", payment=payment.id, now=house.now)
    assert done == ("done", {"act": "approve", **DONE})
    house.settle()
    assert again(payment).state == "credited"
    assert house.owed("CR1") == COIN
    assert entries_of(payment)[-1] == (f"suspense:{payment.id}", "client:CR1")
    with pytest.raises(Exception, match=r"is credited, not held: release by staff:ben at 20"):
        bench.do("approve", by="cleo", payment=payment.id, now=house.now)


@on_the_fake
def test_the_row_says_who_why_and_what_was_seen(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    bench.submit(form, now=house.now)
    row = last_row(payment)
    evidence = json.loads(row.evidence)
    assert (row.event, row.actor) == ("release", "staff:ben")
    seen = {k: v for k, v in form.items() if k not in {"v", "staff", "at", "nonce"}}
    assert evidence["seen"] == seen
    assert [each["nonce"] for each in evidence["approvals"]] == [form["nonce"]]
    assert evidence["approvals"][0]["role"] == "approver"
    assert (Approval.get().staff, Approval.get().subject) == ("ben", payment.id)


@everywhere
def test_a_refused_deposits_coins_stay_in_suspense(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    state, _ = bench.do("refuse", by="ann", payment=payment.id, reason="stolen", now=house.now)
    assert state == "done"
    house.settle()
    assert (again(payment).state, again(payment).reason) == ("refused", "stolen")
    assert house.owed("CR1") == 0
    assert ledger.balance(f"suspense:{payment.id}", house.symbol) == -COIN


@everywhere
def test_a_coin_of_nobody_is_booked_to_a_client(house: House, bench: Bench) -> None:
    payment = nobodys_coin(house)
    house.client("CR7")
    booked = bench.do("book", by="ann", payment=payment.id, account="client:CR7", now=house.now)
    assert booked == ("done", {"act": "book", **DONE})
    house.settle()
    assert house.owed("CR7") == COIN
    assert (again(payment).state, again(payment).client) == ("credited", "CR7")
    assert (last_row(payment).client, last_row(payment).event) == ("CR7", "book")


@everywhere
def test_a_coin_of_nobody_is_booked_to_the_house(house: House, bench: Bench) -> None:
    payment = nobodys_coin(house)
    bench.do("book", by="ann", payment=payment.id, account="house", now=house.now)
    house.settle()
    assert house_units(house) == COIN
    assert (again(payment).state, again(payment).client) == ("credited", None)


@on_the_fake
def test_a_booked_coin_that_dies_is_taken_back_from_whom_it_was_booked_to(
    house: House, bench: Bench
) -> None:
    payment = nobodys_coin(house)
    bench.do("book", by="ann", payment=payment.id, account="house", now=house.now)
    house.on.reorg(3, first=[house.on.double_spend(str(payment.txid))])
    house.settle()
    assert events_of(payment)[-2:] == ["book", "reverse"]
    assert house_units(house) == 0


@on_the_fake
def test_above_the_limit_it_takes_two_persons_to_book(
    open_house: OpenHouse, people: People
) -> None:
    house = open_house(book_above="0.5")
    bench = Bench(people.join(house.config), people, guard=house.lease.guard)
    payment, little = nobodys_coin(house), nobodys_coin(house, COIN // 2)
    to_house: dict[str, Any] = {"account": "house", "now": house.now}
    assert bench.do("book", by="ann", payment=little.id, **to_house)[1]["done"] is True
    first = bench.do("book", by="ann", payment=payment.id, **to_house)
    assert first == ("done", {"act": "book", "done": False, "signed": 1, "of": 2})
    house.step()
    assert (again(payment).state, house_units(house)) == ("held", COIN // 2)
    same = bench.do("book", by="ann", payment=payment.id, **to_house)
    assert same == ("refused", "ann has signed this already (1 of 2)")
    second = bench.do("book", by="ben", payment=payment.id, **to_house)
    assert second == ("done", {"act": "book", "done": True, "signed": 2, "of": 2})
    house.settle()
    assert house_units(house) == COIN + COIN // 2
    signers = [each["staff"] for each in json.loads(last_row(payment).evidence)["approvals"]]
    assert signers == ["ann", "ben"]


@on_the_fake
def test_signatures_for_different_accounts_do_not_add_up(
    open_house: OpenHouse, people: People
) -> None:
    house = open_house(book_above="0.5")
    bench = Bench(people.join(house.config), people, guard=house.lease.guard)
    payment = nobodys_coin(house)
    house.client("CR7")
    bench.do("book", by="ann", payment=payment.id, account="house", now=house.now)
    other = bench.do("book", by="ben", payment=payment.id, account="client:CR7", now=house.now)
    assert other == ("done", {"act": "book", "done": False, "signed": 1, "of": 2})
    assert again(payment).state == "held"


@on_the_fake
def test_a_coin_below_the_minimum_goes_to_its_client_or_the_house(
    open_house: OpenHouse, people: People
) -> None:
    house = open_house(deposit_minimum="0.1")
    bench = Bench(people.join(house.config), people, guard=house.lease.guard)
    first, second = small_coin(house), small_coin(house)
    house.client("CR7")
    with pytest.raises(Exception, match="an address of client CR1"):
        bench.form("book", by="ann", payment=first.id, account="client:CR7", now=house.now)
    bench.do("book", by="ann", payment=first.id, account="client:CR1", now=house.now)
    bench.do("book", by="ann", payment=second.id, account="house", now=house.now)
    house.settle()
    assert (house.owed("CR1"), house_units(house)) == (10, 10)


@on_the_fake
def test_what_an_act_cannot_do_is_said(house: House, bench: Bench) -> None:
    held, nobodys = held_coin(house), nobodys_coin(house)
    refusals = {
        ("approve", nobodys.id, None): "belongs to nobody",
        ("book", held.id, "house"): "belongs to client CR1",
        ("book", nobodys.id, "client:CR99"): "there is no client CR99",
        ("book", nobodys.id, "fees:service"): "booked to house or client:ID",
        ("book", nobodys.id, None): "booked to house or client:ID",
        ("refuse", held.id, None): "needs a reason",
        ("approve", "0" * 32, None): "no such payment",
        ("settle", held.id, None): "no act settle",
    }
    for (act, payment, account), words in refusals.items():
        with pytest.raises(Exception, match=words):
            bench.form(act, by="ben", payment=payment, account=account, now=house.now)


@on_the_fake
def test_nothing_is_released_while_its_coin_is_out_of_the_chain(house: House, bench: Bench) -> None:
    payment, nobodys = held_coin(house), nobodys_coin(house)
    approve = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    house.on.reorg(6)
    house.settle()
    assert again(payment).unsettled
    state, why = bench.submit(approve, now=house.now)
    assert state == "refused"
    assert "out of the chain" in why
    with pytest.raises(Exception, match="out of the chain"):
        bench.form("book", by="ann", payment=nobodys.id, account="house", now=house.now)
    assert house.owed("CR1") == 0


@on_the_fake
def test_nothing_is_released_while_the_node_is_sick(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    row = house.chain_row
    row.state, row.reason = "paused", "catching up"
    row.save()
    assert bench.submit(form, now=house.now) == (
        "refused",
        "crediting of LTC is paused: catching up",
    )


@on_the_fake
def test_a_payment_altered_in_the_database_is_not_released(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    house.client("CR9")
    Payment.update(client="CR9").where(Payment.id == payment.id).execute()
    with pytest.raises(Exception, match="not what its history says"):
        bench.form("approve", by="ben", payment=payment.id, now=house.now)
    Payment.update(client="CR1").where(Payment.id == payment.id).execute()
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    Payment.update(client="CR9").where(Payment.id == payment.id).execute()
    state, why = bench.submit(form, now=house.now)
    assert (state, "not what its history says" in why) == ("refused", True)
    Payment.update(client="CR1").where(Payment.id == payment.id).execute()
    assert house.owed("CR9") == 0
