"""Exports as files: each appears whole under its name, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from engine import orders
from engine.audit import export
from engine.audit.form import Filter
from engine.errors import OrderRefused

SEAL_WAIT_S = 10
NO_ENGINE = "no engine answered: rows after the last seal are marked unsealed"


def seal_first() -> str:
    """Ask a running engine to seal what is new; why it did not, empty when it did. An engine that
    refuses found something wrong, which the export then shows to `verify`."""
    try:
        answered = orders.ask(act="seal", body={}, wait_s=SEAL_WAIT_S) is not None
    except OrderRefused as refusal:
        return f"not sealed: {refusal}"
    return "" if answered else NO_ENGINE


def write_histories(part: Filter, target: Path, *, now: datetime) -> int:
    """Write JSON Lines to `target`; how many rows. Raises OSError, AuditError."""
    extent = export.measure(part)
    with replacing(target) as out:
        export.write_jsonl(out, extent, now=now, progress=lambda _: None)
    return extent.rows


@contextmanager
def replacing(target: Path) -> Iterator[IO[str]]:
    """A file to write; it takes the place of `target` when the block ends well. Raises OSError."""
    hidden = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with hidden.open("w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        hidden.replace(target)
    finally:
        with suppress(OSError):
            hidden.unlink()
