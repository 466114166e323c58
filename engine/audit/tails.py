"""The last row seen of each payment, for any number of payments in little memory.

A scratch database of its own that SQLite keeps in memory while small and on disk when it grows;
it is gone when closed.
"""

from __future__ import annotations

import sqlite3
from typing import Self


class Tails:
    """payment → (hash, note) of its last row."""

    def __init__(self) -> None:
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute("PRAGMA journal_mode = OFF")
        self._scratch.execute(
            "CREATE TABLE tail (payment TEXT PRIMARY KEY, hash TEXT, note TEXT) WITHOUT ROWID"
        )
        self._scratch.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()

    def swap(self, payment: str, row_hash: str, note: str = "") -> str | None:
        """Remember this row as the payment's last; returns the hash of the one before it."""
        before = self.get(payment)
        self._scratch.execute(
            "INSERT OR REPLACE INTO tail VALUES (?, ?, ?)", (payment, row_hash, note)
        )
        return None if before is None else before[0]

    def get(self, payment: str) -> tuple[str, str] | None:
        """Hash and note of the payment's last row."""
        query = "SELECT hash, note FROM tail WHERE payment = ?"
        found: tuple[str, str] | None = self._scratch.execute(query, (payment,)).fetchone()
        return found
