"""What is remembered of a chain: how far, how well, who it is, and what could not be read."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from db.models import Block as BlockRow
from db.models import Chain, Parked
from engine import chains
from engine.chain import Block, Health, Identity, Oddity, Trust
from engine.clock import rfc3339
from tests.engine.house import NOW, house

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _ltc(database: str, tmp_path: Path) -> None:
    assert database
    chains.ensure(house(tmp_path), NOW)


def block(height: int, name: str = "") -> Block:
    return Block(height, f"{name}{height:04d}", f"{name}{height - 1:04d}", 1000 + height, 900)


def test_every_chain_has_a_row_before_its_node_was_asked(tmp_path: Path) -> None:
    row = chains.state("LTC")
    assert (row.state, row.reason, row.height) == ("paused", "not contacted yet", -1)
    assert row.since == rfc3339(NOW)
    chains.note_tip("LTC", block(7))
    chains.ensure(house(tmp_path), LATER)
    assert chains.followed_height("LTC") == 7


def test_a_chain_that_nobody_configured_was_followed_nowhere() -> None:
    assert chains.followed_height("XXX") == -1


def test_following_moves_height_hash_and_time() -> None:
    chains.note_tip("LTC", block(7))
    chains.note_tip("LTC", block(8))
    row = chains.state("LTC")
    assert (row.height, row.hash, row.tip_time, row.node_height) == (8, "0008", 1008, 8)
    chains.note_tip("LTC", block(7))  # back again after a reorganisation, known already
    assert chains.followed_height("LTC") == 7
    assert BlockRow.select().count() == 2


def test_tips_are_told_highest_first_and_forgotten_by_name() -> None:
    for height in (3, 9, 5):
        chains.note_tip("LTC", block(height))
    assert chains.tips("LTC") == [(9, "0009"), (5, "0005"), (3, "0003")]
    chains.forget_tips("BTC", ["0005"])
    chains.forget_tips("LTC", ["0005", "unknown"])
    assert chains.tips("LTC") == [(9, "0009"), (3, "0003")]
    assert chains.tips("BTC") == []


def test_old_blocks_are_forgotten_and_recent_ones_are_not() -> None:
    for height in range(0, 1000, 50):
        chains.note_tip("LTC", block(height))
    chains.prune_blocks("LTC", below=900)
    kept = [row.height for row in BlockRow.select().order_by(BlockRow.height)]
    assert kept == list(range(900 - chains.BLOCKS_KEPT, 1000, 50))
    chains.prune_blocks("BTC", below=10**6)
    assert BlockRow.select().count() == len(kept)


def test_what_is_known_of_a_chain_never_changes() -> None:
    chains.remember_identity("LTC", Identity("genesis", None))
    chains.remember_identity("LTC", Identity("other", "fork"))
    chains.remember_identity("LTC", Identity("third", "third"))
    expected = chains.expectation("LTC", "an address")
    assert (expected.genesis, expected.fork) == ("genesis", "fork")
    assert (expected.address, expected.height) == ("an address", -1)


def test_since_is_the_moment_of_the_last_change(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="engine.chains")
    chains.note_health("LTC", Health(Trust.FULL, tip=block(9), peers=8, version="v1"), NOW)
    chains.note_health("LTC", Health(Trust.FULL, tip=block(9)), LATER)
    row = chains.state("LTC")
    assert (row.state, row.since, row.checked_at) == ("well", rfc3339(NOW), rfc3339(LATER))
    assert row.node_height == 9
    chains.note_trouble("LTC", "the node does not answer", LATER)
    chains.note_trouble("LTC", "the node says no", LATER + timedelta(seconds=9))
    row = chains.state("LTC")
    assert (row.state, row.reason, row.since) == ("paused", "the node says no", rfc3339(LATER))
    assert [record.message for record in caplog.records] == [
        "LTC: well",
        "LTC: paused: the node does not answer",
    ]


def test_the_other_chains_keep_their_state() -> None:
    Chain.create(symbol="BTC", since="", state="well")
    chains.note_trouble("LTC", "down", NOW)
    chains.note_tip("LTC", block(3))
    assert (chains.state("BTC").state, chains.followed_height("BTC")) == ("well", -1)


def test_what_could_not_be_read_is_kept_once() -> None:
    chains.park("LTC", (), NOW)
    rows = (Oddity("tx:1", "no address"), Oddity("tx:2", "no amount"))
    chains.park("LTC", rows, NOW)
    chains.park("LTC", (Oddity("tx:1", "again"), Oddity("tx:3", "new")), LATER)
    found = {row.key: (row.reason, row.since) for row in Parked.select()}
    assert found == {
        "tx:1": ("no address", rfc3339(NOW)),
        "tx:2": ("no amount", rfc3339(NOW)),
        "tx:3": ("new", rfc3339(LATER)),
    }
