"""Figures of chains for whoever watches: funds and need, who follows, the course of a day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time

from db.models import Balance, Block, Chain, Lease
from engine import brakes
from engine import chain_figures as watched
from engine.chain_figures import HOURS, course, figures
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits.request import request_deposit
from engine.ledger import WALLET_COLD, WALLET_HOT
from tests.engine.house import NOW, add_client, house, new_batch
from tests.web.till import Till

pytestmark = pytest.mark.usefixtures("database")


def ask(config: Config, units: int) -> None:
    """A withdrawal that waits."""
    with new_batch(config) as batch:
        batch.open(
            kind="withdrawal",
            client="ann",
            currency="LTC",
            chain="LTC",
            units=units,
            fee_units=0,
            evidence={},
        )


@freeze_time(NOW)
def see(config: Config) -> None:
    """A deposit that was asked for and seen."""
    till = Till(config)
    add_client("ann")
    payment, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    till.see(payment.id, 500_000_000)


def test_a_chain_without_an_engine_is_followed_by_nobody(tmp_path: Path) -> None:
    config = house(tmp_path)
    Till(config)
    Lease.insert(chain="LTC", holder="gone", fence=3, beat=1).execute()
    found = figures(config, NOW)[0]
    assert (found.running, found.holder, found.fee_rate) == (False, None, None)
    Chain.update(beat_at=rfc3339(NOW), fee_rate=1_250).execute()
    found = figures(config, NOW)[0]
    assert (found.running, found.holder, found.fee_rate) == (True, "gone", 1_250)


def test_funds_tell_what_is_missing_for_what_waits(tmp_path: Path) -> None:
    config = house(tmp_path)
    Till(config)
    add_client("ann")
    for account, units in ((WALLET_HOT, 700), (WALLET_COLD, 9_000)):
        Balance.insert(account=account, currency="LTC", units=units).execute()
    for units in (500, 400):
        ask(config, units)
    funds = figures(config, NOW)[0].funds[0]
    assert (funds.hot, funds.cold, funds.waiting, funds.free) == (700, 9_000, 900, 0)
    assert funds.short == 900


def test_a_brake_stands_with_its_chain(tmp_path: Path) -> None:
    config = house(tmp_path)
    Till(config)
    brakes.put_on(currency="LTC", kind="deposit", reason="audit", staff="ann", now=NOW)
    assert [brake.reason for brake in figures(config, NOW)[0].brakes] == ["audit"]


def test_blocks_are_counted_by_their_heights_and_hours(tmp_path: Path) -> None:
    config = house(tmp_path)
    Till(config)
    Block.delete().execute()
    now_s = int(NOW.timestamp())
    for height, back_s in ((100, 7_200), (103, 3_600), (104, 3_000), (110, 0)):
        Block.insert(
            chain="LTC", hash=f"{height:064}", height=height, time=now_s - back_s, median_time=0
        ).execute()
    blocks = course(config, "LTC", NOW).blocks
    assert len(blocks) == HOURS
    assert sum(blocks) == 10
    assert blocks[-1] >= 6


def test_the_course_counts_what_was_seen_and_what_waited(tmp_path: Path) -> None:
    config = house(tmp_path)
    see(config)
    ask(config, 7)
    found = course(config, "LTC", NOW + timedelta(minutes=1))
    assert sum(found.deposits) == 1
    assert found.queue[-1] == 1
    assert found.hours == HOURS


def test_a_busy_day_is_counted_as_far_as_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = house(tmp_path)
    see(config)
    monkeypatch.setattr(watched, "SCANNED_MAX", 1)
    assert course(config, "LTC", NOW).hours < HOURS
