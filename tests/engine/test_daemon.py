"""The engine's threads: one chain's trouble is its own, and a stop is quick whatever hangs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from db.models import Chain as ChainRow
from db.models import Client, Lease, Payment
from engine import address_pool, chains
from engine.chain import Scan
from engine.clock import rfc3339, utc_now
from engine.config import Config, load_config
from engine.deposits.request import request_deposit
from tests.engine.deposits.books import assert_books_balance
from tests.engine.deposits.life import COIN, write_config
from tests.engine.processes import EngineProcess, Nursery
from tests.engine.running import STOP_MAX_S, running
from tests.nodes.fake import FakeChain
from tests.nodes.litecoind import Litecoind
from tests.nodes.ports import PATIENCE_S, wait_until


class HangingChain(FakeChain):
    """A node that takes every question and gives no answer until `answers` is set."""

    def __init__(self, currency: str = "LTC") -> None:
        super().__init__(currency)
        self.answers = threading.Event()
        self.asked = threading.Event()

    def scan(self, cursor: str | None) -> Scan:
        self.asked.set()
        self.answers.wait()
        return super().scan(cursor)


def _config(folder: Path, url: str, *symbols: str) -> Config:
    table: dict[str, object] = {"confirmations": 2, "poll": 1, "address_pool": 3}
    path = write_config(folder, url, dict.fromkeys(symbols, table))
    return load_config(path, role="engine")


def _pay(config: Config, symbol: str, node: FakeChain) -> None:
    """Client ann has an address on this chain, and a coin two deep on it."""
    chains.ensure(config, utc_now())
    address_pool.refill(symbol, node, target=1, now=utc_now(), guard=lambda: None)
    Client.insert(id="ann", created_at=rfc3339(utc_now())).on_conflict_ignore().execute()
    view, _ = request_deposit(config, client="ann", currency=symbol, now=utc_now())
    node.pay(str(view.address), COIN)
    node.mine(2)


def _state(symbol: str) -> tuple[str, str]:
    row = ChainRow.get_by_id(symbol)
    return row.state, row.reason


def _is_credited(symbol: str) -> bool:
    return (
        Payment.select()
        .where((Payment.currency == symbol) & (Payment.state == "credited"))
        .exists()
    )


def test_a_sick_node_stops_its_own_currency_only(database: str, tmp_path: Path) -> None:
    """Case 88."""
    config = _config(tmp_path, database, "LTC", "BTC")
    nodes = {symbol: FakeChain(symbol) for symbol in ("LTC", "BTC")}
    for symbol, node in nodes.items():
        _pay(config, symbol, node)
    nodes["BTC"].down = "nothing answers at the node's address"
    with running(config, nodes):
        wait_until(lambda: _is_credited("LTC"), what="the well currency")
        wait_until(lambda: "nothing answers" in _state("BTC")[1], what="the reason")
        assert _state("BTC")[0] == "paused"
        assert _state("LTC") == ("well", "")
        assert not _is_credited("BTC")
        nodes["BTC"].down = ""
        wait_until(lambda: _is_credited("BTC"), what="the currency that was sick")
        wait_until(lambda: _state("BTC") == ("well", ""), what="its word")
        asked = nodes["LTC"].fee_floor()
        wait_until(
            lambda: bool(ChainRow.get_by_id("LTC").fee_rate == asked), what="what the network asks"
        )
    assert_books_balance()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stop_does_not_wait_for_a_node_that_hangs(database: str, tmp_path: Path) -> None:
    config = _config(tmp_path, database, "LTC", "BTC")
    hanging = HangingChain("BTC")
    with running(config, {"LTC": FakeChain("LTC"), "BTC": hanging}) as stop:
        assert hanging.asked.wait(PATIENCE_S)
        stop.set()
        wait_until(lambda: _holders() == {None}, what="released leases")
    hanging.answers.set()
    # It has the database of this test in its hands, and the next one shall find nobody.
    wait_until(lambda: not _is_alive("chain-BTC"), what="the end of its thread")


def _is_alive(name: str) -> bool:
    return any(thread.name == name for thread in threading.enumerate())


def _holders() -> set[str | None]:
    return {row.holder for row in Lease.select()}


@pytest.mark.node
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how", ["killed", pytest.param("frozen", marks=pytest.mark.long)], ids=str)
def test_a_node_that_fails_under_a_running_engine_pauses_until_it_is_back(
    database: str, tmp_path: Path, own_litecoind: Litecoind, nursery: Nursery, how: str
) -> None:
    """Case 88; a frozen node is noticed when its answer is half a minute late."""
    node = own_litecoind
    table: dict[str, object] = {"node": node.url(), "confirmations": 2, "poll": 1}
    path = write_config(tmp_path, database, {"LTC": table})
    with EngineProcess(path, nursery) as engine:
        engine.start()
        wait_until(lambda: _is("well"), what="a well node")
        node.rpc("gettxoutsetinfo")  # makes the node write its blocks: a young one forgets them all
        if how == "killed":
            node.kill()
        else:
            node.freeze()
        wait_until(lambda: _is("paused"), what="the pause")
        assert _state("LTC")[1]
        if how == "killed":
            node.start()
        else:
            node.thaw()
        wait_until(lambda: _is("well"), what="the way back")
        assert engine.terminate(wait_s=STOP_MAX_S) == 0, engine.words


def _is(state: str) -> bool:
    row = ChainRow.get_or_none(ChainRow.symbol == "LTC")
    return row is not None and row.state == state
