"""A database that fails in the middle of a round: full, locked, gone. Nothing is half-written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import peewee
import psycopg2
import pytest

from db.connection import connected, database
from db.models import Address, Payment
from engine.deposits.request import request_deposit
from engine.errors import CashierError, StaleState
from engine.follower import CHUNK, Follower
from engine.lease import ChainLease
from engine.recount import Recount
from engine.risk import RiskHook
from tests.engine.deposits.books import assert_books_balance
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, events_of, rows_written
from tests.engine.deposits.worlds import on_the_fake
from tests.nodes.fake import FakeChain

on_sqlite = pytest.mark.parametrize(("database_url", "on"), [("sqlite", "fake")], indirect=True)
on_postgresql = pytest.mark.parametrize(
    ("database_url", "on"),
    [pytest.param("postgresql", "fake", marks=pytest.mark.postgres)],
    indirect=True,
)
NO_LIMIT = 1_073_741_823  # pages
ROOM = 2  # pages that are left
COINS = CHUNK + 20
CUTS = 4  # database transactions of a round with so many arrivals


def _pragma(name: str, value: int) -> None:
    database.execute_sql(f"PRAGMA {name} = {value}")


@contextmanager
def _full_disk() -> Iterator[None]:
    pages = database.execute_sql("PRAGMA page_count").fetchone()[0]
    _pragma("max_page_count", pages + ROOM)
    yield
    _pragma("max_page_count", NO_LIMIT)


@on_sqlite
def test_a_full_disk_writes_nothing_and_is_made_up_for_later(house: House, fake: FakeChain) -> None:
    """Case 92."""
    address = house.address("ann")
    house.settle()
    for _ in range(150):
        fake.pay(address, COIN)
    fake.mine(3)
    before = rows_written()
    with _full_disk(), pytest.raises((peewee.PeeweeException, CashierError), match="full"):
        house.step()
    assert rows_written() == before
    assert_books_balance()
    house.settle()
    assert house.owed("ann") == 150 * COIN


@on_sqlite
def test_no_address_is_shown_that_is_not_stored(house: House) -> None:
    """Case 92."""
    house.refill()
    clients = [house.client(f"client{number}") for number in range(400)]
    shown = {}
    with _full_disk():
        for client in clients:
            try:
                view, _ = request_deposit(
                    house.config, client=client, currency="LTC", now=house.now
                )
            except (peewee.PeeweeException, CashierError):
                break
            shown[client] = view.address
    stored = {row.client: row.address for row in Address.select() if row.client is not None}
    assert shown == stored


@on_sqlite
def test_a_database_that_somebody_locks_is_waited_for_or_left_alone(
    house: House, fake: FakeChain, database: str
) -> None:
    """Case 94: a backup or a person holds it for longer than we wait."""
    fake.pay(house.address("ann"), COIN)
    fake.mine(3)
    _pragma("busy_timeout", 200)
    before = rows_written()
    path = database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as person:
        person.execute("BEGIN IMMEDIATE")
        with pytest.raises(peewee.OperationalError, match="locked"):
            house.step()
        person.execute("ROLLBACK")
    assert rows_written() == before
    house.settle()
    assert house.owed("ann") == COIN


class Cutter:
    """A guard that ends our own connection's server process at the n-th database transaction."""

    def __init__(self, lease: ChainLease, url: str, *, at: int) -> None:
        self._lease = lease
        self._url = url
        self._left = at
        self.cut = False

    def __call__(self) -> None:
        self._lease.guard()
        self._left -= 1
        if self._left != 0:
            return
        self.cut = True
        pid = database.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
        with closing(psycopg2.connect(self._url)) as other:
            other.autocommit = True
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])


@on_postgresql
def test_a_lost_connection_in_any_database_transaction_is_made_up_for(
    open_house: OpenHouse, fake: FakeChain, database_url: str
) -> None:
    """Case 95: what was committed stays, the rest is done by the next round on a new connection."""
    house = open_house(confirmations=2)
    cuts = 0
    for at in range(1, CUTS + 1):
        address = house.address("ann")
        for _ in range(COINS):
            fake.pay(address, COIN)
        fake.mine(2)
        guard = Cutter(house.lease, database_url, at=at)
        house.follower = Follower(house.config, "LTC", fake, guard=guard)
        try:
            with pytest.raises(peewee.PeeweeException):
                for _ in range(3):
                    house.follower.step(house.now)
                pytest.fail("nothing was cut")  # ends the loop: raises no database error
        finally:
            database.close()
            database.connect()
        cuts += guard.cut
        assert_books_balance()
        house.restart()
        house.settle()
        assert house.owed("ann") == at * COINS * COIN
    assert cuts == CUTS


def _meanwhile(act: Callable[[], object]) -> RiskHook:
    """A hook that lets something happen between a round's look and its writing, once."""
    left = [act]

    def hook(_: object) -> str:
        if left:
            with connected():
                left.pop()()
        return "allow"

    return RiskHook(hook, timeout_s=20)


@on_the_fake
def test_a_request_opened_while_its_coin_is_taken_in_gets_that_coin(
    open_house: OpenHouse, fake: FakeChain
) -> None:
    """Web and engine race for one address: no request may be left waiting for a coin that came."""
    asked: list[str] = []

    def ask() -> None:
        view, _ = request_deposit(house.config, client="ann", currency="LTC", now=house.now)
        asked.append(view.id)

    house = open_house(confirmations=1, request_ttl="1d", hook=_meanwhile(ask))
    address = house.address("ann")
    house.settle(after=timedelta(hours=25))
    fake.pay(address, COIN)
    fake.mine()
    with pytest.raises(StaleState):
        house.step()
    house.settle()
    assert len(asked) == 1
    assert house.deposit("ann").id == asked[0]
    assert house.owed("ann") == COIN
    assert house.address("ann") != address


@on_the_fake
def test_a_recount_that_meets_the_follower_adds_nothing_twice(
    open_house: OpenHouse, fake: FakeChain
) -> None:
    """Both see one coin: the unique arrival decides, and the loser reads again."""
    house = open_house(confirmations=1, hook=_meanwhile(lambda: other.step(house.now)))
    other = Follower(house.config, "LTC", fake, guard=house.lease.guard)
    address = house.address("ann")
    fake.mine(3)
    house.settle()
    txid = fake.pay(address, COIN)
    fake.reorg(1, first=[txid], length=1)
    recount = Recount(house.config, "LTC", lambda: fake)
    assert recount.run(house.lease, house.hook) == 0
    house.settle()
    assert events_of(house.deposit("ann")) == ["request", "see", "confirm", "credit"]
    assert house.owed("ann") == COIN


@on_the_fake
def test_an_open_request_on_a_used_address_locks_nobody_out(house: House, fake: FakeChain) -> None:
    """Should one ever be left behind, the client gets it back instead of an error."""
    asked = house.request("ann")
    Address.update(used_at="2026-11-01T00:00:00.000000Z").execute()
    assert house.request("ann").id == asked.id
    fake.pay(str(asked.address), COIN)
    fake.mine(3)
    house.settle()
    assert house.owed("ann") == COIN
    assert Payment.select().where(Payment.state == "requested").count() == 0
