"""Coins that are older than their address: a person looks at them, whatever happens in between."""

from __future__ import annotations

from db.models import Address, Client
from engine import brakes, chains
from engine.clock import rfc3339
from engine.deposits import rules
from engine.lifecycle import Batch
from engine.recount import Recount
from tests.engine.deposits.life import COIN, House, events_of
from tests.engine.deposits.worlds import fake_and_own_node, on_the_fake
from tests.nodes.fake import FakeChain

HELD = ("held", rules.HELD_OLD_COIN)


def _given_out_late(house: House, *, blocks: int) -> tuple[str, str]:
    """An address of ann's that had a coin, with so many confirmations, before it was hers; the coin
    and the address."""
    (old,) = house.node.new_addresses(1)
    txid = house.on.pay(old.address, COIN)
    house.on.mine(blocks)
    tip = house.node.block(house.on.tip())
    assert tip is not None
    chains.note_tip(house.symbol, tip)  # as if we had not looked
    house.client("ann")
    Address.create(
        chain=house.symbol,
        address=old.address,
        script=old.script,
        purpose="deposit",
        client="ann",
        created_at=rfc3339(house.now),
        issued_at=rfc3339(house.now),
        created_height=house.on.height() + 1,
    )
    house.step()
    recount = Recount(house.config, house.symbol, lambda: house.node)
    assert recount.run(house.lease, house.hook) == 1
    return txid, old.address


def _told(house: House) -> tuple[str, str]:
    payment = house.deposit("ann")
    return payment.state, payment.reason


@fake_and_own_node
def test_a_coin_older_than_its_address_is_held(house: House) -> None:
    """Case 53: an address that had coins before it was given to this client."""
    _, address = _given_out_late(house, blocks=5)
    assert _told(house) == HELD
    house.on.pay(address, 2 * COIN)
    house.on.mine(3)
    house.settle()
    assert house.owed("ann") == 2 * COIN


@on_the_fake
def test_an_old_coin_that_a_reorg_put_back_is_held_all_the_same(house: House) -> None:
    """A reorganisation puts it into a later block; it is no newer for that."""
    brake = {"currency": house.symbol, "kind": "deposit"}
    brakes.put_on(**brake, reason="a look at the node", staff="ann", now=house.now)
    _given_out_late(house, blocks=3)
    assert house.states("ann") == ["confirmed"]
    house.on.reorg(3)
    house.settle()
    assert events_of(house.deposit("ann"))[-1] == "unconfirm"
    brakes.take_off(**brake)
    house.on.mine(3)
    house.settle()
    assert _told(house) == HELD
    assert house.owed("ann") == 0


@on_the_fake
def test_an_old_coin_that_vanished_and_came_back_is_held(house: House, fake: FakeChain) -> None:
    txid, _ = _given_out_late(house, blocks=2)
    branch = [fake.blocks[known] for known in fake.active[-2:]]
    fake.reorg(2, first=[fake.double_spend(txid)])
    house.settle()
    state, reason = _told(house)
    assert (state, reason) == ("vanished", "a conflicting payment was mined")
    fake.reactivate(branch)
    fake.mine(3)
    house.settle()
    assert events_of(house.deposit("ann"))[-3:] == ["revive", "confirm", "hold"]
    assert _told(house) == HELD


@on_the_fake
def test_an_old_coin_that_a_person_refused_is_not_credited_when_it_comes_back(
    house: House, fake: FakeChain
) -> None:
    txid, _ = _given_out_late(house, blocks=3)
    with Batch(house.config, actor="engine", now=house.now) as batch:
        payment = house.deposit("ann")
        batch.move(payment, "refuse", evidence={}, reason="it is not hers")
    branch = [fake.blocks[known] for known in fake.active[-3:]]
    fake.reorg(3, first=[fake.double_spend(txid)])
    house.settle()
    assert house.states("ann") == ["reversed"]
    Client.update(blocked=False).execute()
    fake.reactivate(branch)
    fake.mine(3)
    house.settle()
    assert _told(house) == HELD
