"""What was sealed is known again, row by row, at a cost that does not grow with every question."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from db.models import History, Seal
from engine.audit import seals
from engine.audit.keys import load_or_create
from engine.audit.sealed import CHANGED, NO_KEY, SWEEP_EVERY, SealedHistory, open_sealed
from engine.config import Config
from engine.installation import ensure_id
from tests.engine.audit.histories import KEY
from tests.engine.audit.tampering import tamper
from tests.engine.house import NOW, add_client, add_deposit, house


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    """Two seals over a few payments, and rows that are not sealed yet."""
    assert database
    config = house(tmp_path)
    ensure_id()
    for name in ("ann", "bob", "eve"):
        add_client(name)
        add_deposit(config, name, state="credited", units=5)
        if name != "eve":
            seals.seal(now=NOW, key=KEY)
    return config


def rows(client: str) -> list[History]:
    return list(History.select().where(History.client == client).order_by(History.seq))


def ours() -> SealedHistory:
    return SealedHistory([KEY.public])


def test_what_was_sealed_holds_and_so_does_what_is_not_sealed_yet(config: Config) -> None:
    assert config.sandbox
    sealed = ours()
    assert sealed.trouble(NOW) == ""
    assert all(sealed.hold(rows(name)) for name in ("ann", "bob", "eve"))


def test_a_row_with_another_hash_than_the_sealed_one_does_not_hold(config: Config) -> None:
    assert config.sandbox
    sealed = ours()
    assert sealed.trouble(NOW) == ""
    row = rows("bob")[0]
    row.hash = "ab" * 32
    assert not sealed.hold([row])
    tamper(f"UPDATE history SET hash = '{'ab' * 32}' WHERE seq = {rows('ann')[0].seq}")
    assert not sealed.hold(rows("ann"))
    assert sealed.hold(rows("bob"))


def test_rows_that_nobody_asks_for_are_looked_at_in_turn(config: Config) -> None:
    assert config.sandbox
    sealed, seq = ours(), rows("ann")[1].seq
    assert sealed.trouble(NOW) == ""
    old = rows("ann")[1].hash
    tamper(f"UPDATE history SET hash = '{'ab' * 32}' WHERE seq = {seq}")
    assert sealed.trouble(NOW + timedelta(seconds=1)) == ""  # not in every round
    assert sealed.trouble(NOW + SWEEP_EVERY) == CHANGED
    assert sealed.trouble(NOW + SWEEP_EVERY) == CHANGED
    tamper(f"UPDATE history SET hash = '{old}' WHERE seq = {seq}")
    assert sealed.trouble(NOW + 2 * SWEEP_EVERY) == ""
    assert sealed.hold(rows("ann"))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM history WHERE seq = 2",
        "DELETE FROM seal WHERE number = 1",
        "DELETE FROM seal WHERE number = 2",
        "UPDATE seal SET last_seq = last_seq - 1 WHERE number = 2",
        "UPDATE seal SET prev = 'x' WHERE number = 2",
        "UPDATE seal SET signature = 'AAAA' WHERE number = 2",
    ],
)
def test_rows_and_seals_that_were_taken_or_changed_are_missed(config: Config, change: str) -> None:
    assert config.sandbox
    started = ours()
    assert started.trouble(NOW) == ""
    tamper(change)
    seals_left = Seal.select().count()
    fresh = ours().trouble(NOW)
    if change.startswith("DELETE FROM seal WHERE number = 2"):
        assert (seals_left, fresh) == (1, "")  # an engine that starts now cannot know it
        assert started.trouble(NOW) == CHANGED
    else:
        assert fresh == CHANGED


def test_seals_of_a_stranger_are_no_seals(config: Config, tmp_path: Path) -> None:
    stranger = load_or_create(tmp_path / "stranger")
    assert SealedHistory([stranger.public]).trouble(NOW) == CHANGED
    assert SealedHistory([stranger.public, KEY.public]).trouble(NOW) == ""
    assert SealedHistory([]).trouble(NOW) == NO_KEY
    tamper("DELETE FROM seal")
    assert SealedHistory([]).trouble(NOW) == ""
    seals.seal(now=NOW, key=stranger)
    assert ours().trouble(NOW) == CHANGED
    assert config.sandbox


def test_new_seals_are_taken_as_they_come(config: Config) -> None:
    sealed = ours()
    assert sealed.trouble(NOW) == ""
    seals.seal(now=NOW, key=KEY)
    add_deposit(config, "ann", state="credited", units=7)
    assert sealed.trouble(NOW) == ""
    eve = rows("eve")
    assert sealed.hold(eve)
    eve[0].hash = "cd" * 32
    assert not sealed.hold(eve)


def test_the_engine_trusts_its_own_key_and_the_former_ones_of_the_file(config: Config) -> None:
    own = load_or_create(config.audit_key)
    assert open_sealed(config).trouble(NOW) == CHANGED
    former = config.audit.model_copy(update={"former_keys": (KEY.public,)})
    assert open_sealed(replace(config, audit=former)).trouble(NOW) == ""
    tamper("DELETE FROM seal")
    seals.seal(now=NOW, key=own)
    assert open_sealed(config).trouble(NOW) == ""
