"""The node's story: another network, syncing, behind, old, pruned, silent, cut off, faulty."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from db.models import Block
from db.models import Chain as ChainRow
from engine import chains
from engine.chain import Arrival, Oddity
from engine.errors import NodeDown, NodeRefused
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, events_of, rows_written
from tests.engine.deposits.worlds import everywhere, on_a_node_of_its_own, on_the_fake
from tests.nodes.currencies import currency_of
from tests.nodes.fake import FakeChain
from tests.nodes.harness import LitecoindHarness
from tests.nodes.litecoind import Litecoind

CALLS_CUT = 14  # more than a busy round of this test makes


def _syncing(fake: FakeChain) -> None:
    fake.syncing = True


def _lonely(fake: FakeChain) -> None:
    fake.peers = 0


def _old(fake: FakeChain) -> None:
    fake.tip_max_age_s = 3600


SICK_BUT_OURS = {"catching up": _syncing, "no peers": _lonely, "too old": _old}


@everywhere
def test_a_node_of_another_network_is_not_believed(house: House) -> None:
    """Case 49: the genesis that we remember decides."""
    house.settle()
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(3)
    genesis = house.chain_row.genesis
    assert genesis
    ChainRow.update(genesis="00" * 32).execute()
    before = rows_written()
    house.restart()
    assert not house.step().well
    assert house.is_paused("another network")
    assert rows_written() == before
    ChainRow.update(genesis=genesis).execute()
    house.settle()
    assert house.chain_row.state == "well"
    assert house.owed("ann") == COIN


@on_the_fake
def test_another_wallet_is_not_believed(house: House, fake: FakeChain) -> None:
    """Case 49: right network, and a wallet that knows none of our addresses."""
    fake.pay(house.address("ann"), COIN)
    fake.mine(3)
    fake.other_wallet = True
    assert not house.step().well
    assert house.is_paused("another wallet")
    assert house.deposits() == []


@on_the_fake
@pytest.mark.parametrize("reason", SICK_BUT_OURS)
def test_a_sick_node_shows_arrivals_and_moves_nothing_else(
    house: House, fake: FakeChain, reason: str
) -> None:
    """Rule 6: pending coins are visible; nothing is confirmed, credited or taken back."""
    credited = fake.pay(house.address("ann"), COIN)
    fake.mine(3)
    house.settle()
    waiting = fake.pay(house.address("bob"), COIN)
    fake.mine()
    house.settle()
    SICK_BUT_OURS[reason](fake)
    fake.reorg(4, first=[fake.double_spend(credited), fake.double_spend(waiting)])
    fake.mine(5)
    fake.pay(house.address("cy"), COIN)
    for _ in range(3):
        assert not house.step().well
    assert house.is_paused(reason)
    assert house.states("ann") == ["credited"]
    assert house.states("bob") == ["pending"]
    assert house.states("cy") == ["pending"]
    fake.syncing, fake.peers, fake.tip_max_age_s = False, 8, None
    house.settle()
    assert house.chain_row.state == "well"
    assert house.states("ann") == ["reversed"]
    assert house.states("bob") == ["vanished"]


@on_the_fake
def test_deep_coins_on_a_syncing_node_are_only_shown(house: House, fake: FakeChain) -> None:
    fake.syncing = True
    fake.pay(house.address("ann"), COIN)
    fake.mine(10)
    house.step()
    house.step()
    assert events_of(house.deposit("ann")) == ["request", "see"]
    fake.syncing = False
    house.settle()
    assert house.owed("ann") == COIN


@on_the_fake
def test_what_was_shown_by_a_sick_node_and_is_gone_vanishes(house: House, fake: FakeChain) -> None:
    fake.syncing = True
    txid = fake.pay(house.address("ann"), COIN)
    fake.mine(2)
    house.step()
    assert house.states("ann") == ["pending"]
    fake.reorg(2, first=[fake.double_spend(txid)])
    fake.syncing = False
    house.settle()
    fake.mine(2)
    house.settle()
    assert house.states("ann") == ["vanished"]


@everywhere
def test_a_node_behind_what_it_showed_takes_nothing_back(house: House) -> None:
    """Case 48: restored from an older copy, it shows a lower tip."""
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(3)
    house.settle()
    assert house.owed("ann") == COIN
    lowest = ""
    if isinstance(house.on, LitecoindHarness):
        lowest = house.on.node.disconnect(3)
    else:
        house.on.lag(3)
    house.restart()
    assert not house.step().well
    assert house.is_paused("behind what it showed before")
    assert not house.deposit("ann").unsettled
    if isinstance(house.on, LitecoindHarness):
        house.on.node.rpc("reconsiderblock", lowest)
    else:
        house.on.lag(0)
    house.settle()
    assert house.chain_row.state == "well"
    assert house.deposit("ann").state == "credited"


@on_the_fake
def test_an_unknown_cursor_pauses_and_resumes_by_itself(house: House, fake: FakeChain) -> None:
    """Case 48."""
    house.settle()
    cursor = str(house.chain_row.hash)
    fake.pay(house.address("ann"), COIN)
    fake.mine(3)
    fake.forgotten.add(cursor)
    before = rows_written()
    for _ in range(2):
        assert not house.step().well
        assert house.is_paused("does not know block", cursor)
    assert rows_written() == before
    fake.forgotten.clear()
    house.settle()
    assert house.chain_row.state == "well"
    assert house.owed("ann") == COIN


@on_a_node_of_its_own
def test_a_cursor_that_the_node_never_had_pauses(house: House) -> None:
    """Case 48 on the real node's own answer (-5): none of the blocks that we followed is there."""
    ChainRow.update(hash="ab" * 32).execute()
    Block.delete().execute()
    assert not house.step().well
    assert house.is_paused("does not know block")


