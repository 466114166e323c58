"""What is ours on one chain, for families whose nodes keep no wallet: addresses, and the coins that
were seen before. The family asks; it never reads the database itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from db import bulk
from db.connection import database
from db.models import Address, History, Payment

WHOLE_EVERY_S = 600  # addresses that were added by other hands than the engine's are found by then
ASKED_MAX = 500  # chain txs in one query


@dataclass(frozen=True, slots=True)
class SeenCoin:
    """A coin that has a row. `block_hash` is where it was seen last, None outside of a block;
    `sender`, `nonce` and `height` are those of its first sight, None where it did not say."""

    txid: str
    index: str
    currency: str
    address: str
    units: int
    block_hash: str | None
    sender: str | None = None
    nonce: int | None = None
    height: int | None = None


class Ours(Protocol):
    """What a family needs to know of us. Needs no node."""

    def addresses(self) -> Mapping[str, str]:
        """Every address of ours as it is stored, by its lower-case form; the mapping is shared and
        grows."""

    def newest_path(self, prefix: str) -> str | None:
        """What identifies the address that was made last of those that begin with `prefix`."""

    def path_of(self, address: str) -> str | None:
        """What identifies an address of ours; None for another."""

    def coins(self, txids: Iterable[str]) -> list[SeenCoin]:
        """The deposits of these chain txs."""


class NothingYet:
    """Before there is a database: nothing is ours."""

    def addresses(self) -> Mapping[str, str]:
        return {}

    def newest_path(self, prefix: str) -> str | None:  # noqa: ARG002 - as the protocol has it
        return None

    def path_of(self, address: str) -> str | None:  # noqa: ARG002 - as the protocol has it
        return None

    def coins(self, txids: Iterable[str]) -> list[SeenCoin]:  # noqa: ARG002 - likewise
        return []


class StoredOurs:
    """`Ours` from the database. One thread owns an instance; the caller is connected."""

    def __init__(self, chain: str) -> None:
        self._chain = chain
        self._addresses: dict[str, str] = {}
        self._last_id = 0
        self._whole_at: float | None = None
        self._path_sql = ""

    def addresses(self) -> Mapping[str, str]:
        now_s = time.monotonic()
        if self._whole_at is None or now_s - self._whole_at > WHOLE_EVERY_S:
            self._last_id, self._whole_at = 0, now_s
        rows: Any = (
            Address.select(Address.id, Address.address)
            .where((Address.chain == self._chain) & (Address.id > self._last_id))
            .order_by(Address.id)
            .tuples()
        )
        for number, address in rows:
            self._addresses[address.lower()] = address
            self._last_id = number
        return self._addresses

    def newest_path(self, prefix: str) -> str | None:
        row = (
            Address.select(Address.script)
            .where((Address.chain == self._chain) & Address.script.startswith(prefix))
            .order_by(Address.id.desc())
            .first()
        )
        return None if row is None else str(row.script)

    def path_of(self, address: str) -> str | None:
        if not self._path_sql:  # asked of every payee: the same text each time, made once
            told = Address.select(Address.script)
            mine = (Address.chain == self._chain) & (Address.address == address)
            self._path_sql, _ = told.where(mine).sql()
        row = database.execute_sql(self._path_sql, (self._chain, address)).fetchone()
        return None if row is None else str(row[0])

    def coins(self, txids: Iterable[str]) -> list[SeenCoin]:
        wanted = sorted(set(txids))
        parts = (wanted[at : at + ASKED_MAX] for at in range(0, len(wanted), ASKED_MAX))
        return [coin for part in parts for coin in self._coins(part)]

    def _coins(self, txids: Sequence[str]) -> list[SeenCoin]:
        rows = bulk.read_by(
            Payment, chain=self._chain, kind="deposit", txid=txids, order="first_seq"
        )
        sights = _first_sights([row.id for row in rows])
        return [_seen(row, sights.get(row.id, {})) for row in rows]


def _first_sights(payments: Sequence[str]) -> dict[str, dict[str, object]]:
    """The evidence of each payment's first sight."""
    rows: Any = History.select(History.payment, History.evidence).where(
        bulk.one_of(History.payment, payments) & (History.event == "see")
    )
    return {str(payment): json.loads(evidence) for payment, evidence in rows.tuples()}


def _seen(row: Payment, sight: Mapping[str, object]) -> SeenCoin:
    sender, nonce, height = (sight.get(key) for key in ("sender", "nonce", "block_height"))
    return SeenCoin(
        txid=str(row.txid),
        index=str(row.idx),
        currency=str(row.currency),
        address=str(row.address),
        units=int(row.units or 0),
        block_hash=row.block_hash,
        sender=sender if isinstance(sender, str) else None,
        nonce=nonce if isinstance(nonce, int) else None,
        height=height if isinstance(height, int) else None,
    )
