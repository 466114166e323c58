"""A small installation for tests of the rules: a configuration, clients, addresses, deposits."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db.connection import database
from db.models import Address, Client, Payment
from engine import ledger
from engine.clock import rfc3339
from engine.config import Config, load_config
from engine.lifecycle import Batch
from engine.lifecycle.batch import write_row
from tests.engine.toml_text import dump, minimal

NOW = datetime(2026, 10, 30, 12, tzinfo=UTC)
PATH_TO = {
    "requested": (),
    "pending": ("see",),
    "confirmed": ("see", "confirm"),
    "credited": ("see", "confirm", "credit"),
    "held": ("see", "confirm", "hold"),
    "refused": ("see", "confirm", "refuse"),
    "vanished": ("see", "vanish"),
    "reversed": ("see", "confirm", "credit", "reverse"),
    "expired": ("expire",),
}


def house(folder: Path, *, tables: dict[str, Any] | None = None, **currency: Any) -> Config:
    """The smallest configuration, a regtest LTC, with `currency` laid over its table and `tables`
    beside it."""
    path = folder / "cashier.toml"
    path.write_text(dump({**minimal(**currency), **(tables or {})}))
    return load_config(path, role="engine", environ={})


def add_client(client: str) -> None:
    """A client that came through a handshake."""
    Client.create(id=client, created_at=rfc3339(NOW))


def add_addresses(count: int, *, chain: str = "LTC", prefix: str = "rltc1q") -> list[str]:
    """Unused addresses in the pool, oldest first."""
    made = []
    for number in range(count):
        address = f"{prefix}{number:06d}"
        script = hashlib.sha256(f"{chain}/{address}".encode()).hexdigest()
        Address.create(
            chain=chain,
            address=address,
            script=script,
            purpose="deposit",
            created_at=rfc3339(NOW),
            created_height=0,
        )
        made.append(address)
    return made


def new_batch(config: Config, now: datetime = NOW) -> Batch:
    return Batch(config, actor="engine", now=now)


def add_deposit(
    config: Config,
    client: str | None = "ann",
    *,
    state: str = "requested",
    units: int | None = None,
    **columns: Any,
) -> Payment:
    """A deposit that came to `state` by legal moves, without entries. `columns` are set with the
    first move."""
    columns = {"currency": "LTC", "chain": "LTC", **columns}
    with new_batch(config) as batch:
        payment = batch.open(kind="deposit", client=client, evidence={}, **columns)
        changes: dict[str, Any] = {} if units is None else {"units": units}
        for event in PATH_TO[state]:
            batch.move(payment, event, evidence={}, **changes)
    return payment


def post_alone(*entries: ledger.NewEntry) -> int:
    """Post entries in a database transaction of their own, each under a history row that belongs
    to no payment; the first row's number."""
    with database.atomic():
        numbers = [_number(entry.event) for entry in entries]
        posted = [(n, e.event, None, e) for n, e in zip(numbers, entries, strict=True)]
        ledger.post(posted, at=rfc3339(NOW))
    return numbers[0]


def _number(event: str) -> int:
    """A history row for an entry to stand under, chained to no other."""
    row: dict[str, Any] = {
        "payment": secrets.token_hex(16),
        "kind": "installation",
        "client": None,
        "currency": "",
        "units": None,
        "amount": None,
        "event": event,
        "from": None,
        "to": event,
        "at": rfc3339(NOW),
        "actor": "test",
        "reason": "",
        "rule": "",
        "evidence": {},
    }
    row["prev"] = row["payment"]
    write_row(row)
    return int(row["seq"])
