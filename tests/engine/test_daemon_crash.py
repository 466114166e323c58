"""kill -9 of a real engine in the middle of its work, on a real node: nothing is lost or doubled.

Cases 91 and 88, and rule 5 of "one engine per chain".
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import peewee
import pytest

from db.connection import database
from db.models import Chain, Client, History, Lease, Payment
from engine import address_pool, chains, ledger
from engine.audit.database import verify_database
from engine.audit.export import measure, write_jsonl
from engine.audit.form import Filter
from engine.audit.verify import verify
from engine.clock import rfc3339, utc_now
from engine.config import Config, load_config
from engine.deposits.request import request_deposit
from engine.families import open_chain
from tests.engine.deposits.books import assert_books_balance
from tests.engine.deposits.life import write_config
from tests.engine.processes import EngineProcess
from tests.nodes.litecoind import Litecoind
from tests.nodes.ports import wait_until

pytestmark = pytest.mark.node

CLIENTS = 50
WAVE = 5  # chain txs in one wave, each of which pays every client
KILLS = 4
TAKEOVER_MAX_S = 10
UNITS = 100_000


@dataclass
class Site:
    """An installation with one client per address, and the node that pays them."""

    path: Path
    config: Config
    node: Litecoind
    addresses: dict[str, str]

    def wave(self) -> None:
        """Everybody is paid several times."""
        for _ in range(WAVE):
            self.node.pay_many(dict.fromkeys(self.addresses.values(), "0.001"))


@pytest.fixture
def site(database: str, tmp_path: Path, litecoind: Litecoind) -> Iterator[Site]:
    """A house whose clients have their addresses before any engine runs."""
    litecoind.mine()
    table: dict[str, object] = {
        "node": litecoind.url(),
        "confirmations": 2,
        "address_pool": CLIENTS,
        "poll": 1,
    }
    path = write_config(tmp_path, database, {"LTC": table})
    config = load_config(path, role="engine")
    chains.ensure(config, utc_now())
    node = open_chain(config.currencies["LTC"], litecoind.url())
    tip = node.block(litecoind.tip())
    assert tip is not None
    chains.note_tip("LTC", tip)
    address_pool.refill("LTC", node, target=CLIENTS, now=utc_now(), guard=lambda: None)
    node.close()
    addresses = {}
    for number in range(CLIENTS):
        name = f"client{number}"
        Client.create(id=name, created_at=rfc3339(utc_now()))
        view, _ = request_deposit(config, client=name, currency="LTC", now=utc_now())
        addresses[name] = str(view.address)
    yield Site(path, config, litecoind, addresses)
    litecoind.mine()


def _count(state: str = "") -> int:
    """Deposits of our clients: recounts find coins of other tests, which are nobody's here."""
    rows = Payment.select().where(~Payment.txid.is_null() & ~Payment.client.is_null())
    return int((rows.where(Payment.state == state) if state else rows).count())


def _is_begun(state: str, coins: int) -> bool:
    """Whether something of the newest wave is committed."""
    return _count(state) > coins - CLIENTS * WAVE


def _is_done(state: str, coins: int) -> bool:
    """Whether all of it is."""
    return _count(state) == coins


def _is_well() -> bool:
    return bool(Chain.get_by_id("LTC").state == "well")


def _soon(ready: Callable[[], bool], what: str, *, timeout_s: int = 60) -> None:
    wait_until(ready, what=what, timeout_s=timeout_s)


