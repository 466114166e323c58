"""[[rule]] tables: the first one whose every condition holds decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from engine.config.house import Rule

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTH = timedelta(days=30)


class Flow(Protocol):
    """What was paid out lately in one currency, the payment in question included."""

    def of_client(self, window: timedelta) -> int:
        """Units of this client in the last `window`."""

    def of_all(self, window: timedelta) -> int:
        """Units of all clients in the last `window`."""

    def count(self, window: timedelta) -> int:
        """Payments of this client in the last `window`."""

    def is_new_address(self) -> bool:
        """Whether the client never paid this address before."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A payment as rules see it. `flow` is None where the configuration allows no such condition:
    a coin that arrives is there, however many came before."""

    kind: str
    client: str | None
    units: int
    flow: Flow | None = None


def first_match(rules: Iterable[Rule], subject: Subject) -> Rule | None:
    """The rule that decides, among those of the payment's currency; None if none matches."""
    return next((rule for rule in rules if _matches(rule, subject)), None)


def _matches(rule: Rule, subject: Subject) -> bool:
    """Cheap conditions first: the sums are only asked for when everything else holds."""
    if rule.kind != subject.kind:
        return False
    if rule.clients is not None and subject.client not in rule.clients:
        return False
    if rule.above is not None and subject.units <= rule.above:
        return False
    return subject.flow is None or _flow_matches(rule, subject.flow)


def _flow_matches(rule: Rule, flow: Flow) -> bool:
    if rule.new_address is not None and flow.is_new_address() != rule.new_address:
        return False
    bounds = (
        (rule.hourly, flow.of_client, HOUR),
        (rule.daily, flow.of_client, DAY),
        (rule.monthly, flow.of_client, MONTH),
        (rule.total_hourly, flow.of_all, HOUR),
        (rule.total_daily, flow.of_all, DAY),
        (rule.total_monthly, flow.of_all, MONTH),
        (rule.count_hourly, flow.count, HOUR),
        (rule.count_daily, flow.count, DAY),
    )
    return all(bound is None or measure(window) > bound for bound, measure, window in bounds)