@pytest.mark.node
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_pruned_node_is_followed_like_any_other(database: str, tmp_path: Path) -> None:
    """Case 54: we ask for headers and the wallet's own list, which pruning leaves alone. (This node
    prunes from height 1,000 on, and whole files of 128 MB: more than a test can fill.)"""
    node = Litecoind(tmp_path / "pruned", flags=["-prune=1"])
    try:
        node.start()
        harness = LitecoindHarness(node, currency_of(tmp_path, "LTC"))
        house = House.open(tmp_path, database, harness)
        house.on.pay(house.address("ann"), COIN)
        node.mine(400)
        assert node.rpc("getblockchaininfo")["pruned"] is True
        house.settle()
        assert house.owed("ann") == COIN
        harness.chain.close()
    finally:
        node.kill()


@on_a_node_of_its_own
def test_ages_follow_heights_whatever_the_blocks_say_of_time(
    house: House, on: LitecoindHarness
) -> None:
    """Case 55: block times far ahead and behind; what we book carries our own clock."""
    start_s = int(time.time())
    house.on.pay(house.address("ann"), COIN)
    for shift_s in (7000, -600, 30):
        on.node.rpc("setmocktime", start_s + shift_s)
        on.mine()
        house.settle()
    payment = house.deposit("ann")
    assert payment.state == "credited"
    assert payment.updated_at.startswith(house.now.strftime("%Y-%m-%dT%H:%M"))


@on_a_node_of_its_own
def test_a_killed_node_pauses_its_currency_until_it_is_back(
    house: House, on: LitecoindHarness
) -> None:
    """Cases 88 and 93: down is down, whatever ended it; a full disk ends it too."""
    house.on.pay(house.address("ann"), COIN)
    house.settle()
    on.node.mine(3)
    on.node.rpc("gettxoutsetinfo")  # makes the node write its blocks: a young one forgets them all
    on.node.kill()
    assert isinstance(house.failing_step(), NodeDown)
    assert house.states("ann") == ["pending"]
    on.node.start()
    house.settle()
    assert house.chain_row.state == "well"
    assert house.owed("ann") == COIN


@pytest.mark.node
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_connection_that_idled_too_long_is_made_anew(database: str, tmp_path: Path) -> None:
    """Case 89: the node hangs up after a second of silence."""
    node = Litecoind(tmp_path / "impatient", flags=["-rpcservertimeout=1"])
    try:
        node.start()
        harness = LitecoindHarness(node, currency_of(tmp_path, "LTC"))
        house = House.open(tmp_path, database, harness)
        house.on.pay(house.address("ann"), COIN)
        house.settle()
        for _ in range(3):
            time.sleep(2.5)
            node.mine()
            assert house.step().well
        assert house.owed("ann") == COIN
        harness.chain.close()
    finally:
        node.kill()


