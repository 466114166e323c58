"""An alert as it leaves the house: one JSON object for every way, and the words of a mail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.clock import rfc3339

SUBJECT_MAX = 120


@dataclass(frozen=True, slots=True)
class Message:
    """One alert. `id` stays the same for each try, so that a receiver knows what it has already;
    `first_seen` is RFC 3339 UTC; `house` is the name of the site."""

    id: str
    kind: str
    house: str
    currency: str
    subject: str
    text: str
    details: Mapping[str, Any]
    first_seen: str

    @property
    def name(self) -> str:
        """What Standard Webhooks calls the message's id."""
        return f"msg_{self.id}"

    def body(self, now: datetime) -> bytes:
        """`{type, timestamp, data}` as JSON; `now` is the time of this try."""
        data = {
            "id": self.id,
            "kind": self.kind,
            "house": self.house,
            "currency": self.currency or None,
            "subject": self.subject,
            "text": self.text,
            "details": dict(self.details),
            "since": self.first_seen,
        }
        whole = {"type": f"alert.{self.kind}", "timestamp": rfc3339(now), "data": data}
        return json.dumps(whole, ensure_ascii=False).encode()

    def title(self) -> str:
        """One line for a mail's subject."""
        line = " ".join(f"[{self.house}] {self.text}".split())
        return line if len(line) <= SUBJECT_MAX else f"{line[: SUBJECT_MAX - 1]}…"

    def letter(self) -> str:
        """The text of a mail."""
        facts = {"since": self.first_seen, "kind": self.kind, "about": self.subject, **self.details}
        lines = [f"{name}: {_inline(value)}" for name, value in facts.items() if value]
        return "\n".join([self.text, "", *lines, ""])


def _inline(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())


def trial_message(house: str, *, message_id: str, now: datetime) -> Message:
    """What `cashier check --alerts` sends: nothing is wrong."""
    return Message(
        id=message_id,
        kind="test",
        house=house,
        currency="",
        subject="check",
        text="A test of the alerts: nothing is wrong.",
        details={},
        first_seen=rfc3339(now),
    )
