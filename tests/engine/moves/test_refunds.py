"""A deposit that nobody may keep is paid back once, less the network's fee."""

from __future__ import annotations

from db.models import Payment
from engine import ledger
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.moves.houses import OpenMoving, OpenOffice
from tests.engine.moves.life import events, moves
from tests.engine.moves.refunding import held, known, open_final, sign, stranger
from tests.engine.moves.vaults import Vault
from tests.nodes.fake import FakeChain
from tests.nodes.harness import Harness


@everywhere
def test_a_refund_pays_the_deposit_back_once(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, bench = held(house), open_office(house)
    address = stranger(on, vault)
    known(on, address)
    one, two = sign(bench, house, deposit, address)
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
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.settle()
    deposit, bench = held(house), open_office(house)
    known(on, vault.address)
    sign(bench, house, deposit, vault.address)
    house.mine(3)
    assert [row.state for row in moves("withdrawal")] == ["credited"]


@on_the_fake
def test_a_refused_deposit_is_refunded_too(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, bench = held(house), open_office(house)
    state, _ = bench.do("refuse", by="ann", now=house.now, payment=deposit.id, reason="stolen")
    assert state == "done"
    known(on, vault.address)
    sign(bench, house, deposit, vault.address)
    house.mine(3)
    assert [row.state for row in moves("withdrawal")] == ["credited"]


@on_the_fake
def test_what_the_node_refuses_goes_back_to_suspense_and_is_refunded_anew(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, bench = held(house), open_office(house)
    sign(bench, house, deposit, vault.address)  # this node does not know the address
    house.mine(2)
    assert [row.state for row in moves("withdrawal")] == ["refused"]
    now = Payment.get_by_id(deposit.id)
    assert (now.state, now.reason) == (
        "refused",
        "not refunded: the node does not accept the address",
    )
    assert house.balance(ledger.suspense_account(deposit.id)) == 2 * COIN
    assert house.balance("in_transit") == 0
    known(on, vault.address)
    sign(bench, house, now, vault.address)
    house.mine(3)
    assert [row.state for row in moves("withdrawal")] == ["refused", "credited"]
    assert Payment.get_by_id(deposit.id).state == "refunded"


@on_the_fake
def test_a_coin_that_is_not_worth_its_fee_stays(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, bench = held(house, units=400), open_office(house)
    known(on, vault.address)
    sign(bench, house, deposit, vault.address)
    house.mine()
    assert moves("withdrawal") == []
    now = Payment.get_by_id(deposit.id)
    assert (now.state, "not worth" in now.reason) == ("refused", True)


@on_the_fake
def test_a_refund_that_lost_a_signature_is_ended_by_staff_and_asked_for_anew(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving, **{"batch.every": 86_400})
    house.fund()
    deposit, bench = held(house), open_office(house)
    known(on, vault.address)
    sign(bench, house, deposit, vault.address)
    house.mine()
    (back,) = moves("withdrawal")
    done = bench.do("refuse", by="ann", now=house.now, payment=back.id, reason="wrong address")
    assert done[0] == "done"
    house.mine()
    now = Payment.get_by_id(deposit.id)
    assert (now.state, now.reason) == ("refused", "not refunded: wrong address")
    assert house.balance(ledger.suspense_account(deposit.id)) == 2 * COIN


@on_the_fake
def test_a_refund_waits_while_the_network_is_dearer_than_the_cap(
    open_moving: OpenMoving,
    open_office: OpenOffice,
    on: Harness,
    vault: Vault,
    fake: FakeChain,
) -> None:
    house = open_final(open_moving, **{"withdrawal.fee_rate_max": "0.0002"})
    house.fund()
    deposit, bench = held(house), open_office(house)
    known(on, vault.address)
    fake.estimate = 20_001
    sign(bench, house, deposit, vault.address)
    house.mine()
    assert moves("withdrawal") == []
    now = Payment.get_by_id(deposit.id)
    assert now.reason == "waiting: the network's fee rate is above fee_rate_max now"
    fake.estimate = 20_000
    house.mine(3)
    assert [row.state for row in moves("withdrawal")] == ["credited"]
    assert Payment.get_by_id(deposit.id).reason == ""
