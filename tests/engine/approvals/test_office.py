"""A stolen or altered database releases nothing: only a current key of the right person does."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from db.connection import connected
from db.models import Approval, Order, Payment
from engine import orders
from engine.approvals.form import FIELDS, signature_hash
from engine.approvals.openssh import namespace
from engine.errors import LeaseLost
from tests.engine.approvals.coins import again, held_coin, nobodys_coin
from tests.engine.approvals.people import Bench, People, make_key
from tests.engine.deposits.books import assert_books_balance
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, rows_written
from tests.engine.deposits.worlds import on_the_fake
from tests.nodes.ports import PATIENCE_S

MINUTE = timedelta(minutes=1)


def assert_nothing_moved(payment: Payment) -> None:
    assert again(payment).state == "held"
    assert Approval.select().count() == 0
    assert_books_balance()


@on_the_fake
def test_a_signature_covers_every_field(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    house.client("CR9")
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    signature = bench.people.sign(form, by="ben")
    other = {
        "client": "CR9",
        "units": "1",
        "address": "elsewhere",
        "currency": "BTC",
        "network": "main",
        "entry_hash": "0" * 64,
        "history_hash": "0" * 64,
        "at": "2026-11-22T12:00:01.000000Z",
    }
    for field, value in other.items():
        order = bench.place({**form, field: value}, signature, now=house.now)
        state, why = bench.carry_out(order, house.now)
        assert (state, "not one of ben over this order" in why) == ("refused", True), field
    assert_nothing_moved(payment)


@on_the_fake
def test_what_was_signed_must_be_what_would_be_done(house: House, bench: Bench) -> None:
    """A desk that was deceived shows and signs another sum: the engine finds the difference."""
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    other = {"client": "CR9", "units": "1", "network": "main", "entry_hash": "0" * 64}
    for field, value in other.items():
        state, why = bench.submit({**form, field: value}, now=house.now)
        assert (state, why.startswith(f"{field} changed since you looked")) == ("refused", True)
    assert_nothing_moved(payment)


@on_the_fake
def test_a_field_left_out_or_added_is_found(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    shorter = {name: value for name, value in form.items() if name != "units"}
    for body in (shorter, {**form, "fee_units": "1"}, {**form, "account": "house"}):
        state, why = bench.submit(body, now=house.now)
        assert (state, "changed since you looked" in why) == ("refused", True)
    assert_nothing_moved(payment)


@on_the_fake
def test_another_persons_key_signs_nothing(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    assert bench.submit(form, now=house.now, key="cleo")[0] == "refused"
    assert bench.submit(form, now=house.now, key="ann")[0] == "refused"
    assert_nothing_moved(payment)


@on_the_fake
def test_a_signature_for_another_installation_or_purpose_is_worth_nothing(
    house: House, bench: Bench
) -> None:
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    for space in (namespace(secrets.token_hex(16)), "file", "git", "cashier"):
        signature = bench.people.sign(form, by="ben", space=space)
        assert bench.carry_out(bench.place(form, signature, now=house.now), house.now)[0] == (
            "refused"
        )
    assert_nothing_moved(payment)


@on_the_fake
def test_a_signature_is_good_for_fifteen_minutes_and_once(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    now = house.now
    refusals = {
        now - 15 * MINUTE - timedelta(seconds=1): "more than 15 minutes ago",
        now + MINUTE + timedelta(seconds=1): "signed in the future",
    }
    for at, words in refusals.items():
        form = bench.form("approve", by="ben", payment=payment.id, now=at)
        state, why = bench.submit(form, now=now)
        assert (state, words in why) == ("refused", True)
    assert_nothing_moved(payment)
    form = bench.form("approve", by="ben", payment=payment.id, now=now - 15 * MINUTE)
    assert bench.submit(form, now=now)[0] == "done"
    assert bench.submit(form, now=now) == ("refused", "this signature was used already")
    house.step()


@on_the_fake
def test_a_replayed_note_is_not_written_twice(house: House, bench: Bench) -> None:
    """Its payment has not moved meanwhile, so the nonce alone tells."""
    payment = held_coin(house)
    form = bench.form("note", by="ann", payment=payment.id, reason="called them", now=house.now)
    assert bench.submit(form, now=house.now)[0] == "done"
    before = rows_written()
    assert bench.submit(form, now=house.now) == ("refused", "this signature was used already")
    assert rows_written() == before


@on_the_fake
def test_a_role_does_only_what_it_may(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    for name, act in (("sue", "approve"), ("aud", "approve"), ("ann", "approve"), ("sue", "note")):
        more = {"reason": "x"} if act == "note" else {}
        form = bench.form(act, by=name, payment=payment.id, now=house.now, **more)
        state, why = bench.submit(form, now=house.now)
        assert (state, why.startswith(f"{name} is ")) == ("refused", True)
    assert_nothing_moved(payment)


@on_the_fake
def test_a_key_counts_between_its_dates_only(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    day = timedelta(days=1)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    for dates in ({"until": house.now}, {"from": house.now + day}, {"until": house.now - day}):
        row = bench.people.row("ben", **dates)
        bench.config = replace(bench.config, staff=(row,))
        assert bench.submit(form, now=house.now) == ("refused", "no key of ben is in force now")
    bench.config = replace(bench.config, staff=())
    assert bench.submit(form, now=house.now) == ("refused", "cashier.toml names no staff ben")
    assert_nothing_moved(payment)


@on_the_fake
def test_a_rotated_key_signs_on(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    new = bench.people.folder / "ben-new"
    old_row = bench.people.row("ben", until=house.now)
    new_key = new.with_suffix(".pub").read_text() if new.exists() else make_key(new)
    new_row = bench.people.row("ben", **{"key": new_key, "from": house.now})
    bench.config = replace(bench.config, staff=(old_row, new_row))
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    assert bench.submit(form, now=house.now)[0] == "refused"
    assert bench.submit(form, now=house.now, key="ben-new")[0] == "done"


@pytest.fixture
def pair(open_house: OpenHouse, people: People) -> tuple[House, Bench, Payment]:
    """A coin of nobody that takes two persons to book; ann has signed."""
    house = open_house(book_above="0")
    bench = Bench(people.join(house.config), people, guard=house.lease.guard)
    payment = nobodys_coin(house)
    form = bench.form("book", by="ann", payment=payment.id, account="house", now=house.now)
    assert bench.submit(form, now=house.now)[1]["signed"] == 1
    return house, bench, payment


def second(house: House, bench: Bench, payment: Payment) -> Any:
    return bench.do("book", by="ben", payment=payment.id, account="house", now=house.now)[1]


@on_the_fake
@pytest.mark.parametrize("ends", [{"until": "2026-01-01"}, None])
def test_a_key_that_ended_or_went_voids_its_unspent_signature(
    pair: tuple[House, Bench, Payment], ends: dict[str, str] | None
) -> None:
    house, bench, payment = pair
    staff = [bench.people.row("ben")] + ([] if ends is None else [bench.people.row("ann", **ends)])
    bench.config = replace(bench.config, staff=tuple(staff))
    assert second(house, bench, payment) == {"act": "book", "done": False, "signed": 1, "of": 2}
    assert again(payment).state == "held"
    house.step()


@on_the_fake
def test_two_who_work_at_payments_are_not_enough(
    pair: tuple[House, Bench, Payment], people: People
) -> None:
    """Where two must sign, one of them is an approver: the first signature waits for one."""
    house, bench, payment = pair
    staff = [
        people.row("ben", role="payments") if row.name == "ben" else row
        for row in bench.config.staff
    ]
    bench.config = replace(bench.config, staff=tuple(staff))
    booking = {"payment": payment.id, "account": "house"}
    state, words = bench.do("book", by="ben", now=house.now, **booking)
    assert (state, "must be an approver" in words) == ("refused", True)
    state, result = bench.do("book", by="cleo", now=house.now, **booking)
    assert (state, result["done"], result["signed"]) == ("done", True, 2)


@on_the_fake
def test_a_forged_row_counts_for_nobody(pair: tuple[House, Bench, Payment]) -> None:
    house, bench, payment = pair
    first = Approval.get()
    body = json.loads(first.body)
    forged = [
        {**body, "staff": "cleo", "nonce": "1" * 32},
        {**body, "staff": "nobody", "nonce": "2" * 32},
        {**body, "nonce": "3" * 32, "units": "1"},
    ]
    for form in forged:
        row = dict(first.__data__) | {"nonce": form["nonce"], "body": json.dumps(form)}
        Approval.insert({**row, "staff": form["staff"]}).execute()
    junk = dict(first.__data__) | {"nonce": "4" * 32, "body": "[", "signature": ""}
    Approval.insert(junk).execute()
    again_by_ann = bench.do("book", by="ann", payment=payment.id, account="house", now=house.now)
    assert again_by_ann == ("refused", "ann has signed this already (1 of 2)")
    assert again(payment).state == "held"
    assert second(house, bench, payment)["done"] is True
    house.step()


@on_the_fake
def test_a_payment_that_moved_voids_what_was_signed(pair: tuple[House, Bench, Payment]) -> None:
    house, bench, payment = pair
    form = bench.form("book", by="ben", payment=payment.id, account="house", now=house.now)
    house.on.reorg(3)
    house.settle()
    state, why = bench.submit(form, now=house.now)
    assert state == "refused"
    assert "out of the chain" in why
    house.on.mine(4)
    house.settle()
    state, why = bench.submit(form, now=house.now)
    assert state == "refused"
    assert why.startswith("it moved since you looked: settle by engine at 2026-")
    assert second(house, bench, payment) == {"act": "book", "done": False, "signed": 1, "of": 2}
    house.step()


@on_the_fake
def test_of_two_staff_at_once_one_acts_and_the_other_is_told(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    placed = []
    for name, act, more in (("ben", "approve", {}), ("ann", "refuse", {"reason": "no"})):
        form = bench.form(act, by=name, payment=payment.id, now=house.now, **more)
        signature = bench.people.sign(form, by=name)
        placed.append(bench.place(form, signature, now=house.now))
    barrier = threading.Barrier(2)

    def engine() -> None:
        with connected():
            barrier.wait(PATIENCE_S)
            orders.carry_out({}, house.now, signed=bench.office.acts())

    threads = [threading.Thread(target=engine) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    while Order.select().where(Order.state == "open").count():
        orders.carry_out({}, house.now, signed=bench.office.acts())
    rows = [Order.get_by_id(order) for order in placed]
    assert sorted(row.state for row in rows) == ["done", "refused"]
    refused = next(row.result for row in rows if row.state == "refused")
    assert "by staff:" in refused or "moved meanwhile" in refused
    house.settle()
    assert house.owed("CR1") in {0, COIN}


@on_the_fake
def test_an_engine_that_lost_its_chain_leaves_the_order_to_the_other(
    house: House, bench: Bench
) -> None:
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    order = bench.place(form, bench.people.sign(form, by="ben"), now=house.now)
    old = house.take_over("second engine")
    bench.guard = old.guard
    with pytest.raises(LeaseLost):
        bench.carry_out(order, house.now)
    assert Order.get_by_id(order).state == "open"
    bench.guard = house.lease.guard
    assert bench.carry_out(order, house.now)[0] == "done"


@on_the_fake
def test_the_order_of_an_act_is_answered_in_the_same_breath(house: House, bench: Bench) -> None:
    """A crash right after the act finds the order done, not open."""
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    order = bench.place(form, bench.people.sign(form, by="ben"), now=house.now)
    row = Order.get_by_id(order)
    signed = orders.SignedOrder(row.id, row.act, row.body, row.staff, row.signature)
    bench.office.act(signed, house.now)
    assert Order.get_by_id(order).state == "done"
    approval = Approval.get()
    assert approval.placed_as == order
    assert signature_hash(approval.signature) == signature_hash(row.signature)


GARBAGE: list[Any] = ["", "x" * 9000, "\ud800", "\x00", "é", 1, -1, 1.5, True, None, [], {}, ["a"]]


@on_the_fake
def test_garbage_in_any_field_of_an_order_is_refused(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    form = bench.form("refuse", by="ann", payment=payment.id, reason="no", now=house.now)
    signature = bench.people.sign(form, by="ann")
    for field, value in itertools.product(["v", *FIELDS, "unknown"], GARBAGE):
        if (field, value) == ("v", 1) and value is not True:
            continue
        body = {**form, field: value}
        row = {"act": "refuse", "staff": "ann"}
        order = bench.place(body, signature, now=house.now, **row)
        state, why = bench.carry_out(order, house.now)
        assert state == "refused", (field, value)
        assert "internal error" not in why, (field, value)
    assert_nothing_moved(payment)


@on_the_fake
def test_garbage_in_the_columns_of_an_order_is_refused(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    form = bench.form("refuse", by="ann", payment=payment.id, reason="no", now=house.now)
    good = bench.people.sign(form, by="ann")
    armour = good.splitlines()
    bad = [
        "",
        "x",
        good[:-40],
        good * 2,
        "\n".join(reversed(armour)),
        good.replace("A", "é"),
        "-" * 9999,
    ]
    for signature in bad:
        order = bench.place(form, signature, now=house.now)
        assert bench.carry_out(order, house.now)[0] == "refused", signature[:20]
    for row in ({"staff": "ben"}, {"staff": ""}, {"act": "approve"}, {"act": "pause"}):
        order = bench.place(form, good, now=house.now, **row)
        assert bench.carry_out(order, house.now)[0] == "refused", row
    for number, body in enumerate(["", "[]", "null", "{", "[" * 8000, '{"v":1}', "x" * 9000]):
        Order.create(
            id=f"{number:032x}",
            act="refuse",
            body=body,
            staff="ann",
            signature=good,
            created_at="1",
        )
        state, why = bench.carry_out(f"{number:032x}", house.now)
        assert (state, "internal" in why) == ("refused", False)
    assert_nothing_moved(payment)
    assert bench.carry_out(bench.place(form, good, now=house.now), house.now)[0] == "done"
