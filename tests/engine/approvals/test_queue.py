"""The queue holds whatever waits for a person, oldest first, and half-signed acts among it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from db.connection import database as db
from db.findings import Break
from db.models import Approval, Chain
from engine import installation, queries
from engine.approvals import queue
from engine.approvals.acts import plan_of
from engine.approvals.plan import Proposal
from engine.approvals.queue import Waiting
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits import rules
from engine.lifecycle import Batch
from tests.engine.approvals.people import Bench, People
from tests.engine.house import NOW, add_client, add_deposit
from tests.web.till import Till

ADJUST = {"currency": "LTC", "units": "700", "account": "+client:CR1|loss", "reason": "wrong"}


@pytest.fixture
def office(bench_config: Config, people: People) -> Bench:
    installation.ensure_id()
    with freeze_time(NOW):
        Till(bench_config)
    Chain.update(beat_at=rfc3339(NOW)).execute()
    add_client("CR1")
    return Bench(people.join(bench_config), people, guard=lambda: None)


def _held(config: Config, at: datetime, *, client: str | None = "CR1") -> str:
    """A deposit that is held since `at`."""
    reason = rules.HELD_BLOCKED if client else rules.HELD_NOBODY
    payment = add_deposit(config, client, state="confirmed", units=500, address=None)
    with Batch(config, actor="engine", now=at) as batch:
        batch.move(payment, "hold", evidence={"rule": ""}, reason=reason)
    return str(payment.id)


def _minute(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def _ids(found: tuple[Waiting, ...]) -> list[str]:
    return [each.id for each in found]


def test_what_waits_longest_is_first_and_says_why(office: Bench) -> None:
    late = _held(office.config, _minute(2))
    early = _held(office.config, _minute(1), client=None)
    first, second = queue.page(office.config)
    assert [first.id, second.id] == [early, late]
    assert (first.act, first.why, first.persons) == ("book", rules.HELD_NOBODY, 1)
    assert (second.act, second.why, second.client) == ("approve", rules.HELD_BLOCKED, "CR1")
    assert queue.count(office.config) == 2
    assert _ids(queue.of_payments(office.config, [late, "0" * 32])) == [late]


def test_an_act_of_one_of_two_waits_among_them_with_who_signed(office: Bench) -> None:
    early, late = _held(office.config, _minute(1)), _held(office.config, _minute(3))
    state, answer = office.do("adjust", by="ann", now=_minute(2), **ADJUST)
    assert (state, answer["done"]) == ("done", False)
    found = queue.page(office.config)
    assert _ids(found) == [early, found[1].id, late]
    half = found[1]
    assert (half.act, half.signed, half.persons) == ("adjust", ("ann",), 2)
    assert (half.units, half.currency, half.since) == (700, "LTC", rfc3339(_minute(2)))
    assert [(each.staff, each.reason) for each in half.signatures] == [("ann", "wrong")]
    assert half.why == "client:CR1 by +0.000007 LTC against loss"
    assert half.proposal is not None
    assert half.proposal.account == "+client:CR1|loss"


def test_what_became_of_a_payment_is_told_once_it_is_held_no_more(office: Bench) -> None:
    held, released = (_held(office.config, _minute(number)) for number in (1, 2))
    office.do("refuse", by="ann", now=_minute(3), payment=released, reason="police")
    told = queue.moves_of(office.config, [held, released])
    assert told == {released: "refuse by staff:ann, now refused"}


def test_what_is_written_about_a_thing_names_it(office: Bench) -> None:
    payment = _held(office.config, _minute(1))
    (row,) = queue.page(office.config)
    seq = queries.last_seq()
    office.do("note", by="ann", now=_minute(2), payment=payment, reason="called")
    office.do("refuse", by="ann", now=_minute(3), payment=payment, reason="police")
    written = {each for _, _, each in queries.moved_since(seq)}
    assert written == queue.touching(row)


def test_signatures_on_another_amount_are_not_of_this_act(office: Bench) -> None:
    office.do("adjust", by="ann", now=_minute(1), **ADJUST)
    office.do("adjust", by="ben", now=_minute(2), **{**ADJUST, "units": "701"})
    plan = plan_of(office.config, Proposal(act="adjust", **ADJUST))
    assert [(each.staff, each.reason) for each in queue.signatures_on(plan)] == [("ann", "wrong")]


def test_a_second_signature_ends_its_waiting(office: Bench) -> None:
    office.do("adjust", by="ann", now=_minute(1), **ADJUST)
    assert queue.count(office.config) == 1
    office.do("adjust", by="ben", now=_minute(2), **ADJUST)
    assert queue.page(office.config) == ()


def test_the_cure_of_a_break_that_is_gone_waits_for_nobody(office: Bench) -> None:
    office.do("adjust", by="ann", now=_minute(1), **ADJUST)
    row = _signature()
    forged = row["body"].replace('"act":"adjust"', '"act":"cure"')
    forged = forged.replace('"account"', f'"payment":"{"1" * 32}","account"')
    Approval.insert(**{**row, "nonce": "2" * 32, "act": "cure", "body": forged}).execute()
    assert Break.select().count() == 0
    assert [each.act for each in queue.half_signed(office.config)] == ["adjust"]


def test_a_signature_that_was_altered_is_left_out(office: Bench) -> None:
    office.do("adjust", by="ann", now=_minute(1), **ADJUST)
    row = _signature()
    Approval.insert(**{**row, "nonce": "3" * 32, "body": "{"}).execute()
    assert [each.signed for each in queue.half_signed(office.config)] == [("ann",)]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_by_place_and_by_row_tell_the_same(office: Bench, size: int) -> None:
    for number in range(6):
        _held(office.config, _minute(2 * number))
    for number in (1, 3, 11):
        units = str(number)
        office.do("adjust", by="ann", now=_minute(number), **{**ADJUST, "units": units})
    whole = _ids(queue.page(office.config))
    assert len(whole) == queue.count(office.config) == 9
    by_place = [
        each
        for skip in range(0, 9 + size, size)
        for each in _ids(queue.page(office.config, skip=skip, limit=size))
    ]
    assert by_place == whole
    by_row: list[str] = []
    last: Waiting | None = None
    while found := queue.page(office.config, after=last, limit=size):
        by_row += _ids(found)
        last = found[-1]
    assert by_row == whole


def test_ten_thousand_coins_of_nobody_are_a_page_and_a_count(office: Bench) -> None:
    first = _held(office.config, _minute(1), client=None)
    columns = ", ".join(
        name for name in _columns() if name not in {"id", "first_seq", "updated_at"}
    )
    db.execute_sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
        f" INSERT INTO payment (id, first_seq, updated_at, {columns})"
        f" SELECT substr('{'a' * 32}', 1, 24) || (10000000 + i), 1000 + i, '2027', {columns}"
        f" FROM payment, n WHERE id = '{first}'"
    )
    assert queue.count(office.config) == 10_001
    last = queue.page(office.config, skip=10_000, limit=50)
    assert [each.id for each in last] == [f"{'a' * 24}10010000"]


def _signature() -> dict[str, Any]:
    rows: Any = Approval.select().dicts()
    return dict(next(iter(rows)))


def _columns() -> list[str]:
    return [column.name for column in db.get_columns("payment")]
