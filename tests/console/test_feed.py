"""The feed: each move is heard once, and figures only when they are others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from console.feed import Feed
from engine.pulse import Pulse
from tests.console.houses import FilledHouse
from tests.console.terminal import NOW
from tests.console.test_source import Heard, _loader, asking


def _fed(house: FilledHouse, heard: Heard, **more: Any) -> Any:
    return asking(_loader(house.desk), heard, **more)


def test_a_payment_that_moved_twice_is_named_once(house: FilledHouse) -> None:
    heard, moved = Heard(), list[Collection[str]]()
    with _fed(house, heard) as source:
        Feed(source, clock=lambda: NOW, moved=moved.append, pulsed=heard.said.append).start()
        heard.until(lambda: len(heard.said) == 1)
        payment = house.paid["requested"]
        heard.until(lambda: source.idle)
        with house.till(later_s=5) as till:
            till.see(payment, 1_000_000, height=1000)
            till.confirm(payment)
        heard.until(lambda: payment in {each for look in moved for each in look})
        heard.until(lambda: len(heard.said) > 1)
        assert all(list(look).count(payment) <= 1 for look in moved)


def test_a_quiet_house_says_nothing_twice(house: FilledHouse) -> None:
    heard, moved = Heard(), list[Collection[str]]()
    with _fed(house, heard) as source:
        feed = Feed(source, clock=lambda: NOW, moved=moved.append, pulsed=heard.said.append)
        feed.start()
        heard.until(lambda: len(heard.said) == 1)
        pulse: Pulse = heard.said[0]
        assert (pulse.held, pulse.running) == (2, True)
        for each in source._standing:
            each.due = 0.0
        house.beat(NOW + timedelta(seconds=1))
        source.ask("last", lambda _config: "asked", heard.refused.append)
        heard.until(lambda: len(heard.refused) == 1)
        assert (len(heard.said), moved) == (1, [])
