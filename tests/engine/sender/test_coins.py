"""Which of our coins are taken: enough, few, old before young, small ones only when it is cheap."""

from __future__ import annotations

import pytest

from db.models import Coin
from engine.chain import Spend
from engine.sender import coins
from engine.sender.coins import OwnCoin, add_small, choose
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.sender.desk import COIN, Desk

PRICE = 100


def own(units: int, *, final: bool = False) -> OwnCoin:
    return OwnCoin(Spend(f"{units:064x}", "vout:0", units, "a"), "wallet:hot", final)


def price(_coin: OwnCoin) -> int:
    return PRICE


def taken(found: list[OwnCoin] | None) -> list[int] | None:
    return None if found is None else [coin.spend.units for coin in found]


@pytest.mark.parametrize(
    ("units", "target", "expected"),
    [
        ((500, 1000, 2000), 900, [1000]),  # exactly, after its own price
        ((500, 1000, 2000), 901, [2000]),
        ((500, 1000, 2000), 2000, [2000, 1000]),
        ((500, 1000, 2000), 3200, [2000, 1000, 500]),
        ((500, 1000, 2000), 3201, None),
        ((100, 90), 1, None),  # they cost what they are worth
        ((), 1, None),
    ],
)
def test_the_smallest_that_suffices_alone_else_the_largest_first(
    units: tuple[int, ...], target: int, expected: list[int] | None
) -> None:
    assert taken(choose([own(each) for each in units], target=target, price=price)) == expected


def test_coins_past_finality_go_first_if_they_suffice() -> None:
    mixed = [own(1000), own(3000, final=True), own(2000, final=True)]
    assert taken(choose(mixed, target=900, price=price)) == [2000]
    assert taken(choose(mixed, target=4800, price=price)) == [3000, 2000]
    assert taken(choose(mixed, target=5000, price=price)) == [3000, 2000, 1000]


def test_no_chain_tx_has_more_inputs_than_nodes_relay() -> None:
    many = [own(1000) for _ in range(coins.INPUTS_MAX + 50)]
    found = choose(many, target=900 * coins.INPUTS_MAX, price=price)
    assert found is not None
    assert len(found) == coins.INPUTS_MAX
    assert choose(many, target=900 * coins.INPUTS_MAX + 1, price=price) is None


def test_small_ones_are_spent_along_only_from_plenty() -> None:
    few = [own(1000 + at) for at in range(coins.KEPT_MIN)]
    assert add_small(few[:1], few, price=price) == few[:1]
    plenty = [own(1000 + at) for at in range(coins.KEPT_MIN + 5)]
    added = add_small(plenty[-1:], plenty, price=price)
    assert taken(added) == [plenty[-1].spend.units, 1000, 1001, 1002, 1003]
    dust = [own(2 * PRICE - at) for at in range(coins.KEPT_MIN + 5)]
    assert add_small(plenty[:1], [*plenty[:1], *dust], price=price) == plenty[:1]


@on_the_fake
def test_only_coins_that_are_ours_to_spend_are_offered(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN, 6 * COIN, 7 * COIN)
    five, six, _ = Coin.select().order_by(Coin.units)
    height = desk.on.height()

    def offered(*, final: int = 0) -> list[int]:
        rows = coins.spendable("LTC", "LTC", deepest=height, final=final)
        return [coin.spend.units // COIN for coin in rows]

    assert offered() == [7, 6, 5]
    assert coins.spendable("LTC", "LTC", deepest=height - 3, final=0) == []
    assert coins.spendable("LTC", "BTC", deepest=height, final=0) == []
    Coin.update(reserved="family").where(Coin.txid == six.txid).execute()
    assert offered() == [7, 5]
    Coin.update(spent_txid="ff").where(Coin.txid == five.txid).execute()
    assert offered() == [7]
    held = desk.on.pay(desk.node.new_addresses(1)[0].address, 8 * COIN)
    desk.mine(3)
    assert Coin.get(Coin.txid == held).height is not None
    assert offered() == [7], "a coin of nobody is not spent"


@on_the_fake
def test_large_amounts_sort_as_numbers(desk: Desk) -> None:
    desk.fund("ann", 9 * COIN, 10 * COIN, 100 * COIN)
    rows = coins.spendable("LTC", "LTC", deepest=desk.on.height(), final=0)
    assert [coin.spend.units // COIN for coin in rows] == [100, 10, 9]


@on_the_fake
def test_of_very_many_the_smallest_are_offered_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coins, "CANDIDATES_MAX", 2)
    monkeypatch.setattr(coins, "CONSOLIDATED_MAX", 1)
    desk.fund("ann", 4 * COIN, 5 * COIN, 6 * COIN, 7 * COIN)
    rows = coins.spendable("LTC", "LTC", deepest=desk.on.height(), final=0)
    assert [coin.spend.units // COIN for coin in rows] == [7, 6, 4]
