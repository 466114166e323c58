"""Orders are carried out once, in order, and a bad one holds up nobody."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import peewee
import pytest

from db.connection import connected
from db.connection import database as peewee_database
from db.models import Chain, Order
from engine import orders
from engine.clock import rfc3339, utc_now
from engine.errors import CashierError, LeaseLost, OrderRefused
from tests.engine.house import NOW
from tests.nodes.ports import PATIENCE_S


def add_beat(age: timedelta) -> None:
    """A chain whose engine showed a sign of life so long ago."""
    Chain.create(symbol="LTC", since="", beat_at=rfc3339(utc_now() - age))


def double(body: Mapping[str, Any], _now: object) -> Mapping[str, Any]:
    return {"sum": 2 * body["number"]}


def refuse(_body: object, _now: object) -> Mapping[str, Any]:
    raise CashierError("not on a Sunday", detail="the calendar at host:1234")


def test_an_order_is_carried_out_once(database: str) -> None:
    assert database
    order = orders.place(act="double", body={"number": 4}, now=NOW)
    assert len(order) == 32
    acts: dict[str, orders.Act] = {"double": double}
    assert orders.carry_out(acts, NOW + timedelta(seconds=1)) == 1
    assert orders.carry_out(acts, NOW + timedelta(seconds=2)) == 0
    row = Order.get_by_id(order)
    assert (row.state, json.loads(row.result)) == ("done", {"sum": 8})
    assert row.done_at == rfc3339(NOW + timedelta(seconds=1))


def test_what_the_engine_refuses_says_why_and_no_more(database: str) -> None:
    assert database
    order = orders.place(act="refuse", body={}, now=NOW)
    orders.carry_out({"refuse": refuse}, NOW)
    row = Order.get_by_id(order)
    assert (row.state, row.result) == ("refused", "not on a Sunday")


def fail(_body: object, _now: object) -> Mapping[str, Any]:
    raise ZeroDivisionError("secret detail")


def unfit(_body: object, _now: object) -> Mapping[str, Any]:
    return {"when": NOW}


BODIES = ["", "nonsense", "[]", "null", "1", '"x"', "[" * 100_000, "{", "\ud7ff"]


def test_a_poisoned_order_is_refused_and_those_behind_it_go_on(database: str) -> None:
    assert database
    for number, body in enumerate(BODIES):
        Order.create(id=f"{number:032x}", act="double", body=body, created_at="1")
    for act in ("fail", "unfit", "unknown", "double"):
        orders.place(act=act, body={}, now=NOW - timedelta(seconds=1))
    last = orders.place(act="double", body={"number": 1}, now=NOW)
    acts: dict[str, orders.Act] = {"double": double, "fail": fail, "unfit": unfit}
    assert orders.carry_out(acts, NOW) == len(BODIES) + 5
    assert Order.select().where(Order.state == "open").count() == 0
    assert [row.id for row in Order.select().where(Order.state == "done")] == [last]
    assert not [row for row in Order.select() if "secret" in row.result]


def test_an_order_stays_open_when_the_database_fails(database: str) -> None:
    assert database

    def stumble(_body: object, _now: object) -> Mapping[str, Any]:
        raise peewee.OperationalError("disk is full")

    order = orders.place(act="x", body={}, now=NOW)
    with pytest.raises(peewee.OperationalError):
        orders.carry_out({"x": stumble}, NOW)
    assert Order.get_by_id(order).state == "open"
    assert orders.carry_out({"x": lambda _body, _now: {}}, NOW) == 1


def test_a_round_is_bounded_and_takes_the_oldest_first(database: str) -> None:
    assert database
    done: list[int] = []

    def note(body: Mapping[str, Any], _now: object) -> Mapping[str, Any]:
        done.append(body["number"])
        return {}

    for number in reversed(range(orders.PER_ROUND + 5)):
        orders.place(act="note", body={"number": number}, now=NOW + timedelta(seconds=number))
    assert orders.carry_out({"note": note}, NOW) == orders.PER_ROUND
    assert done == list(range(orders.PER_ROUND))
    assert orders.carry_out({"note": note}, NOW) == 5


def test_nobody_waits_for_an_engine_that_is_not_there(database: str) -> None:
    assert database
    assert orders.ask(act="double", body={"number": 1}) is None
    add_beat(timedelta(seconds=20))
    assert not orders.engine_alive(utc_now())
    assert orders.ask(act="double", body={"number": 1}) is None
    assert Order.select().count() == 0


def test_who_asks_gets_the_answer(database: str) -> None:
    assert database
    add_beat(timedelta(seconds=1))
    stop = threading.Event()

    def engine() -> None:
        with connected():
            while not stop.wait(0.02):
                orders.carry_out({"double": double, "refuse": refuse}, utc_now())

    thread = threading.Thread(target=engine)
    thread.start()
    try:
        result = orders.ask(act="double", body={"number": 21}, wait_s=60)
        with pytest.raises(OrderRefused, match="not on a Sunday"):
            orders.ask(act="refuse", body={}, wait_s=60)
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert result is not None
    assert result.values == {"sum": 42}
    assert Order.get_by_id(result.order).state == "done"


def test_an_answer_that_does_not_come_is_waited_for_no_longer(database: str) -> None:
    assert database
    add_beat(timedelta(seconds=1))
    assert orders.ask(act="double", body={"number": 1}, wait_s=1) is None
    row = Order.get()
    assert (row.state, row.result) == ("refused", orders.WITHDRAWN)
    assert orders.carry_out({"double": double}, utc_now()) == 0


def test_an_act_whose_order_was_withdrawn_meanwhile_is_undone(database: str) -> None:
    assert database
    order = orders.place(act="approve", body={}, now=NOW)

    def act(taken: orders.SignedOrder, now: datetime) -> Mapping[str, Any]:
        Order.update(state="refused", result=orders.WITHDRAWN).execute()  # its asker gives up now
        with peewee_database.atomic():
            add_beat(timedelta())
            orders.finish(taken.id, {}, now)
        return {}

    assert orders.carry_out({}, NOW, signed={"approve": act}) == 1
    assert Chain.select().count() == 0
    assert Order.get_by_id(order).result == orders.WITHDRAWN


def test_a_signed_order_is_handed_over_whole_and_may_finish_itself(database: str) -> None:
    assert database
    seen: list[orders.SignedOrder] = []

    def act(order: orders.SignedOrder, now: datetime) -> Mapping[str, Any]:
        seen.append(order)
        orders.finish(order.id, {"sum": 1}, now)
        return {"sum": 2}

    body = {"v": 1}
    order = orders.place(act="approve", body=body, staff="ann", signature="armour", now=NOW)
    assert orders.carry_out({}, NOW, signed={"approve": act}) == 1
    assert seen == [orders.SignedOrder(order, "approve", json.dumps(body), "ann", "armour")]
    assert json.loads(Order.get_by_id(order).result) == {"sum": 1}


def test_an_order_waits_for_the_engine_that_holds_the_chain(database: str) -> None:
    assert database

    def lose(_body: object, _now: object) -> Mapping[str, Any]:
        raise LeaseLost("another engine follows LTC now")

    order = orders.place(act="x", body={}, now=NOW)
    with pytest.raises(LeaseLost):
        orders.carry_out({"x": lose}, NOW)
    assert Order.get_by_id(order).state == "open"
