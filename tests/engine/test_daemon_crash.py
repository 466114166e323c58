"""kill -9 of a real engine in the middle of its work, on a real node: nothing is lost or doubled.

Case 91: many arrivals at once take several commits, and the engine dies between two of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from db.models import Chain, Client, History, Lease, Payment
from db.snapshot import snapshot
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
from tests.engine.mortal import forget_the_dead
from tests.engine.processes import EngineProcess, Nursery
from tests.engine.running import STOP_MAX_S
from tests.nodes.litecoind import Litecoind
from tests.nodes.ports import wait_until

pytestmark = pytest.mark.node

CLIENTS = 50
WAVE = 5  # chain txs in one wave, each of which pays every client
KILLS = 4
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
def site(database: str, tmp_path: Path, litecoind: Litecoind, wallet: str) -> Iterator[Site]:
    """A house whose clients have their addresses before any engine runs."""
    litecoind.mine()
    table: dict[str, object] = {
        "node": litecoind.url(wallet),
        "confirmations": 2,
        "address_pool": CLIENTS,
        "poll": 0.1,
    }
    path = write_config(tmp_path, database, {"LTC": table})
    config = load_config(path, role="engine")
    chains.ensure(config, utc_now())
    node = open_chain(config.currencies["LTC"], litecoind.url(wallet))
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
    """Deposits with a coin, in this state if one is named."""
    rows = Payment.select().where(~Payment.txid.is_null())
    return int((rows.where(Payment.state == state) if state else rows).count())


def _is_begun(state: str, coins: int) -> bool:
    """Whether something of the newest wave is committed."""
    return _count(state) > coins - CLIENTS * WAVE


def _is_done(state: str, coins: int) -> bool:
    """Whether all of it is."""
    return _count(state) == coins


def _is_well() -> bool:
    return bool(Chain.get_by_id("LTC").state == "well")


@pytest.mark.parametrize("kills", [KILLS, pytest.param(5 * KILLS, marks=pytest.mark.long)])
def test_deposits_survive_kills_in_the_middle_of_a_round(
    site: Site, nursery: Nursery, tmp_path: Path, kills: int
) -> None:
    dice, hits, coins = random.Random(91), 0, 0
    with EngineProcess(site.path, nursery) as engine:
        engine.start()
        wait_until(_is_well, what="a well node")
        for turn in range(5 * kills):
            if 2 * turn >= kills and hits:
                break  # by then a kill hit between the first and the last commit of a round
            coins += CLIENTS * WAVE
            for act, state in ((site.wave, ""), (lambda: site.node.mine(2), "credited")):
                act()
                wait_until(partial(_is_begun, state, coins), what="the first commit of a round")
                time.sleep(dice.choice((0, 0, 0.01, 0.05)))
                engine.kill()
                hits += not _is_done(state, coins)
                with snapshot():  # PostgreSQL may still finish a commit that it was sent
                    assert_books_balance()
                forget_the_dead()
                engine.start()
                wait_until(partial(_is_done, state, coins), what="the rest of it")
        assert engine.terminate(wait_s=STOP_MAX_S) == 0, engine.words
    assert hits, "no kill hit between the first and the last commit of a round"
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


def test_a_stop_is_clean_quick_and_hands_the_chain_over(site: Site, nursery: Nursery) -> None:
    with EngineProcess(site.path, nursery) as engine:
        engine.start()
        wait_until(_is_well, what="a well node")
        site.wave()
        assert engine.terminate(wait_s=STOP_MAX_S) == 0, engine.words
    assert Lease.get_by_id("LTC").holder is None
    assert_books_balance()
