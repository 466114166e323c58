"""Very many payments for benchmarks of whoever reads them, and an engine that keeps some moving."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db import migrate
from db.connection import connected, database, open_database
from db.models import Chain, Payment
from engine import chains, installation
from engine.clock import rfc3339, utc_now
from engine.config import Config, load_config
from engine.lifecycle import Batch

CONFIG = """
[cashier]
database = "sqlite:///bench.db"
[site]
name = "Bench"
handshake = { algorithm = "HS256", secret = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }
[currency.LTC]
network = "regtest"
node = "http://user:password@127.0.0.1:1/wallet/cashier"
confirmations = 3
"""
OPEN_EACH = 50  # one payment in so many is open, and can move
AT = "2026-10-30T12:00:00.000000Z"
COLUMNS = (
    *("id", "kind", "client", "currency", "chain", "state", "sub_state", "unsettled", "reason"),
    *("units", "address", "txid", "idx", "generated", "required", "rule", "created_at"),
    *("updated_at", "final", "first_seq", "last_seq", "last_hash"),
)
WAY = {"requested": "see", "pending": "confirm"}


def make(folder: Path, count: int) -> Config:
    """A migrated database in `folder` with `count` deposits, one in fifty of them open."""
    (folder / "cashier.toml").write_text(CONFIG, encoding="utf-8")
    config = load_config(folder / "cashier.toml", role="engine", environ={})
    opened = open_database(config.database)
    with connected():
        migrate.apply()
        installation.ensure_id()
        chains.ensure(config, utc_now())
        Chain.update(state="well", height=1000, node_height=1000, hash="00" * 32).execute()
    opened.close()
    with sqlite3.connect(folder / "bench.db") as raw:
        marks = ", ".join("?" * len(COLUMNS))
        raw.executemany(
            f"INSERT INTO payment ({', '.join(COLUMNS)}) VALUES ({marks})",  # constants only
            _rows(count),
        )
        raw.execute("UPDATE counter SET value = ? WHERE name = 'seq'", (count,))
        raw.execute("ANALYZE")
    raw.close()
    return config


def _rows(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, count + 1):
        name = hashlib.sha256(str(number).encode()).hexdigest()
        opened = number % OPEN_EACH == 0
        client = f"CR{number % 200_000}" if not opened else f"OP{number}"
        txid = None if opened else name
        yield (
            *(name[:32], "deposit", client, "LTC", "LTC"),
            *("requested" if opened else "credited", "", 0, "", str(number * 1000)),
            *(f"rltc1q{name[:38]}", txid, txid and "vout:0", 0, 3, "", AT, AT),
            *(0 if opened else 1, number, number, name[:32]),
        )


def move_for_ever(path: Path, per_second: int) -> None:
    """Move open deposits along, so many a second, until this process is ended; says when it does
    the first."""
    config = load_config(path, role="engine", environ={})
    open_database(config.database)
    with connected():
        due = time.monotonic()
        waiting = _open_ones()
        _move(config, waiting, per_second // 10)
        print("moving", flush=True)
        while True:
            due += 0.1
            _move(config, waiting, per_second // 10)
            time.sleep(max(0.0, due - time.monotonic()))


def _move(config: Config, waiting: Iterator[str | None], count: int) -> None:
    now = utc_now()
    with database.atomic():
        Chain.update(beat_at=rfc3339(now)).execute()
        with Batch(config, actor="engine", now=now) as batch:
            for _ in range(count):
                which = next(waiting)
                if which is None:
                    _open(batch)
                    continue
                payment = Payment.get_by_id(which)
                more: dict[str, Any] = {}
                if payment.state == "requested":
                    units = payment.units or 1000
                    more = {"txid": payment.id * 2, "idx": "vout:0", "units": units}
                batch.move(payment, WAY[payment.state], evidence={}, **more)


def _open(batch: Batch) -> None:
    name = secrets.token_hex(19)
    batch.open(
        kind="deposit",
        client=f"OP{name[:6]}",
        currency="LTC",
        chain="LTC",
        address=f"rltc1q{name}",
        evidence={},
    )


def _open_ones() -> Iterator[str | None]:
    """Deposits to be moved, without end: None for a new one to be opened, in the place of each that
    is on its last move."""
    while True:
        rows = Payment.select(Payment.id, Payment.state).where(Payment.state.in_(list(WAY)))
        found = list(rows.limit(5_000))
        for row in found:
            yield row.id
            if row.state == "pending":
                yield None
        if not found:
            yield None
