"""The board holds every currency's sum and breaks as rows, and what was opened behind an item."""

from __future__ import annotations

from engine.reconciliation import timing
from engine.reconciliation.board import BoardRow, board
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.reconciliation.against import reconcile


def _whats(rows: tuple[BoardRow, ...]) -> list[str]:
    return [row.what for row in rows]


@on_the_fake
def test_before_the_first_comparison_a_currency_is_a_row_alone(house: House) -> None:
    (row,) = board(house.config, set(), house.now)
    assert (row.what, row.currency, row.sums, row.breaks) == ("currency", "LTC", None, 0)


@on_the_fake
def test_an_opened_item_has_its_payments_below_it(house: House) -> None:
    house.on.pay(house.address("ann"), 2 * COIN)
    house.on.mine()
    house.settle()
    reconcile(house)
    closed = board(house.config, set(), house.now)
    assert _whats(closed) == ["currency", "line", "line", "line", "line", "line"]
    opened = board(house.config, {("LTC", timing.NOT_DEEP)}, house.now)
    assert _whats(opened) == ["currency", "line", "line", "line", "payment", "line", "line"]
    payment = opened[4].payment
    assert payment is not None
    assert payment.client == "ann"
    assert len({row.id for row in opened}) == len(opened)


@on_the_fake
def test_very_many_breaks_are_cut_and_counted(house: House) -> None:
    for _ in range(3):
        house.on.pay(house.on.address(), COIN)
    house.on.mine(5)
    house.settle()
    reconcile(house)
    rows = board(house.config, set(), house.now)
    found = [row.found for row in rows if row.found is not None]
    assert [each.kind for each in found] == ["unknown_arrival"] * 3
    rows = board(house.config, set(), house.now, breaks_max=2)
    assert _whats(rows)[-3:] == ["break", "break", "more"]
    assert (rows[0].breaks, rows[-1].left) == (3, 1)
