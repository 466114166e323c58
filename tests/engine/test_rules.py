"""Rules: the first one whose every condition holds decides, and no other is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.rules import DAY, HOUR, MONTH, Subject, first_match
from tests.engine.house import house

COIN = 100_000_000


@dataclass
class Figures:
    """A flow of known figures; notes what it was asked."""

    own: dict[timedelta, int] = field(default_factory=dict)
    all: dict[timedelta, int] = field(default_factory=dict)
    counts: dict[timedelta, int] = field(default_factory=dict)
    new: bool = False
    asked: int = 0

    def of_client(self, window: timedelta) -> int:
        self.asked += 1
        return self.own.get(window, 0)

    def of_all(self, window: timedelta) -> int:
        return self.all.get(window, 0)

    def count(self, window: timedelta) -> int:
        return self.counts.get(window, 0)

    def is_new_address(self) -> bool:
        return self.new


def decided(folder: Path, rules: list[dict[str, Any]], subject: Subject) -> str | None:
    """The name of the rule that decides."""
    given = [
        {"name": f"r{at}", "kind": "withdrawal", "currency": "LTC", "then": "hold", **rule}
        for at, rule in enumerate(rules)
    ]
    config = house(folder, tables={"rule": given})
    found = first_match(config.currencies["LTC"].limits, subject)
    return None if found is None else found.name


def of(units: int = COIN, *, client: str = "ann", kind: str = "withdrawal", **flow: Any) -> Subject:
    return Subject(kind, client, units, Figures(**flow))


def test_the_first_that_matches_decides(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [
        {"above": "5"},
        {"clients": ["bob"], "then": "allow"},
        {"then": "refuse"},
        {},
    ]
    assert decided(tmp_path, rules, of(6 * COIN, client="bob")) == "r0"
    assert decided(tmp_path, rules, of(5 * COIN, client="bob")) == "r1"
    assert decided(tmp_path, rules, of()) == "r2"
    assert decided(tmp_path, [{"above": "5"}], of()) is None
    assert decided(tmp_path, [], of()) is None


def test_a_rule_of_another_kind_is_not_asked(tmp_path: Path) -> None:
    assert decided(tmp_path, [{"kind": "site_transfer"}], of()) is None
    assert decided(tmp_path, [{"kind": "deposit", "above": "0.5"}], of(kind="deposit")) == "r0"


@pytest.mark.parametrize(
    ("rule", "below", "beyond"),
    [
        ({"above": "1"}, {"units": COIN}, {"units": COIN + 1}),
        ({"new_address": True}, {"new": False}, {"new": True}),
        ({"new_address": False}, {"new": True}, {"new": False}),
        ({"hourly": "1"}, {"own": {HOUR: COIN}}, {"own": {HOUR: COIN + 1}}),
        ({"daily": "1"}, {"own": {DAY: COIN, HOUR: 2 * COIN}}, {"own": {DAY: COIN + 1}}),
        ({"monthly": "1"}, {"own": {MONTH: COIN}}, {"own": {MONTH: COIN + 1}}),
        ({"total_hourly": "1"}, {"all": {HOUR: COIN}}, {"all": {HOUR: COIN + 1}}),
        ({"total_daily": "1"}, {"all": {DAY: COIN}}, {"all": {DAY: COIN + 1}}),
        ({"total_monthly": "1"}, {"all": {MONTH: COIN}}, {"all": {MONTH: COIN + 1}}),
        ({"count_hourly": 3}, {"counts": {HOUR: 3}}, {"counts": {HOUR: 4}}),
        ({"count_daily": 3}, {"counts": {DAY: 3}}, {"counts": {DAY: 4}}),
    ],
)
def test_a_bound_is_passed_only_beyond_it(
    tmp_path: Path, rule: dict[str, Any], below: dict[str, Any], beyond: dict[str, Any]
) -> None:
    assert decided(tmp_path, [rule], of(**below)) is None
    assert decided(tmp_path, [rule], of(**beyond)) == "r0"


def test_every_condition_must_hold_and_sums_are_asked_for_last(tmp_path: Path) -> None:
    rule = {"clients": ["bob"], "daily": "1"}
    subject = of(client="ann")
    assert decided(tmp_path, [rule], subject) is None
    assert isinstance(subject.flow, Figures)
    assert subject.flow.asked == 0


@pytest.mark.parametrize("key", ["hourly", "total_daily", "count_daily", "new_address"])
def test_a_rule_for_deposits_knows_their_own_facts_only(tmp_path: Path, key: str) -> None:
    value: Any = {"new_address": True, "count_daily": 1}.get(key, "1")
    rule = {"name": "r", "kind": "deposit", "currency": "LTC", "then": "hold", key: value}
    with pytest.raises(ConfigError, match=f"a deposit has no {key}"):
        house(tmp_path, tables={"rule": [rule]})
