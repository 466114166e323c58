"""A node that was restored from a backup, and one that tells nonsense about a single chain tx."""

from __future__ import annotations

import shutil
from pathlib import Path

from db.models import Parked
from engine.chain import Fact, Standing
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import on_a_node_of_its_own, on_the_fake
from tests.nodes.fake import FakeChain
from tests.nodes.litecoind import Litecoind

FINALITY = 4


@on_the_fake
def test_a_node_that_never_had_our_last_block_is_asked_about_every_deposit(
    house: House, fake: FakeChain
) -> None:
    """Cases 48, 56: its wallet may be an older one, too."""
    credited = fake.pay(house.address("ann"), COIN)
    fake.mine(3)
    house.settle()
    waiting = fake.pay(house.address("bob"), COIN)
    fake.mine(1)
    house.settle()
    _restore(fake, blocks=1)
    fake.drop(waiting)
    fake.lies[credited] = Fact(credited, Standing.ABSENT)
    house.restart()
    assert house.step().well
    assert house.chain_row.state == "well"
    assert (house.deposit("ann").state, house.deposit("ann").unsettled) == ("credited", True)
    assert (house.deposit("bob").state, house.deposit("bob").block_hash) == ("pending", None)
    fake.lies.clear()
    fake.mine(1)
    house.restart()
    house.settle()
    assert (house.deposit("ann").state, house.deposit("ann").unsettled) == ("credited", False)


@on_the_fake
def test_a_node_that_lost_what_was_final_pauses_until_a_person_looked(
    open_house: OpenHouse, fake: FakeChain
) -> None:
    house = open_house(finality=FINALITY)
    for _ in range(FINALITY + 2):
        fake.mine(1)
        house.settle()
    _restore(fake, blocks=FINALITY + 1)
    house.restart()
    for _ in range(2):
        assert not house.step().well
        assert house.is_paused(f"reorganised deeper than {FINALITY} blocks")


def _restore(fake: FakeChain, *, blocks: int) -> None:
    """The node is an older copy of itself that took another way, and never had the last blocks."""
    fake.forgotten.update(fake.active[-blocks:])
    fake.reorg(blocks)


@on_a_node_of_its_own
def test_a_real_node_that_was_restored_is_followed_again(
    house: House, own_litecoind: Litecoind, tmp_path: Path
) -> None:
    """Case 48."""
    node, backup = own_litecoind, tmp_path / "backup"
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(3)
    house.settle()
    house.node.close()
    node.stop()
    shutil.copytree(node.folder / "regtest", backup)
    node.start()
    house.on.pay(house.address("bob"), COIN)
    house.on.mine(1)
    house.settle()
    house.node.close()
    node.stop()
    shutil.rmtree(node.folder / "regtest")
    shutil.copytree(backup, node.folder / "regtest")
    node.start()
    house.on.mine(2)
    house.settle()
    assert house.chain_row.state == "well"
    assert (house.deposit("ann").state, house.deposit("ann").unsettled) == ("credited", False)
    assert (house.deposit("bob").state, house.deposit("bob").block_hash) == ("pending", None)


@on_the_fake
def test_nonsense_about_one_chain_tx_parks_it_and_holds_up_no_other(
    house: House, fake: FakeChain
) -> None:
    """Rule 10."""
    poisoned = fake.pay(house.address("ann"), COIN)
    fake.pay(house.address("bob"), COIN)
    fake.lies[poisoned] = Fact(poisoned, Standing.UNREADABLE, words="a number in it is none")
    fake.mine(1)
    house.settle()
    fake.mine(2)
    for _ in range(3):
        house.step()
    assert (house.deposit("ann").state, house.deposit("bob").state) == ("pending", "credited")
    assert house.chain_row.state == "well"
    (parked,) = Parked.select()
    assert parked.key == poisoned
    assert "a number in it is none" in parked.reason
    fake.lies.clear()
    house.settle()
    assert house.deposit("ann").state == "credited"
