"""One clock in UTC; a sandbox may move it, nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import clock
from engine.clock import (
    OFFSET_VARIABLE,
    Interval,
    parse_offset,
    parse_rfc3339,
    rfc3339,
    use_sandbox_offset,
    utc_now,
)
from tests.conftest import Frozen

AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
moments = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))]),
)


@pytest.fixture(autouse=True)
def _no_offset() -> Iterator[None]:
    yield
    clock._sandbox["offset"] = timedelta()


@given(one=moments, other=moments)
def test_times_sort_as_text_as_they_do_in_time(one: datetime, other: datetime) -> None:
    assert (rfc3339(one) < rfc3339(other)) is (one < other)
    assert parse_rfc3339(rfc3339(one)) == one
    assert rfc3339(one).endswith("Z")
    assert len(rfc3339(one)) == len("2026-10-25T00:30:00.000000Z")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Apia"])
def test_the_zone_of_the_machine_and_its_summer_time_change_nothing(
    zone: str, monkeypatch: pytest.MonkeyPatch, frozen: Frozen
) -> None:
    monkeypatch.setenv("TZ", zone)
    with frozen(AT) as at:
        first = rfc3339(utc_now())
        at.tick(timedelta(hours=1))
        second = rfc3339(utc_now())
    assert (first, second) == ("2026-10-25T00:30:00.000000Z", "2026-10-25T01:30:00.000000Z")


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("+3d", timedelta(days=3)),
        ("-90s", timedelta(seconds=-90)),
        ("+5m", timedelta(minutes=5)),
        (" +2h ", timedelta(hours=2)),
    ],
)
def test_an_offset_reads_as_it_is_written(text: str, offset: timedelta) -> None:
    assert parse_offset(text) == offset


@pytest.mark.parametrize(
    "text", ["3d", "+d", "+3w", "+3.5d", "+3d1h", "++3d", "+1234567d", "+٣d", "", "x", "+3D"]
)
def test_another_text_is_no_offset(text: str) -> None:
    with pytest.raises(ValueError, match=OFFSET_VARIABLE):
        parse_offset(text)


def test_a_sandbox_moves_its_clock(monkeypatch: pytest.MonkeyPatch, frozen: Frozen) -> None:
    monkeypatch.setenv(OFFSET_VARIABLE, "+3d")
    with frozen(AT):
        assert use_sandbox_offset(sandbox=True) == timedelta(days=3)
        assert utc_now() == AT + timedelta(days=3)


def test_nobody_else_does(monkeypatch: pytest.MonkeyPatch, frozen: Frozen) -> None:
    monkeypatch.setenv(OFFSET_VARIABLE, "+3d")
    use_sandbox_offset(sandbox=True)
    with frozen(AT):
        assert use_sandbox_offset(sandbox=False) == timedelta()
        assert utc_now() == AT
    monkeypatch.setenv(OFFSET_VARIABLE, "nonsense")
    assert use_sandbox_offset(sandbox=False) == timedelta()


def test_an_offset_that_is_gone_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFSET_VARIABLE, "+3d")
    use_sandbox_offset(sandbox=True)
    monkeypatch.delenv(OFFSET_VARIABLE)
    assert use_sandbox_offset(sandbox=True) == timedelta()


def test_an_interval_is_due_at_first_and_then_every_so_often() -> None:
    interval = Interval(timedelta(seconds=30))
    assert interval.is_due(AT)
    interval.wait(AT)
    assert not interval.is_due(AT + timedelta(seconds=29))
    assert interval.is_due(AT + timedelta(seconds=30))
    interval.hurry()
    assert interval.is_due(AT)


def test_a_clock_that_was_set_back_does_not_put_an_interval_off() -> None:
    interval = Interval(timedelta(seconds=30))
    interval.wait(AT)
    assert not interval.is_due(AT - timedelta(microseconds=1) + timedelta(seconds=1))
    assert interval.is_due(AT - timedelta(days=400))
