"""What the benchmarks stand on: a real node, a migrated database, a follower, a stopwatch."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import sqlite3
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db import migrate
from db.connection import connected, open_database
from engine import chains
from engine.clock import utc_now
from engine.config import Config, load_config
from engine.daemon import open_node
from engine.families.bitcoin.chain import BitcoinChain
from engine.families.deadline import QUICKACK
from engine.follower import Follower
from engine.lease import ChainLease
from tests.nodes.litecoind import PASSWORD, USER, Litecoind

CONFIG = """
[cashier]
database = "sqlite:///bench.db"
[web]
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8700"
[site]
name = "Bench"
handshake = {{ algorithm = "HS256", secret = "{secret}" }}
[currency.LTC]
family = "bitcoin"
network = "regtest"
node = "{node}"
confirmations = {confirmations}
{more}
"""


@dataclass
class House:
    """One installation under measurement."""

    folder: Path
    config: Config
    node: Litecoind
    chain: BitcoinChain
    follower: Follower
    lease: ChainLease


@contextmanager
def running_node() -> Iterator[Litecoind]:
    """A litecoind on regtest with a miner's wallet beside ours."""
    with tempfile.TemporaryDirectory(prefix="cashier-bench-") as folder:
        node = Litecoind(Path(folder) / "node", flags=("-keypool=200",))
        try:
            node.start()
            yield node
        finally:
            node.stop()


@contextmanager
def house(node: Litecoind, *, confirmations: int, more: str = "") -> Iterator[House]:
    """A fresh installation on `node`, connected, its follower at the tip. `more`: further lines
    of its currency's table."""
    with tempfile.TemporaryDirectory(prefix="cashier-bench-") as name:
        folder = Path(name)
        text = CONFIG.format(
            secret="b" * 32, node=node.url(), confirmations=confirmations, more=more
        )
        (folder / "cashier.toml").write_text(text)
        config = load_config(folder / "cashier.toml", role="engine")
        database = open_database(config.database)
        with connected():
            migrate.apply()
            chains.ensure(config, utc_now())
            chain = open_node(config.currencies["LTC"])
            assert isinstance(chain, BitcoinChain)
            lease = ChainLease("LTC", "bench")
            lease.acquire(monotonic_s=0)
            follower = Follower(config, "LTC", chain, guard=lease.guard)
            follower.step(utc_now())
            yield House(folder, config, node, chain, follower, lease)
            chain.close()
        database.close()


class RawNode:
    """The node alone: requests and replies as bytes, over one connection that stays open."""

    def __init__(self, node: Litecoind) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=120)
        token = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}

    def __enter__(self) -> RawNode:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()  # the node's orderly stop waits for open ones

    def ask(self, method: str, *params: object) -> bytes:
        """The reply's bytes, unread."""
        return self.post({"id": 0, "method": method, "params": params})

    def post(self, body: object) -> bytes:
        """The reply to a body that may hold many calls."""
        self._connection.request("POST", "/wallet/cashier", json.dumps(body), self._headers)
        if QUICKACK is not None:
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        return self._connection.getresponse().read()


def commit_rows_again(house_folder: Path, before_seq: int) -> float:
    """Seconds of one durable commit of the rows that came after `before_seq`, written raw into a
    database of the same tables, indexes and triggers."""
    source = house_folder / "bench.db"
    target = house_folder / "floor.db"
    with sqlite3.connect(source) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = {table: _rows(connection, table, before_seq) for table in _NEW_ROWS}
        schema = [
            sql
            for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
            if not sql.startswith("CREATE TABLE sqlite_")
        ]
    target.unlink(missing_ok=True)
    floor = sqlite3.connect(target, isolation_level=None)
    floor.execute("PRAGMA journal_mode=wal")
    floor.execute("PRAGMA synchronous=full")
    for sql in schema:
        floor.execute(sql)
    started = time.perf_counter()
    floor.execute("BEGIN IMMEDIATE")
    for table, found in rows.items():
        if found:
            marks = ", ".join("?" * len(found[0]))
            floor.executemany(f"INSERT INTO {table} VALUES ({marks})", found)
    floor.execute("COMMIT")
    took = time.perf_counter() - started
    floor.close()
    return took


_NEW_ROWS = {
    "history": "seq > ?",
    "payment": "last_seq > ?",
    "entry": "id > ?",
    "posting": "entry > ?",
    "attempt": "? >= 0",  # a benchmark signs nothing before it measures
    "attempt_input": "? >= 0",
    "attempt_output": "? >= 0",
    "address": "used_at >= (SELECT MIN(at) FROM history WHERE seq > ?)",
    "coin": "payment IN (SELECT id FROM payment WHERE last_seq > ?)"
    " OR spent_txid IN (SELECT txid FROM attempt) OR txid IN (SELECT txid FROM attempt)",
    "balance": "account IN (SELECT account FROM posting WHERE entry > ?)",
}


def _rows(connection: sqlite3.Connection, table: str, before_seq: int) -> list[tuple[object, ...]]:
    where = _NEW_ROWS[table]
    query = f"SELECT * FROM {table} WHERE {where}"
    return list(connection.execute(query, (before_seq,)))


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def rss_mb() -> int:
    """Peak resident memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