@on_the_fake
def test_a_round_cut_off_at_any_call_is_repeated_and_not_lost(
    open_house: OpenHouse, fake: FakeChain
) -> None:
    """Case 90: each call of a busy round fails once, at every place in turn."""
    house = open_house(confirmations=2)
    cut = 0
    for after in range(CALLS_CUT):
        txid = fake.pay(house.address("ann"), COIN)
        other = fake.pay(house.address("bob"), COIN)
        house.settle()
        cheat = fake.double_spend(other)
        fake.mine(2, txids=[txid])
        fake.reorg(1, first=[cheat] if after % 2 else [])
        hit = fake.faults_hit
        fake.fail(NodeDown("the reply was cut off"), after=after)
        try:
            house.step()
        except NodeDown:
            cut += 1
        assert fake.faults_hit - hit in {0, 1}
        fake.fault = None
        fake.mine(2)
        house.settle()
    assert cut >= 6, "the faults missed"
    fake.mine(5)
    house.settle()
    assert house.owed("ann") == CALLS_CUT * COIN
    assert set(house.states("bob")) <= {"credited", "vanished", "held", "reversed"}


@on_the_fake
def test_a_node_that_refuses_a_call_changes_nothing(house: House, fake: FakeChain) -> None:
    """Case 88: -28, 401, a full queue and their like reach us as errors of the node."""
    fake.pay(house.address("ann"), COIN)
    fake.mine(3)
    for error in (NodeRefused("locked", rpc_code=-13), NodeDown("the node is still starting")):
        fake.fail(error)
        before = rows_written()
        assert house.failing_step() is error
        assert rows_written() == before
    house.settle()
    assert house.owed("ann") == COIN


@on_the_fake
def test_a_currency_that_was_in_trouble_is_well_after_the_next_good_round(
    house: House, fake: FakeChain
) -> None:
    """Case 88: not half a minute later, when health would be asked again."""
    house.settle()
    fake.fail(NodeDown("cut"))
    trouble = house.failing_step()
    chains.note_trouble("LTC", str(trouble), house.now)  # as the daemon does
    assert house.is_paused("cut")
    assert house.step().well
    assert house.chain_row.state == "well"


@on_the_fake
def test_rows_that_cannot_be_read_are_parked_and_hold_up_nothing(
    house: House, fake: FakeChain
) -> None:
    fake.oddities.append(Oddity("row:1", "it names no output"))
    fake.pay(house.address("ann"), COIN)
    fake.mine(3)
    house.settle()
    assert house.owed("ann") == COIN


@on_the_fake
def test_a_listed_coin_that_the_node_does_not_stand_by_is_never_credited(
    house: House, fake: FakeChain
) -> None:
    """A list is a hint: asked by id, the node knows of no such chain tx."""
    ghost = Arrival("ab" * 32, "vout:0", "LTC", house.address("ann"), COIN, None)
    fake.phantoms.append(ghost)
    for _ in range(5):
        fake.mine()
        house.step()
    assert house.states("ann") == ["pending"]
    assert house.deposit("ann").sub_state == "not_in_mempool"
    house.step(after=timedelta(days=15))
    house.step()
    assert house.states("ann") == ["vanished"]


@on_the_fake
def test_a_clock_set_back_and_forward_does_not_stop_the_rounds(
    house: House, fake: FakeChain
) -> None:
    """Case 108."""
    txid = fake.pay(house.address("ann"), COIN)
    house.settle()
    house.now -= timedelta(days=2)
    fake.drop(txid)
    house.step(after=timedelta(seconds=40))
    assert house.deposit("ann").sub_state == "not_in_mempool"
    fake.announce(txid)
    house.now += timedelta(days=5)
    fake.mine(3)
    house.settle()
    house.now -= timedelta(days=4)
    house.on.pay(house.address("bob"), COIN)
    fake.mine(3)
    house.settle()
    assert house.owed("ann") == house.owed("bob") == COIN
