"""Histories made by hand, the same every time: what the audit trail's tests seal and export."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from db import bulk
from db.connection import database
from db.models import Balance, Counter, Entry, History, Installation, Payment, Posting
from engine.audit import export, seals
from engine.audit.export import measure
from engine.audit.form import Filter
from engine.audit.keys import SealKey
from engine.audit.lines import beside
from engine.clock import rfc3339
from engine.history import canonical, row_hash
from engine.money import format_amount

INSTALLATION = "0f" * 16
KEY = SealKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER_KEY = SealKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
START = datetime(2026, 10, 30, 12, tzinfo=UTC)
STEP = timedelta(hours=6)

STEPS = (
    ("request", None, "requested"),
    ("seen", "requested", "pending"),
    ("confirm", "pending", "confirmed"),
    ("credit", "confirmed", "credited"),
)
CURRENCIES = ("LTC", "BTC", "BCH", "DOGE")
CLIENTS = ("ann", "bob", None)
REASONS = ("", "=SUM(A1:A9)", "'quoted'", "a, b\r\nc", "zwölf ₿")


def payment_id(number: int) -> str:
    """The id of the n-th payment."""
    return f"{number:032x}"


def make_rows(payments: int) -> list[dict[str, Any]]:
    """Rows of deposits that live side by side: round after round each makes a step."""
    tails: dict[int, str] = {}
    rows: list[dict[str, Any]] = []
    for step in range(len(STEPS)):
        for number in range(payments):
            prev = tails.get(number, payment_id(number))
            row = _row(len(rows) + 1, number, step, prev)
            tails[number] = row["hash"]
            rows.append(row)
    return rows


def _row(seq: int, number: int, step: int, prev: str) -> dict[str, Any]:
    event, left, state = STEPS[step]
    client = CLIENTS[number % len(CLIENTS)]
    currency = CURRENCIES[number // len(CLIENTS)]  # one open request per client and currency
    units = None if step == 0 else 10**18 * (number + 1) + 7
    evidence: dict[str, Any] = {"confirmations": step, "address": f"rltc1q{number}"}
    if event == "confirm":
        evidence["entry"] = [
            ["wallet:deposits", currency, str(units)],
            [f"client:{client}", currency, str(-(units or 0))],
        ]
    row = {
        "seq": seq,
        "payment": payment_id(number),
        "kind": "deposit",
        "client": client,
        "currency": currency,
        "units": None if units is None else str(units),
        "amount": None if units is None else format_amount(units, 8),
        "event": event,
        "from": left,
        "to": state,
        "at": rfc3339(START + STEP * seq),
        "actor": "engine",
        "reason": REASONS[seq % len(REASONS)],
        "rule": "a1b2c3d4",
        "evidence": evidence,
        "prev": prev,
    }
    return {**row, "hash": row_hash(row)}


def store(rows: list[dict[str, Any]]) -> None:
    """Write rows and everything that follows from them into an empty database."""
    Installation.create(key=seals.INSTALLATION_ID, value=INSTALLATION)
    store_more(rows)


def store_more(rows: list[dict[str, Any]]) -> None:
    """Write further rows."""
    bulk.insert_rows(History, [_record(row) for row in rows])
    Counter.update(value=rows[-1]["seq"] if rows else 0).where(Counter.name == "seq").execute()
    _store_payments(rows)
    _store_entries(rows)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    record = {name: value for name, value in row.items() if name not in {"from", "to"}}
    record["from_state"], record["to_state"] = row["from"], row["to"]
    record["units"] = None if row["units"] is None else int(row["units"])
    record["evidence"] = canonical(row["evidence"]).decode()
    return record


def _store_payments(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["from"] is None:
            Payment.create(
                id=row["payment"],
                kind=row["kind"],
                client=row["client"],
                currency=row["currency"],
                chain="LTC",
                state=row["to"],
                units=None,
                created_at=row["at"],
                updated_at=row["at"],
                first_seq=row["seq"],
                last_seq=row["seq"],
                last_hash=row["hash"],
            )
    for row in {row["payment"]: row for row in rows}.values():
        Payment.update(
            state=row["to"],
            units=None if row["units"] is None else int(row["units"]),
            last_seq=row["seq"],
            last_hash=row["hash"],
        ).where(Payment.id == row["payment"]).execute()


def _store_entries(rows: list[dict[str, Any]]) -> None:
    sums: dict[tuple[str, str], int] = {
        (kept.account, kept.currency): kept.units for kept in Balance.select()
    }
    for row in rows:
        lines = row["evidence"].get("entry")
        if lines is None:
            continue
        Entry.create(id=row["seq"], at=row["at"], event=row["event"], payment=row["payment"])
        for number, (account, currency, units) in enumerate(lines):
            Posting.create(
                entry=row["seq"], line=number, account=account, currency=currency, units=int(units)
            )
            sums[account, currency] = sums.get((account, currency), 0) + int(units)
    database.execute_sql("DELETE FROM balance")
    for (account, currency), units in sums.items():
        Balance.create(account=account, currency=currency, units=units)


def seal_up_to(count: int, rows: list[dict[str, Any]]) -> None:
    """Store and seal `rows`, the first `count` of them under one seal and the rest under another;
    with 0 the rest is the first."""
    if count:
        store_more(rows[:count])
        seals.seal(now=START, key=KEY)
    if rows[count:]:
        store_more(rows[count:])
        seals.seal(now=START + timedelta(days=9), key=KEY)


def export_jsonl(path: Path, part: Filter | None = None) -> Path:
    """Export to a JSON Lines file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        export.write_jsonl(file, measure(part or Filter()), now=START + timedelta(days=10))
    return path


def export_csv(path: Path, part: Filter | None = None) -> Path:
    """Export to a CSV file and the one beside it."""
    with (
        path.open("w", encoding="utf-8", newline="") as file,
        beside(path).open("w", encoding="utf-8", newline="") as other,
    ):
        export.write_csv_rows(
            file, other, measure(part or Filter()), now=START + timedelta(days=10)
        )
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write them again, as any program would."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def raw_key(seed: int) -> bytes:
    """A private key as base64 text."""
    return base64.b64encode(bytes([seed]) * 32)
