"""A house in which things wait for staff: the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from freezegun import freeze_time

from db import connection
from db.models import Chain
from engine import installation
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits import rules
from engine.deposits.request import request_deposit
from engine.withdrawals.request import request_withdrawal
from tests.commands.desk import Desk
from tests.console.houses import steady
from tests.console.terminal import NOW
from tests.engine.approvals.people import ROLES, Bench, People
from tests.engine.house import add_client
from tests.web.till import Till

COIN = 10**8
ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
CURRENCY = {
    "withdrawal": {
        "fee": "0.0005",
        "approve_above": "5",
        "approvals_required": 2,
        "daily_limit": "50",
        "total_daily": "500",
    }
}
ADJUST = {
    "currency": "LTC",
    "units": "25000000",
    "account": "+client:CR1042|loss",
    "reason": "paid twice by mistake",
}


class WaitingHouse:
    """`ids` are what waits, by name: `withdrawal`, `deposit` (of a blocked client), `suspense` (of
    nobody) and, signed by ann, `adjust`."""

    def __init__(self, desk: Desk, people: People, *, at: datetime = NOW) -> None:
        staff = [
            {"name": name, "role": role, "key": people.public[name]} for name, role in ROLES.items()
        ]
        desk.write(tables={"staff": staff}, **CURRENCY)
        self.desk, self.people, self.path, self.at = desk, people, desk.path, at
        self.ids: dict[str, str] = {}
        with desk.opened() as config, steady(at):
            self._fill(config)

    def sits(self, name: str) -> dict[str, Any]:
        """What `at_terminal` needs for a person of `ROLES` to sit at the console."""
        return {"staff": name, "role": ROLES[name], "key": self.people.key(name)}

    @contextmanager
    def connected(self) -> Iterator[None]:
        """A connection of this thread to the database, which the console keeps open beside it."""
        with connection.connected():
            yield

    @contextmanager
    def till(self) -> Iterator[Till]:
        """Move payments a little later than everything else."""
        with self.connected(), freeze_time(self.at - timedelta(minutes=2)):
            yield Till(self.desk.config(), addresses=5)

    def add_deposit(self, client: str) -> str:
        """A confirmed deposit."""
        config = self.desk.config()
        now = datetime.now(NOW.tzinfo)
        asked: str = request_deposit(config, client=client, currency="LTC", now=now)[0].id
        till = Till(config, addresses=0)
        till.see(asked, COIN, height=998)
        till.confirm(asked)
        return asked

    def _fill(self, config: Config) -> None:
        with freeze_time(self.at - timedelta(days=40)):
            installation.ensure_id()
            till = Till(config)
            for client in ("CR1042", "CR0007"):
                add_client(client)
                till.fund(20 * COIN, client=client)
            self._pays(config, till, "0.75")
        with freeze_time(self.at - timedelta(hours=2, minutes=10)):
            self.ids["withdrawal"] = self._asks(config, "12")
        with freeze_time(self.at - timedelta(minutes=50)):
            self.ids["suspense"] = self._held(config, till, client=None)
        with freeze_time(self.at - timedelta(minutes=9)):
            self.ids["deposit"] = self._held(config, till, client="CR1042")
        now = self.at - timedelta(minutes=5)
        with freeze_time(now):
            Bench(config, self.people, guard=lambda: None).do("adjust", by="ann", now=now, **ADJUST)
        Chain.update(beat_at=rfc3339(self.at)).execute()

    @staticmethod
    def _asks(config: Config, amount: str) -> str:
        now = datetime.now(NOW.tzinfo)
        return request_withdrawal(
            config, client="CR0007", currency="LTC", address=ADDRESS, amount=amount, now=now
        ).id

    def _pays(self, config: Config, till: Till, amount: str) -> None:
        payment = self._asks(config, amount)
        till.send(payment, height=999)
        till.settle(payment)

    @staticmethod
    def _held(config: Config, till: Till, *, client: str | None) -> str:
        now = datetime.now(NOW.tzinfo)
        asked: str = request_deposit(config, client=client or "CR0007", currency="LTC", now=now)[
            0
        ].id
        more: dict[str, Any] = {} if client else {"client": None}
        till.see(asked, 40_000 if client is None else 3 * COIN, height=998, **more)
        till.confirm(asked)
        till.move(asked, "hold", reason=rules.HELD_BLOCKED if client else rules.HELD_NOBODY)
        return asked
