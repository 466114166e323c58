"""Differences that somebody made, planted for real: each is found, named, and shown with a cure."""

from __future__ import annotations

from typing import Any

import pytest

from db.connection import database
from db.models import Coin, Payment
from engine import ledger
from engine.lifecycle import Batch
from engine.reconciliation.mending import LOSS
from engine.reconciliation.standing import BreakView
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import reconcile
from tests.engine.sender.desk import Desk


def credited(house: House, units: int = 3 * COIN) -> str:
    """A deposit of ann's that is credited; its txid."""
    txid = house.on.pay(house.address("ann"), units)
    house.on.mine(3)
    house.settle()
    assert house.owed("ann") == units
    return txid


def the_break(house: House) -> BreakView:
    """The one break that there must be; its difference is the whole residual."""
    found, opened = reconcile(house)
    (only,) = opened
    assert found.residual in {0, only.units}
    return only


def change(statement: str, *values: object) -> None:
    """Somebody with the database's password."""
    database.execute_sql(statement.replace("?", database.param), list(values))


@everywhere
def test_a_spend_by_hand_is_named_before_it_is_mined_and_is_a_loss_after(house: House) -> None:
    paid = credited(house)
    thief = house.on.spend_ours(paid, house.on.stranger(), COIN)
    found, opened = reconcile(house)
    assert found.residual == 0
    (announced,) = opened
    assert (announced.kind, announced.subject) == ("unknown_spend", thief)
    assert announced.units == -3 * COIN
    house.on.mine()
    house.step()
    found, opened = reconcile(house)
    (spent,) = opened
    assert (spent.id, spent.kind, spent.owner) == (announced.id, "unknown_spend", "staff")
    assert found.residual == spent.units
    assert -COIN - 100_000 < spent.units < -COIN
    assert spent.evidence["spent"] == [f"{paid}:{house.deposit('ann').idx}"]
    assert spent.evidence["block"]["hash"] == house.on.tip()
    (came_back,) = spent.evidence["came_back"].values()
    assert int(came_back) == 3 * COIN + spent.units
    assert {account: units for account, _, units in spent.entry} == {
        "wallet:deposits": -3 * COIN,
        "wallet:hot": 3 * COIN + spent.units,
        LOSS: -spent.units,
    }
    assert "cashier reconcile --fix" in spent.cure


@everywhere
def test_a_coin_of_ours_to_ourselves_is_no_deposit_and_still_a_surplus(house: House) -> None:
    address = house.address("ann")
    house.on.pay_ourselves(address, COIN)
    house.on.mine()
    house.step()
    found, opened = reconcile(house)
    assert found.residual > 0
    (extra,) = [each for each in opened if each.evidence.get("address") == address]
    assert (extra.kind, extra.units, extra.owner) == ("missing_in_books", COIN, "staff")
    assert "could not cure it" in extra.cure


@everywhere
def test_a_changed_amount_of_a_payment_is_named(house: House) -> None:
    credited(house)
    change("UPDATE payment SET units = ?", str(4 * COIN))
    found, opened = reconcile(house)
    assert found.residual == 0  # nothing was posted: only the row lies
    assert {each.kind for each in opened} == {"amount_differs"}
    (coin,) = [each for each in opened if "node" in each.evidence]
    assert coin.units == -COIN
    assert coin.evidence["books"]["units"] == str(4 * COIN)
    assert coin.evidence["node"]["units"] == str(3 * COIN)


@everywhere
def test_a_changed_amount_of_a_coming_payment_is_a_residual(house: House) -> None:
    house.on.pay(house.address("ann"), 3 * COIN)
    house.on.mine()
    house.settle()
    change("UPDATE payment SET units = ?", str(COIN))
    only = the_break(house)
    assert (only.kind, only.units, only.entry) == ("amount_differs", 2 * COIN, ())


