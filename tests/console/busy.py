"""A house on a working day, for the guide's pictures: what waits for staff, among payments of two
currencies that need nobody. The same each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from freezegun import freeze_time

from db.models import Block, Chain, Client
from engine import installation, ledger
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits.request import request_deposit
from tests.commands.desk import NODE_DOWN, Desk
from tests.console.queues import ADJUST, COIN, CURRENCY, WaitingHouse
from tests.console.terminal import NOW
from tests.engine.approvals.people import Bench
from tests.engine.house import add_client, post_alone
from tests.engine.toml_text import minimal
from tests.web.till import Till

DAY_MINUTES = 24 * 60
PEERS = {"LTC": 14, "BTC": 11}
VERSIONS = {"LTC": "/LitecoinCore:0.21.4/", "BTC": "/Satoshi:28.1.0/"}
FEES = {"LTC": 2_400, "BTC": 12_500}
HOT = {"LTC": 40 * COIN, "BTC": 3 * COIN}
BLOCK_MINUTES = {"LTC": 3, "BTC": 10}
OPEN = (
    # minutes ago, client, currency, units, state
    (44, "CR0901", "BTC", 75_300_000, "pending"),
    (28, "CR0311", "BTC", 4_125_000, "pending"),
    (21, "CR0764", "BTC", 0, "requested"),
    (14, "CR1187", "LTC", 230_000_000, "pending"),
    (12, "CR3306", "LTC", 0, "requested"),
    (8, "CR1042", "LTC", 50_000_000, "pending"),
    (6, "CR2250", "LTC", 1_873_000_000, "pending"),
    (3, "CR4410", "LTC", 99_500_000, "pending"),
    (2, "CR0058", "LTC", 0, "requested"),
    (1, "CR2871", "LTC", 18_730_000, "confirmed"),
)

Event = tuple[int, Callable[[], Any]]


class TwoCurrencies(Desk):
    """A desk whose file has BTC beside LTC."""

    def write(self, *, tables: dict[str, Any] | None = None, **currency: Any) -> None:
        litecoin = minimal(node=NODE_DOWN, **currency)["currency"]
        bitcoin = {"BTC": {"network": "regtest", "node": NODE_DOWN, **CURRENCY}}
        super().write(tables={**(tables or {}), "currency": {**litecoin, **bitcoin}})


class BusyHouse(WaitingHouse):
    """`ids` as in a WaitingHouse; moves stand in the order of their times."""

    def _fill(self, config: Config) -> None:
        with freeze_time(self.at - timedelta(days=40)):
            installation.ensure_id()
            till = Till(config, addresses=60)
            for client in ("CR1042", "CR0007"):
                add_client(client)
                till.fund(20 * COIN, client=client)
            self._top_up()
            self._pays(config, till, "0.75")
        events = [*self._day(config, till), *self._waiting(config, till)]
        for minutes, do in sorted(events, key=lambda event: -event[0]):
            with freeze_time(self.at - timedelta(minutes=minutes)):
                do()
        self._follow()

    @staticmethod
    def _top_up() -> None:
        """Coins of the house to send from."""
        for currency, units in HOT.items():
            post_alone(
                ledger.shift("top_up", currency, units, to=ledger.WALLET_HOT, out_of=ledger.HOUSE)
            )

    def _day(self, config: Config, till: Till) -> list[Event]:
        """Deposits that were credited during the day, and those under way."""
        events: list[Event] = []
        for number, minutes in enumerate(range(70, DAY_MINUTES, 41)):
            client, currency = f"CR{2000 + 7 * number}", ("LTC", "LTC", "BTC")[number % 3]
            units = (3 + number % 5) * 12_345_000
            events.append((minutes, _deposit(config, till, client, currency, units, "credited")))
        for minutes, client, currency, units, state in OPEN:
            events.append((minutes, _deposit(config, till, client, currency, units, state)))
        return events

    def _waiting(self, config: Config, till: Till) -> list[Event]:
        """What waits for staff."""
        now = self.at - timedelta(minutes=5)
        bench = Bench(config, self.people, guard=lambda: None)

        def keep(name: str, make: Callable[[], str]) -> Callable[[], None]:
            return lambda: self.ids.__setitem__(name, make())

        return [
            (130, keep("withdrawal", lambda: self._asks(config, "12"))),
            (50, keep("suspense", lambda: self._held(config, till, client=None))),
            (9, keep("deposit", lambda: self._held(config, till, client="CR1042"))),
            (5, lambda: bench.do("adjust", by="ann", now=now, **ADJUST)),
        ]

    def _follow(self) -> None:
        """What an engine that is well wrote of its nodes."""
        at = int(self.at.timestamp())
        for symbol, each in BLOCK_MINUTES.items():
            Chain.update(
                peers=PEERS[symbol],
                version=VERSIONS[symbol],
                fee_rate=FEES[symbol],
                fee_rate_at=rfc3339(self.at - timedelta(seconds=40)),
                checked_at=rfc3339(self.at - timedelta(seconds=1)),
                beat_at=rfc3339(self.at),
                tip_time=at - 95,
            ).where(Chain.symbol == symbol).execute()
            for back in range(DAY_MINUTES // each):
                time = at - 95 - back * each * 60 - back % 7 * 31
                Block.insert(
                    chain=symbol,
                    hash=hashlib.sha256(f"{symbol} {back}".encode()).hexdigest(),
                    height=1000 - back,
                    time=time,
                    median_time=time,
                ).execute()


def _deposit(
    config: Config, till: Till, client: str, currency: str, units: int, state: str
) -> Callable[[], None]:
    """A deposit that comes as far as `state`, when it is called."""

    def come() -> None:
        now = datetime.now(NOW.tzinfo)
        if Client.get_or_none(Client.id == client) is None:
            add_client(client)
        asked = request_deposit(config, client=client, currency=currency, now=now)[0].id
        if state != "requested":
            till.see(asked, units, height=999 if state == "pending" else 998)
        if state in {"confirmed", "credited"}:
            till.confirm(asked)
        if state == "credited":
            till.credit(asked)

    return come
