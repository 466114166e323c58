"""Houses that the console is shown: payments in every state, the same each time."""

from __future__ import annotations

import hashlib
import itertools
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from db import connection
from db.models import Chain
from engine import installation
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits import rules
from engine.deposits.request import request_deposit
from tests.commands.desk import Desk
from tests.console.terminal import NOW
from tests.engine.approvals.people import ROLES, People
from tests.engine.house import add_client
from tests.web.till import Till


@contextmanager
def steady(at: datetime = NOW) -> Iterator[None]:
    """Ids, addresses and times that are the same in every run."""
    numbers, choices = itertools.count(1), random.Random(7)

    def token_hex(size: int | None = None) -> str:
        return hashlib.sha256(str(next(numbers)).encode()).hexdigest()[: 2 * (size or 32)]

    with pytest.MonkeyPatch.context() as patch, freeze_time(at):
        patch.setattr(secrets, "token_hex", token_hex)
        patch.setattr(secrets, "choice", choices.choice)
        yield


class FilledHouse:
    """A desk's database with an engine that showed itself a moment ago. `paid` are the ids of its
    deposits by the state they are in."""

    def __init__(self, desk: Desk, people: People, *, at: datetime = NOW) -> None:
        staff = [
            {"name": name, "role": role, "key": people.public[name]} for name, role in ROLES.items()
        ]
        desk.write(tables={"staff": staff})
        self.desk = desk
        self.people = people
        self.path = desk.path
        self.at = at
        self.paid: dict[str, str] = {}
        with desk.opened() as config, steady(at - timedelta(minutes=3)):
            installation.ensure_id()
            self._fill(config)
        self.beat(at)

    def sits(self, name: str) -> dict[str, Any]:
        """What `at_terminal` needs for a person of `ROLES` to sit at the console."""
        return {"staff": name, "role": ROLES[name], "key": self.people.key(name)}

    def beat(self, at: datetime) -> None:
        """A sign of life of the engine."""
        with self.connected():
            Chain.update(beat_at=rfc3339(at)).execute()

    @contextmanager
    def till(self, *, later_s: int = 0) -> Iterator[Till]:
        """Move payments, `later_s` seconds after the house was filled."""
        with self.connected(), freeze_time(self.at + timedelta(seconds=later_s)):
            yield _OpenTill(self.desk.config())

    @contextmanager
    def connected(self) -> Iterator[None]:
        """A connection of this thread to the database, which the console keeps open beside it."""
        with connection.connected():
            yield

    def _fill(self, config: Config) -> None:
        till = Till(config)
        for number, state in enumerate(
            ("requested", "pending", "confirmed", "credited", "held", "suspense")
        ):
            client = f"CR104{number}"
            add_client(client)
            self.paid[state] = self._deposit(config, till, client, state)

    @staticmethod
    def _deposit(config: Config, till: Till, client: str, state: str) -> str:
        at = datetime.now(NOW.tzinfo)
        found: str = request_deposit(config, client=client, currency="LTC", now=at)[0].id
        if state == "requested":
            return found
        more = {"client": None} if state == "suspense" else {}
        till.see(found, 150_000_000, height=999 if state == "pending" else 998, **more)
        if state != "pending":
            till.confirm(found)
        if state == "credited":
            till.credit(found)
        if state in {"held", "suspense"}:
            reason = rules.HELD_BLOCKED if state == "held" else rules.HELD_NOBODY
            till.move(found, "hold", reason=reason)
        return found


class _OpenTill(Till):
    """A till over a database that is filled already."""

    def __init__(self, config: Config) -> None:
        self._config = config
