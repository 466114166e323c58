"""The figures of each second: what is sick, what waits, since when."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from db.models import Chain
from engine import brakes
from engine.clock import rfc3339
from engine.pulse import pulse
from tests.engine.house import NOW, add_client, add_deposit, house
from tests.web.till import Till


@pytest.mark.usefixtures("database")
def test_a_house_without_an_engine_says_so(tmp_path: Path) -> None:
    found = pulse(house(tmp_path), NOW)
    assert (found.running, found.beat, found.missing, found.well) == (False, None, ("LTC",), False)


@pytest.mark.usefixtures("database")
def test_held_payments_are_work_and_no_trouble(tmp_path: Path) -> None:
    config = house(tmp_path)
    Till(config)
    Chain.update(beat_at=rfc3339(NOW)).execute()
    add_client("ann")
    held = add_deposit(config, state="held", units=5)
    add_deposit(config, None, state="held", units=5)
    found = pulse(config, NOW + timedelta(seconds=1))
    assert (found.held, found.oldest_held, found.breaks) == (2, held.updated_at, 0)
    assert found.well
    assert not found.compared


@pytest.mark.usefixtures("database")
def test_a_sick_chain_tells_how_many_wait_for_it(tmp_path: Path) -> None:
    config = house(tmp_path)
    Till(config).chain("LTC", height=7, state="paused", reason="syncing")
    for name, state in (("ann", "requested"), ("ben", "pending"), ("cleo", "confirmed")):
        add_client(name)
        add_deposit(config, name, state=state, units=5)
    found = pulse(config, NOW)
    assert found.waiting == {"LTC": 2}
    assert found.chains[0].reason == "syncing"


@pytest.mark.usefixtures("database")
def test_a_persons_brake_is_among_them(tmp_path: Path) -> None:
    config = house(tmp_path)
    brakes.put_on(currency="LTC", kind="deposit", reason="audit", staff="ann", now=NOW)
    assert [(b.currency, b.kind, b.reason) for b in pulse(config, NOW).brakes] == [
        ("LTC", "deposit", "audit")
    ]