@everywhere
def test_a_changed_amount_of_a_coin_is_named(house: House) -> None:
    credited(house)
    change("UPDATE coin SET units = ?", str(COIN))
    found, opened = reconcile(house)
    (only,) = opened
    assert (only.kind, only.units, found.residual) == ("amount_differs", 2 * COIN, 0)
    assert only.evidence["books"]["coin_units"] == str(COIN)


@everywhere
def test_a_credit_for_a_coin_that_never_was_is_named_with_the_entry_that_takes_it_back(
    house: House,
) -> None:
    credited(house)
    forge(house, "eve", 7 * COIN)
    only = the_break(house)
    assert (only.kind, only.units, only.owner) == ("missing_on_chain", -7 * COIN, "staff")
    assert only.evidence["books"]["client"] == "eve"
    assert only.evidence["node"] is None
    assert only.entry == (("wallet:deposits", "LTC", -7 * COIN), ("client:eve", "LTC", 7 * COIN))


def forge(house: House, client: str, units: int) -> None:
    """A deposit that looks right in every table, and has no coin."""
    house.client(client)
    tip = house.chain_row
    coin: dict[str, Any] = {"txid": "ab" * 32, "idx": "vout:0", "units": units, "required": 3}
    coin |= {"block_hash": tip.hash, "block_height": tip.height}
    with Batch(house.config, actor="engine", now=house.now) as batch:
        payment = batch.open(
            kind="deposit",
            client=client,
            currency="LTC",
            chain="LTC",
            address="rltc1qforged",
            evidence={},
        )
        suspense = ledger.suspense_account(payment.id)
        account = ledger.client_account(client)
        batch.move(payment, "see", evidence={}, **coin)
        entry = ledger.shift("confirm", "LTC", units, to="wallet:deposits", out_of=suspense)
        batch.move(payment, "confirm", evidence={}, entry=entry)
        entry = ledger.shift("credit", "LTC", units, to=suspense, out_of=account)
        batch.move(payment, "credit", evidence={}, entry=entry)
    Coin.create(
        chain="LTC",
        txid="ab" * 32,
        idx="vout:0",
        currency="LTC",
        address="rltc1qforged",
        account="wallet:deposits",
        units=units,
        payment=payment.id,
        height=tip.height,
        hash=tip.hash,
    )


@on_the_fake
def test_a_final_coin_whose_block_left_the_chain_is_reorged(house: House) -> None:
    credited(house)
    change("UPDATE payment SET final = 1")
    change("UPDATE payment SET block_hash = ?", "cd" * 32)
    change("UPDATE coin SET txid = ?", "ef" * 32)
    change("UPDATE payment SET txid = ?", "ef" * 32)
    kinds = {each.kind: each for each in reconcile(house)[1]}
    assert kinds["reorged"].units == -3 * COIN
    assert kinds["reorged"].evidence["books"]["hash"] == "cd" * 32


@everywhere
@pytest.mark.parametrize(("deep", "state"), [(1, "pending"), (3, "credited")])
def test_a_lost_row_of_a_coin_is_written_again_by_the_engine(
    house: House, deep: int, state: str
) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(deep)
    house.settle()
    change("DELETE FROM coin")
    found, opened = reconcile(house)
    assert (found.residual, opened) == (0, [])
    (coin,) = Coin.select()
    assert (coin.units, coin.payment) == (COIN, house.deposit("ann").id)
    assert Payment.get().state == state


@everywhere
def test_a_spend_by_hand_that_the_sender_met_first_keeps_its_name(desk: Desk) -> None:
    """A coin that cannot be signed for any more is given up by the sender, and is still a theft."""
    (paid,) = desk.fund("ann", 5 * COIN)
    thief = desk.on.spend_ours(paid, desk.on.stranger(), COIN)
    desk.on.mine()
    desk.withdraw("ann", 2 * COIN)
    for _ in range(3):
        desk.step()
    found, opened = reconcile(desk)
    (spent,) = [each for each in opened if each.kind == "unknown_spend"]
    assert (spent.subject, spent.units) == (thief, found.residual)
    assert [each.kind for each in opened] == ["unknown_spend"]
