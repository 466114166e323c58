"""A break is one row from the first time it is seen until it is gone; sums are the last ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from db.connection import database
from db.findings import Break
from engine.reconciliation import records
from engine.reconciliation.books import Result, read_books, settle_up
from engine.reconciliation.kinds import KINDS, Finding
from engine.reconciliation.lines import Line
from engine.reconciliation.matching import Questions
from engine.reconciliation.standing import closed_breaks, figures
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.reconciliation.against import breaks, last_sum, reconcile
from tests.engine.reconciliation.test_matching import change, credited

NOTHING = Questions(lambda _c, _s: {}, lambda _h: True, lambda _t: frozenset())


@on_the_fake
def test_a_break_keeps_its_id_and_first_sight_while_its_figures_follow(house: House) -> None:
    credited(house)
    for units in (COIN, 2 * COIN):
        change("UPDATE balance SET units = ? WHERE account = 'wallet:deposits'", str(units))
        reconcile(house)
        house.now += timedelta(hours=1)
    (row,) = breaks(house)
    assert (row.units, row.age) == (-COIN, 7200)
    assert row.first_seen < row.last_seen
    assert figures(house.config) == {"LTC": (1, COIN)}


@on_the_fake
def test_what_is_gone_is_closed_and_what_comes_back_is_a_new_row(house: House) -> None:
    credited(house)
    truth = "UPDATE balance SET units = ? WHERE account = 'wallet:deposits'"
    for units in (COIN, 3 * COIN, COIN):
        change(truth, str(units))
        reconcile(house)
    (now_open,) = breaks(house)
    (before,) = closed_breaks(house.config, ["LTC"], house.now)
    assert (before.kind, before.subject) == (now_open.kind, now_open.subject)
    assert before.id != now_open.id
    assert before.closed_by == f"gone at block {house.on.height()}"


@on_the_fake
def test_all_of_a_run_is_written_or_nothing(house: House) -> None:
    house.step()
    books = read_books("LTC", "LTC", 5, lagging=frozenset(), with_lines=True)
    unknown = Finding("no such kind", "LTC", "x", 1)
    with pytest.raises(KeyError):
        records.save(
            "LTC",
            house.on.chain.block(house.on.tip()).ref,  # type: ignore[union-attr]  # it is the tip
            [Result(books, 0, (unknown,))],
            cured=[],
            failed=[],
            now=house.now,
            guard=house.lease.guard,
        )
    assert figures(house.config) == {"LTC": (0, None)}
    assert not list(Break.select())


@on_the_fake
def test_a_difference_that_no_coin_explains_has_a_name_too(house: House) -> None:
    credited(house)
    books = read_books("LTC", "LTC", house.on.height(), lagging=frozenset(), with_lines=True)
    (line,) = books.lines
    assert isinstance(line, Line)
    change("UPDATE balance SET units = ? WHERE account = 'wallet:deposits'", str(5 * COIN))
    books = read_books("LTC", "LTC", house.on.height(), lagging=frozenset(), with_lines=True)
    result = settle_up(books, house.node.coins(house.on.tip()), NOTHING, more=())
    (left,) = result.findings
    assert (left.kind, left.subject, left.units) == ("amount_differs", "wallet accounts", -2 * COIN)
    assert (result.residual, result.unnamed) == (-2 * COIN, 0)


@on_the_fake
def test_statements_and_locks_do_not_grow_with_the_findings(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wallet that was swapped has thousands of differences, and the engine waits for each
    database transaction of theirs."""
    house.step()
    execute, statements = database.obj.execute_sql, list[str]()

    def counted(sql: str, *given: Any) -> Any:
        statements.append(sql)
        return execute(sql, *given)

    monkeypatch.setattr(database.obj, "execute_sql", counted)

    def written(count: int, cured: int) -> int:
        statements.clear()
        _save(house, [_extra(number) for number in range(count)], cured=cured)
        return len(statements)

    few = [written(10, 0), written(10, 0), written(0, 10)]
    many = [written(400, 0), written(400, 0), written(0, 400)]
    assert many == few
    assert max(many) < 25
    locks: list[int] = []
    _save(house, [_extra(n) for n in range(1200)], guard=lambda: locks.append(len(statements)))
    assert len(breaks(house)) == 1200
    assert len(locks) == 1200 // records.TOGETHER + 2  # each part, its rest, and the sum


def _extra(number: int) -> Finding:
    return Finding("missing_in_books", "LTC", f"{number:064x}:vout:0", COIN, {"node": None})


def _save(
    house: House,
    found: list[Finding],
    *,
    cured: int = 0,
    guard: Callable[[], None] = lambda: None,
) -> None:
    books = read_books("LTC", "LTC", 5, lagging=frozenset(), with_lines=True)
    tip = house.on.chain.block(house.on.tip())
    assert tip is not None
    gone = [_extra(number) for number in range(cured)]
    records.save(
        "LTC",
        tip.ref,
        [Result(books, 0, tuple(found))],
        cured=gone,
        failed=[],
        now=house.now,
        guard=guard,
    )


@on_the_fake
def test_what_was_closed_while_a_run_looked_stays_closed(house: House) -> None:
    """Two persons cure a break between a run's look and its writing."""
    house.step()
    _save(house, [_extra(1)])
    by = "cured by staff:ben"

    def cure() -> None:
        Break.update(state="closed", closed_at="x", closed_by=by).execute()

    _save(house, [_extra(1)], guard=cure)
    assert [(row.state, row.closed_by) for row in Break.select()] == [("closed", by)]
    _save(house, [_extra(1)])
    assert len(breaks(house)) == 1


def test_every_kind_has_an_owner_and_a_cure_and_only_the_engine_cures_by_itself() -> None:
    for name, kind in KINDS.items():
        assert name == kind.name
        assert kind.means
        assert kind.cure
        assert kind.owner == "engine" or not kind.safe


@on_the_fake
def test_the_sum_says_what_the_accounts_hold(house: House) -> None:
    credited(house)
    reconcile(house)
    found = last_sum(house).as_json()
    assert found["accounts"] == {"wallet:deposits": "3"}
    assert (found["node"], found["books"], found["residual"]) == ("3", "3", "0")