@pytest.mark.parametrize("kills", [KILLS, pytest.param(5 * KILLS, marks=pytest.mark.long)])
def test_deposits_survive_kills_in_the_middle_of_a_round(
    site: Site, tmp_path: Path, kills: int
) -> None:
    """Case 91: a round of many arrivals has several commits, and the engine dies between them."""
    dice, hits, coins = random.Random(91), 0, 0
    with EngineProcess(site.path) as engine:
        engine.start()
        _soon(_is_well, "a well node")
        for _ in range(kills // 2):
            coins += CLIENTS * WAVE
            for act, state in ((site.wave, ""), (lambda: site.node.mine(2), "credited")):
                act()
                _soon(partial(_is_begun, state, coins), "the first commit of a round")
                time.sleep(dice.choice((0, 0, 0.01, 0.05)))
                engine.kill()
                hits += not _is_done(state, coins)
                assert_books_balance()
                engine.start()
                _soon(partial(_is_done, state, coins), "the rest of it")
        assert engine.terminate(wait_s=10) == 0, engine.words
    assert hits >= 1, "no kill hit between the first and the last commit of a round"
    _assert_each_is_credited_once(site, coins)
    _assert_the_export_verifies(tmp_path)


def _assert_each_is_credited_once(site: Site, coins: int) -> None:
    assert _count() == _count("credited") == coins
    credited = History.select().where(History.event == "credit")
    assert credited.count() == coins
    for name in site.addresses:
        owed = -ledger.balance(ledger.client_account(name), "LTC")
        assert owed == UNITS * coins // CLIENTS
    assert_books_balance()
    report = verify_database()
    assert report.ok, [str(problem) for problem in report.problems]


def _assert_the_export_verifies(folder: Path) -> None:
    path = folder / "histories.jsonl"
    with path.open("w", encoding="utf-8") as file:
        write_jsonl(file, measure(Filter()), now=utc_now())
    report = verify(path)
    assert report.ok, [str(problem) for problem in report.problems]


def _holder() -> str | None:
    row = Lease.get_or_none(Lease.chain == "LTC")
    return None if row is None else row.holder


def test_a_second_engine_stands_by_and_takes_over_from_a_killed_one(site: Site) -> None:
    with EngineProcess(site.path) as first, EngineProcess(site.path) as second:
        first.start()
        _soon(lambda: _holder() is not None, "a holder")
        held_by = _holder()
        second.start()
        time.sleep(3)
        assert _holder() == held_by, "the second engine took the chain from a living one"
        site.wave()
        _soon(lambda: _count() == CLIENTS * WAVE, "the first engine's work")
        first.kill()
        died_at = time.monotonic()
        _soon(lambda: _holder() != held_by, "a takeover")
        assert time.monotonic() - died_at < TAKEOVER_MAX_S
        site.node.mine(2)
        _soon(lambda: _count("credited") == CLIENTS * WAVE, "the second engine's work")
        assert second.terminate(wait_s=10) == 0
    _assert_each_is_credited_once(site, CLIENTS * WAVE)


def test_a_frozen_engine_that_wakes_up_writes_nothing(site: Site) -> None:
    """Case 69 for deposits: it was taken for dead, and its fence is the proof of it."""
    with EngineProcess(site.path) as first, EngineProcess(site.path) as second:
        first.start()
        _soon(lambda: _holder() is not None, "a holder")
        held_by = _holder()
        _soon(_is_well, "a well node")
        second.start()
        _freeze_between_writes(first)
        _soon(lambda: _holder() != held_by, "a takeover")
        taken_by, fence = _holder(), Lease.get_by_id("LTC").fence
        site.wave()
        first.thaw()
        site.node.mine(2)
        _soon(lambda: _count("credited") == CLIENTS * WAVE, "the work of the one that holds it")
        _soon(lambda: "another engine follows LTC now" in first.words, "the word of the other")
        assert first.running
        assert (_holder(), Lease.get_by_id("LTC").fence) == (taken_by, fence)
        second.kill()
        _soon(lambda: _holder() == held_by, "the way back")
    _assert_each_is_credited_once(site, CLIENTS * WAVE)


def _freeze_between_writes(engine: EngineProcess) -> None:
    """Stop it while it holds no lock of the database: one that is frozen inside a write holds up
    every writer, on SQLite for as long as it sleeps."""
    for _ in range(20):
        engine.freeze()
        try:
            with database.atomic():
                Lease.update(chain="LTC").where(Lease.chain == "LTC").execute()
        except peewee.OperationalError:
            engine.thaw()
            time.sleep(0.05)
        else:
            return
    raise AssertionError("it was never between two writes")


def test_a_stop_is_clean_quick_and_hands_the_chain_over(site: Site) -> None:
    with EngineProcess(site.path) as engine:
        engine.start()
        _soon(_is_well, "a well node")
        site.wave()
        asked_at = time.monotonic()
        assert engine.terminate(wait_s=10) == 0, engine.words
        assert time.monotonic() - asked_at < 10
    assert _holder() is None
    assert_books_balance()
