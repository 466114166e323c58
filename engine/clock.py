"""The one clock. Rules take `now` as a parameter; only loops and doors ask `utc_now()`."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

OFFSET_VARIABLE = "CASHIER_CLOCK"
_OFFSET = re.compile(r"([+-])([0-9]{1,6})([smhd])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_sandbox = {"offset": timedelta()}


def utc_now() -> datetime:
    """The present, aware and in UTC, moved by the sandbox offset if one is set."""
    return datetime.now(UTC) + _sandbox["offset"]


def parse_offset(text: str) -> timedelta:
    """The offset that `CASHIER_CLOCK` means, such as `+3d` or `-90s`. Raises ValueError."""
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{OFFSET_VARIABLE} must look like +3d or -90s, not {text!r}")
    sign, amount, unit = match.groups()
    delta = timedelta(**{_UNIT[unit]: int(amount)})
    return delta if sign == "+" else -delta


def use_sandbox_offset(*, sandbox: bool) -> timedelta:
    """Take the offset of the environment into use on sandbox networks; elsewhere it is ignored."""
    text = os.environ.get(OFFSET_VARIABLE, "")
    _sandbox["offset"] = parse_offset(text) if text and sandbox else timedelta()
    return _sandbox["offset"]


def rfc3339(moment: datetime) -> str:
    """`moment` as RFC 3339 in UTC with microseconds: sorts as text as it does in time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_rfc3339(text: str) -> datetime:
    """The moment that `rfc3339` wrote. Raises ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Interval:
    """Something to be done every so often. A clock that was set back does not put it off."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._due: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time, which it is at first."""
        due = self._due
        return due is None or now >= due or now < due - self._every

    def wait(self, now: datetime) -> None:
        """It was done at `now`."""
        self._due = now + self._every

    def hurry(self) -> None:
        """It is due at once."""
        self._due = None
