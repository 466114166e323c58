"""A deposit that nobody may keep is paid back once, less the network's fee, when two persons signed
it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from db.models import Client, Payment
from engine import ledger
from engine.approvals.acts import plan_of
from engine.approvals.plan import Proposal
from engine.errors import ActRefused, WithdrawalRefused
from tests.engine.approvals.people import Bench
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.moves.conftest import OpenMoving, OpenOffice
from tests.engine.moves.life import MovingHouse, events, moves
from tests.engine.moves.vaults import FakeVault, Vault
from tests.nodes.harness import FakeHarness, Harness


def _open(open_house: OpenMoving, **keys: object) -> MovingHouse:
    return open_house(confirmations=2, finality=3, **{"batch.every": 0, **keys})


def _held(house: MovingHouse, units: int = 2 * COIN) -> Payment:
    """A final deposit of a blocked client."""
    address = house.address("ann")
    Client.update(blocked=True).where(Client.id == "ann").execute()
    house.on.pay(address, units)
    house.mine(4)
    (deposit,) = [row for row in moves("deposit") if row.client == "ann"]
    assert (deposit.state, deposit.final) == ("held", 1)
    return deposit


def _stranger(on: Harness, vault: Vault) -> str:
    """An address that is read as one of the network, of somebody who is not us."""
    return vault.address if isinstance(vault, FakeVault) else on.stranger()


def _sign(bench: Bench, house: MovingHouse, deposit: Payment, address: str) -> list[Any]:
    return [
        bench.do("refund", by=name, now=house.now, payment=deposit.id, address=address)
        for name in ("ann", "ben")
    ]


def _known(on: Harness, address: str) -> None:
    """The fake node knows addresses by their first letters, and these."""
    if isinstance(on, FakeHarness):
        on.fake.valid.add(address)


@everywhere
def test_a_refund_pays_the_deposit_back_once(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, bench = _held(house), open_office(house)
    address = _stranger(on, vault)
    _known(on, address)
    one, two = _sign(bench, house, deposit, address)
    assert (one[1]["done"], two[1]["done"]) == (False, True)
    house.assert_balanced()
    assert house.balance("in_transit") == 2 * COIN
    assert house.balance(ledger.suspense_account(deposit.id)) == 0
    house.settle()
    (back,) = moves("withdrawal")
    assert (back.refund_of, back.client, back.address) == (deposit.id, None, address)
    units, fee = int(back.units or 0), int(back.fee_units or 0)
    assert units + fee == 2 * COIN
    house.mine(2)
    assert moves("withdrawal")[0].state == "credited"
    assert house.balance("in_transit") == 0
    assert house.balance("fees:service") == fee
    assert house.balance("wallet:hot") + house.balance("wallet:deposits") == (
        12 * COIN - units + house.balance("fees:network")
    )
    now = Payment.get_by_id(deposit.id)
    assert (now.state, events(now)[-1]) == ("refunded", "refund")
    house.mine(5)
    assert len(moves("withdrawal")) == 1


@on_the_fake
def test_the_coin_of_a_refunded_deposit_may_be_spent(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = _open(open_house)
    house.settle()
    deposit, bench = _held(house), open_office(house)
    _known(on, vault.address)
    _sign(bench, house, deposit, vault.address)
    house.mine(3)
    assert [row.state for row in moves("withdrawal")] == ["credited"]


@on_the_fake
def test_a_refused_deposit_is_refunded_too(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, bench = _held(house), open_office(house)
    state, _ = bench.do("refuse", by="ann", now=house.now, payment=deposit.id, reason="stolen")
    assert state == "done"
    _known(on, vault.address)
    _sign(bench, house, deposit, vault.address)
    house.mine(3)
    assert [row.state for row in moves("withdrawal")] == ["credited"]


@on_the_fake
def test_what_the_node_refuses_goes_back_to_suspense_and_is_refunded_anew(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, bench = _held(house), open_office(house)
    _sign(bench, house, deposit, vault.address)  # this node does not know the address
    house.mine(2)
    assert [row.state for row in moves("withdrawal")] == ["refused"]
    now = Payment.get_by_id(deposit.id)
    assert (now.state, now.reason) == (
        "refused",
        "not refunded: the node does not accept the address",
    )
    assert house.balance(ledger.suspense_account(deposit.id)) == 2 * COIN
    assert house.balance("in_transit") == 0
    _known(on, vault.address)
    _sign(bench, house, now, vault.address)
    house.mine(3)
    assert [row.state for row in moves("withdrawal")] == ["refused", "credited"]
    assert Payment.get_by_id(deposit.id).state == "refunded"


@on_the_fake
def test_a_coin_that_is_not_worth_its_fee_stays(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, bench = _held(house, units=400), open_office(house)
    _known(on, vault.address)
    _sign(bench, house, deposit, vault.address)
    house.mine()
    assert moves("withdrawal") == []
    now = Payment.get_by_id(deposit.id)
    assert (now.state, "not worth" in now.reason) == ("refused", True)


@on_the_fake
def test_only_what_is_final_and_in_suspense_is_refunded(
    open_house: OpenMoving, open_office: OpenOffice, vault: Vault
) -> None:
    house = _open(open_house)
    house.fund()
    bench = open_office(house)
    address = house.address("ann")
    Client.update(blocked=True).where(Client.id == "ann").execute()
    house.on.pay(address, COIN)
    house.mine(2)
    (fresh,) = [row for row in moves("deposit") if row.client == "ann"]
    (top_up,) = [row for row in moves("deposit") if row.client is None]
    for payment, said in ((fresh, "not final yet: 2 of 3"), (top_up, "only a held or refused")):
        with pytest.raises(ActRefused, match=said):
            bench.form("refund", by="ann", now=house.now, payment=payment.id, address=vault.address)


@on_the_fake
@pytest.mark.parametrize("address", [None, "", "nonsense", "hot", "\x1b[2J"])
def test_a_refund_goes_to_an_address_of_somebody_else(
    open_house: OpenMoving, open_office: OpenOffice, address: str | None
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, _ = _held(house), open_office(house)
    to = house.hot if address == "hot" else address
    with pytest.raises(WithdrawalRefused):
        plan_of(house.config, Proposal(act="refund", payment=deposit.id, address=to))


@on_the_fake
def test_two_persons_sign_the_same_address(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, bench = _held(house), open_office(house)
    first, second = (FakeVault(on, house.currency).address for _ in range(2))  # type: ignore[arg-type]  # on_the_fake
    results = [
        bench.do("refund", by=name, now=house.now, payment=deposit.id, address=address)[1]
        for name, address in (("ann", first), ("ben", second), ("ann", first))
    ]
    assert [result["done"] for result in results[:2]] == [False, False]
    assert "has signed this already" in results[2]
    assert Payment.get_by_id(deposit.id).state == "held"


@on_the_fake
def test_a_removed_key_voids_a_refund_that_is_not_paid_yet(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, bench = _held(house), open_office(house)
    _known(on, vault.address)
    _sign(bench, house, deposit, vault.address)
    house.config = replace(
        house.config, staff=tuple(row for row in house.config.staff if row.name != "ben")
    )
    house.restart()
    house.mine(3)
    (back,) = moves("withdrawal")
    assert (back.state, "not signed by two persons" in back.reason) == ("held", True)


@on_the_fake
def test_a_forged_refund_pays_nobody(
    open_house: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = _open(open_house)
    house.fund()
    deposit, _ = _held(house), open_office(house)
    _known(on, vault.address)
    house.forge_refund(deposit, vault.address)
    house.settle()
    (forged,) = moves("withdrawal")
    assert forged.state == "held"
    assert "nothing proves" in forged.reason
