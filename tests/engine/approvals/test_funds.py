"""What staff sign about the house's own money: moves to cold, and adjustments of the books."""

from __future__ import annotations

from typing import Any

import pytest

from engine.audit.database import verify_database
from engine.errors import ActRefused, CashierError
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.moves.houses import OpenMoving, OpenOffice, adjustment, funded
from tests.engine.moves.life import events, moves
from tests.engine.moves.vaults import Vault
from tests.nodes.harness import Harness


def _move(units: int) -> dict[str, Any]:
    return {"currency": "LTC", "units": str(units), "account": "wallet:cold"}


@everywhere
def test_one_person_moves_coins_to_cold(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold)
    bench = open_office(house)
    state, result = bench.do("move", by="ann", now=house.now, **_move(3 * COIN))
    assert (state, result["done"]) == ("done", True)
    house.settle()
    house.mine(2)
    (move,) = moves()
    assert (move.state, move.asked_by, move.units) == ("credited", "staff:ann", 3 * COIN)
    assert house.balance("wallet:cold") == 3 * COIN
    assert events(move)[0] == "request"


@on_the_fake
def test_above_the_limit_two_persons_move_coins_and_never_with_old_signatures(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold, book_above="1")
    bench = open_office(house)
    first = bench.do("move", by="ann", now=house.now, **_move(2 * COIN))[1]
    again = bench.do("move", by="ann", now=house.now, **_move(2 * COIN))[1]
    second = bench.do("move", by="ben", now=house.now, **_move(2 * COIN))[1]
    assert (first["done"], "has signed this already" in again, second["done"]) == (
        False,
        True,
        True,
    )
    house.settle()
    house.mine(2)
    assert len(moves()) == 1
    # The same sum a second time takes two new signatures.
    later = bench.do("move", by="cleo", now=house.now, **_move(2 * COIN))[1]
    assert (later["done"], later["signed"]) == (False, 1)
    assert len(moves()) == 1


@on_the_fake
def test_a_move_that_cannot_be_is_refused(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold)
    bench = open_office(house)
    for units, said in ((0, "above zero"), (11 * COIN, "can spare 10 LTC")):
        with pytest.raises(ActRefused, match=said):
            bench.form("move", by="ann", now=house.now, **_move(units))
    with pytest.raises(CashierError, match="no currency"):
        bench.form("move", by="ann", now=house.now, **{**_move(1), "currency": "XYZ"})
    with pytest.raises(ActRefused, match="no cold address"):
        bench.form("move", by="ann", now=house.now, **{**_move(1), "account": "wallet:hot"})
    assert bench.do("move", by="ann", now=house.now, **_move(COIN))[0] == "done"
    with pytest.raises(ActRefused, match="under way"):
        bench.form("move", by="ann", now=house.now, **_move(COIN))


@on_the_fake
def test_a_move_that_is_held_can_be_refused_and_another_made(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault, on: Harness
) -> None:
    house = funded(open_moving, cold)
    bench = open_office(house)
    forged = house.forge_transfer(on.stranger(), COIN)
    house.settle()
    refused = bench.do("refuse", by="ann", now=house.now, payment=forged.id, reason="not ours")
    assert refused[0] == "done"
    assert bench.do("move", by="ann", now=house.now, **_move(COIN))[0] == "done"
    house.mine(3)
    assert [row.state for row in moves()] == ["refused", "credited"]


@on_the_fake
def test_an_unwatched_cold_address_gets_no_move(
    open_moving: OpenMoving, open_office: OpenOffice, vault: Vault
) -> None:
    house = funded(open_moving, vault)
    with pytest.raises(ActRefused, match="does not watch"):
        open_office(house).form("move", by="ann", now=house.now, **_move(COIN))


@on_the_fake
def test_two_persons_adjust_a_client_and_the_history_says_why(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold)
    house.client("bob")
    bench = open_office(house)
    given = adjustment("+client:bob|house", COIN, "promised at the fair")
    one = bench.do("adjust", by="ann", now=house.now, **given)[1]
    assert (one["done"], house.owed("bob")) == (False, 0)
    two = bench.do("adjust", by="ben", now=house.now, **given)[1]
    assert (two["done"], house.owed("bob"), house.balance("house")) == (True, COIN, 9 * COIN)
    house.settle()
    assert verify_database().ok
    third = bench.do("adjust", by="cleo", now=house.now, **given)[1]
    assert (third["done"], house.owed("bob")) == (False, COIN)


@on_the_fake
def test_an_adjustment_takes_no_more_than_there_is(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold)
    house.client("bob")
    bench = open_office(house)
    results = [
        bench.do("adjust", by=name, now=house.now, **adjustment("-client:bob|loss", COIN))
        for name in ("ann", "ben")
    ]
    assert results[1] == ("refused", "the balance is not sufficient")
    assert house.balance("loss") == 0


@on_the_fake
def test_a_difference_at_the_wallet_is_booked_to_loss(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold)
    bench = open_office(house)
    for name in ("ann", "ben"):
        bench.do("adjust", by=name, now=house.now, **adjustment("-wallet:hot|loss", COIN))
    assert (house.balance("wallet:hot"), house.balance("loss")) == (9 * COIN, -COIN)


@on_the_fake
@pytest.mark.parametrize(
    "account",
    [
        *("", "client:bob", "+client:bob", "+client:bob|client:ann", "+client:nix|loss"),
        *("+loss|loss", "+suspense:x|loss", "+wallet:hot|wallet:cold", "client:bob|loss"),
        *("+in_transit|loss", "+fees:service|house", "*client:bob|loss"),
    ],
)
def test_only_clients_wallets_and_ours_are_adjusted_against_ours(
    open_moving: OpenMoving, open_office: OpenOffice, account: str
) -> None:
    house = open_moving()
    house.client("bob")
    with pytest.raises(ActRefused):
        open_office(house).form("adjust", by="ann", now=house.now, **adjustment(account, COIN))
