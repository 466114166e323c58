"""A house whose node and books are compared: timing items, a coin of nobody and a theft, all
brought about on a chain in memory. The same each time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from freezegun import freeze_time

from db.connection import connected
from db.findings import Break
from db.models import Chain
from engine import address_pool, installation
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits.request import request_deposit
from tests.commands.desk import Desk
from tests.commands.test_reconcile import compare
from tests.console.houses import steady
from tests.console.terminal import NOW
from tests.engine.approvals.people import ROLES, Bench, People
from tests.engine.house import add_client
from tests.nodes.fake import FakeChain

COIN = 10**8


class SumHouse:
    """`breaks` are the ids of its open breaks by kind; with `honest` there is none."""

    def __init__(
        self, desk: Desk, people: People, *, honest: bool = False, at: datetime = NOW
    ) -> None:
        staff = [
            {"name": name, "role": role, "key": people.public[name]} for name, role in ROLES.items()
        ]
        desk.write(tables={"staff": staff})
        self.desk, self.people, self.path, self.at = desk, people, desk.path, at
        self.fake = FakeChain()
        with desk.opened() as config, steady(at - timedelta(hours=3)):
            installation.ensure_id()
            self._live(config, honest=honest)
            Chain.update(beat_at=rfc3339(at)).execute()
            rows = Break.select().where(Break.state == "open")
            self.breaks = {str(row.kind): str(row.id) for row in rows}

    def sits(self, name: str) -> dict[str, Any]:
        """What `at_terminal` needs for a person of `ROLES` to sit at the console."""
        return {"staff": name, "role": ROLES[name], "key": self.people.key(name)}

    def sign(self, act: str, by: str, **subject: Any) -> None:
        """Somebody else signs, at another console."""
        with connected(), freeze_time(self.at):
            bench = Bench(self.desk.config(), self.people, guard=lambda: None)
            state, answer = bench.do(act, by=by, now=self.at, **subject)
            assert state == "done", answer

    def _live(self, config: Config, *, honest: bool) -> None:
        self.fake.mine(3)
        add_client("CR1042")
        if not honest:
            self._steal(config)
        self._pay_in(config)
        with freeze_time(self.at - timedelta(seconds=41)):
            compare(config, self.fake)

    def _pay_in(self, config: Config) -> None:
        """A deposit that is mined and not deep enough yet."""
        compare(config, self.fake)
        now = datetime.now(NOW.tzinfo)
        address_pool.refill("LTC", self.fake, target=3, now=now, guard=lambda: None)
        view = request_deposit(config, client="CR1042", currency="LTC", now=now)[0]
        self.fake.pay(str(view.address), 150_010_021)
        self.fake.mine()

    def _steal(self, config: Config) -> None:
        """A coin of nobody, and somebody with the node's keys who spends another."""
        txid = self.fake.pay(self.fake.address(), 5 * COIN)
        self.fake.pay(self.fake.address(), 40_000)
        self.fake.mine(20)
        compare(config, self.fake)
        coin = next(c for c in self.fake.coins(self.fake.tip.hash) if c.txid == txid)
        change = coin.units - COIN - 1000
        outputs = [("other1thief", COIN), (self.fake.address(), change)]
        spent = f"{txid}:{coin.index.removeprefix('vout:')}"
        self.fake.pay(outputs, inputs=[spent], own=True)
        self.fake.mine(20)
