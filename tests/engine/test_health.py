"""When a node is asked how it is, and what is kept of its answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine import chains
from engine.chain import Identity
from engine.errors import NodeDown
from engine.health import CHECK_EVERY, HealthWatch
from tests.engine.house import NOW, add_addresses, house
from tests.nodes.fake import FakeChain

SECOND = timedelta(seconds=1)


class ForkedChain(FakeChain):
    """A node that tells its fork only when it has synced past it."""

    def identity(self) -> Identity:
        told = super().identity()
        return Identity(told.genesis, None if self.syncing else "fork")


@pytest.fixture
def node(database: str, tmp_path: Path) -> FakeChain:
    assert database
    chains.ensure(house(tmp_path), NOW)
    return ForkedChain()


@pytest.fixture
def watch(node: FakeChain) -> HealthWatch:
    return HealthWatch("LTC", node)


def test_a_well_node_is_asked_on_a_slow_clock(node: FakeChain, watch: HealthWatch) -> None:
    assert watch.check(NOW).well
    calls = node.calls()
    watch.check(NOW + CHECK_EVERY - SECOND)
    assert node.calls() == calls
    watch.check(NOW + CHECK_EVERY)
    assert node.calls() > calls


def test_a_moved_tip_asks_at_once(node: FakeChain, watch: HealthWatch) -> None:
    watch.check(NOW)
    calls = node.calls()
    watch.check(NOW + SECOND, tip_moved=True)
    assert node.calls() > calls


def test_a_clock_that_was_set_back_does_not_put_the_question_off(
    node: FakeChain, watch: HealthWatch
) -> None:
    watch.check(NOW)
    calls = node.calls()
    watch.check(NOW - timedelta(days=1))
    assert node.calls() > calls


def test_a_sick_node_is_asked_each_round_until_it_is_well(
    node: FakeChain, watch: HealthWatch
) -> None:
    node.syncing = True
    assert not watch.check(NOW).well
    assert chains.state("LTC").state == "paused"
    node.syncing = False
    assert watch.check(NOW + SECOND).well
    row = chains.state("LTC")
    assert (row.state, row.reason, row.node_height) == ("well", "", node.tip.height)


def test_an_error_leaves_nothing_to_be_believed(node: FakeChain, watch: HealthWatch) -> None:
    watch.check(NOW)
    node.down = "gone"
    with pytest.raises(NodeDown):
        watch.check(NOW + CHECK_EVERY)
    with pytest.raises(NodeDown):  # not the answer of before
        watch.check(NOW + CHECK_EVERY + SECOND)


def test_what_is_forgotten_is_asked_again(node: FakeChain, watch: HealthWatch) -> None:
    watch.check(NOW)
    calls = node.calls()
    watch.forget()
    watch.check(NOW + SECOND)
    assert node.calls() > calls


def test_the_first_contact_is_remembered_and_the_fork_when_it_is_known(
    node: FakeChain, watch: HealthWatch
) -> None:
    node.syncing = True
    watch.check(NOW)
    expected = chains.expectation("LTC", None)
    assert (expected.genesis, expected.fork) == (node.active[0], None)
    node.syncing = False
    watch.check(NOW + SECOND)
    assert chains.expectation("LTC", None).fork == "fork"


def test_another_chain_is_neither_trusted_nor_remembered(
    node: FakeChain, watch: HealthWatch
) -> None:
    watch.check(NOW)
    node.other_genesis = "ff" * 32
    again = HealthWatch("LTC", node)  # a new start
    assert not again.check(NOW).well
    assert chains.state("LTC").state == "paused"
    assert chains.expectation("LTC", None).genesis == node.active[0]


def test_a_wallet_that_does_not_own_our_address_is_another(
    node: FakeChain, watch: HealthWatch
) -> None:
    add_addresses(2)
    node.other_wallet = True
    assert not watch.check(NOW).well
    assert "wallet" in chains.state("LTC").reason


def test_a_doubt_pauses_a_well_node_until_a_round_goes_through(
    node: FakeChain, watch: HealthWatch
) -> None:
    watch.check(NOW)
    watch.doubt("an unknown block", NOW)
    row = chains.state("LTC")
    assert (row.state, row.reason, row.node_height) == (
        "paused",
        "an unknown block",
        node.tip.height,
    )
    watch.check(NOW + CHECK_EVERY)
    assert chains.state("LTC").state == "paused"
    watch.trust(NOW + CHECK_EVERY)
    assert chains.state("LTC").state == "well"


def test_a_doubt_does_not_hide_what_the_node_says_of_itself(
    node: FakeChain, watch: HealthWatch
) -> None:
    watch.check(NOW)
    watch.doubt("an unknown block", NOW)
    node.syncing = True
    watch.check(NOW + CHECK_EVERY)
    assert chains.state("LTC").reason != "an unknown block"
