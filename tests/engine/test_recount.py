"""The whole list against our rows, on a thread of its own that never takes anything down."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from engine.chain import Chain
from engine.errors import NodeDown
from engine.recount import Recount
from tests.engine.deposits.life import COIN, House
from tests.nodes.fake import FakeChain
from tests.nodes.harness import FakeHarness
from tests.nodes.ports import PATIENCE_S


@pytest.fixture
def house(database: str, tmp_path: Path) -> House:
    """A house on the chain in memory that looks away while somebody is paid."""
    return House.open(tmp_path, database, FakeHarness(), confirmations=2)


def _overlooked(house: House) -> None:
    """A coin in a block that the follower passed without seeing it, as before an import."""
    address = house.address("ann")
    fake = house.node
    assert isinstance(fake, FakeChain)
    fake.mine()
    house.settle()
    txid = fake.pay(address, COIN)
    fake.mine(2)
    fake.ours.discard(address)
    house.step()
    fake.ours.add(address)
    assert house.deposits() == []
    assert txid in fake.mined


def test_a_recount_in_the_background_finds_what_was_overlooked(house: House) -> None:
    _overlooked(house)
    recount = Recount(house.config, "LTC", lambda: house.node)
    recount.start(house.lease, None)
    recount.join(PATIENCE_S)
    assert house.states("ann") == ["credited"]
    house.settle()
    assert house.owed("ann") == COIN


def test_a_node_that_fails_under_a_recount_is_said_and_tried_another_time(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def opener() -> Chain:
        raise NodeDown("the node did not answer in time")

    recount = Recount(house.config, "LTC", opener)
    with caplog.at_level(logging.WARNING):
        recount.start(house.lease, None)
        recount.join(PATIENCE_S)
    assert "the recount stopped: the node did not answer in time" in caplog.text


def test_a_second_recount_does_not_start_while_one_is_under_way(house: House) -> None:
    opened, answers = [], threading.Event()

    def opener() -> Chain:
        opened.append(1)
        answers.wait(PATIENCE_S)
        return house.node

    recount = Recount(house.config, "LTC", opener)
    for _ in range(3):
        recount.start(house.lease, None)
    answers.set()
    recount.join(PATIENCE_S)
    assert len(opened) == 1
