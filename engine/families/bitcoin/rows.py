"""Reading `listsinceblock`: each row becomes an arrival, nothing, or an oddity, never a guess."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.chain import Arrival, BlockRef, Oddity, Scan
from engine.families.bitcoin.values import (
    OddValue,
    address_of,
    hash_of,
    malformed,
    number_of,
    units_of,
)

METHOD = "listsinceblock"

_PAYS_US = frozenset({"receive", "generate", "immature"})
_GENERATED = frozenset({"generate", "immature"})
# A send row says that our wallet signed the chain tx; an orphaned reward is in the list for ever.
_NO_ARRIVAL = frozenset({"send", "orphan"})
_VOLATILE = frozenset(
    {"confirmations", "blockhash", "blockheight", "blockindex", "blocktime", "trusted"}
)

HeightOf = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the rows of one reply. `height_of` asks for a block's height, which some nodes do not
    put into the row."""

    currency: str
    decimals: int
    height_of: HeightOf

    def scan(self, reply: object) -> Scan:
        """What the reply shows. Raises NodeDown if it is not such a reply at all."""
        if not isinstance(reply, dict) or not isinstance(reply.get("transactions"), list):
            raise malformed(METHOD, reply)
        try:
            tip_hash = hash_of(reply.get("lastblock"))
        except OddValue as error:
            raise malformed(METHOD, reply.get("lastblock"), error) from None
        rows = reply["transactions"]
        found, oddities = self._read(rows)
        arrivals = _mark_own(found, _txids(rows, is_own))
        unconfirmed = _txids(rows, _is_open)
        contested = _txids(rows, lambda row: _is_open(row) and bool(row.get("walletconflicts")))
        return Scan(tip_hash, tuple(arrivals), tuple(oddities), unconfirmed, contested)

    def _read(self, rows: Iterable[object]) -> tuple[list[Arrival], list[Oddity]]:
        """Arrivals by coin, each once; a coin listed twice with different figures is odd."""
        coins: dict[tuple[str, str], Arrival] = {}
        oddities: dict[str, Oddity] = {}
        torn: set[tuple[str, str]] = set()
        for row in rows:
            try:
                arrival = self._arrival(row)
            except OddValue as error:
                oddity = Oddity(_key(row), str(error))
                oddities[oddity.key] = oddity
                continue
            if arrival is None:
                continue
            coin = (arrival.txid, arrival.index)
            if coins.setdefault(coin, arrival) != arrival:
                torn.add(coin)
        for coin in torn:
            key = ":".join(coin)
            oddities[key] = Oddity(key, "listed twice with different figures")
            del coins[coin]
        return list(coins.values()), list(oddities.values())

    def _arrival(self, row: object) -> Arrival | None:
        """The arrival that a row shows, None if it shows none. Raises OddValue if it is odd."""
        if not isinstance(row, dict):
            raise OddValue("a row of the list is no object")
        category = str(row.get("category"))
        if category in _NO_ARRIVAL:
            return None
        if category not in _PAYS_US:
            raise OddValue("its category is unknown")
        confirmations = number_of(row.get("confirmations"), least=-(2**31))
        if confirmations < 0:
            return None
        if "vout" not in row:
            raise OddValue("it names no output: a confidential coin or a row that is cut")
        units = units_of(row.get("amount"), self.decimals)
        if units < 0:
            raise OddValue("it receives a negative amount")
        return Arrival(
            txid=hash_of(row.get("txid")),
            index=f"vout:{number_of(row['vout'])}",
            currency=self.currency,
            address=address_of(row.get("address")),
            units=units,
            block=self._block(row) if confirmations else None,
            generated=category in _GENERATED,
        )

    def _block(self, row: Mapping[str, Any]) -> BlockRef:
        block_hash = hash_of(row.get("blockhash"))
        if "blockheight" in row:
            return BlockRef(number_of(row["blockheight"]), block_hash)
        return BlockRef(self.height_of(block_hash), block_hash)


def _mark_own(arrivals: Iterable[Arrival], own: frozenset[str]) -> list[Arrival]:
    return [replace(each, own=True) if each.txid in own else each for each in arrivals]


def _txids(rows: Iterable[object], wanted: Callable[[Mapping[str, Any]], bool]) -> frozenset[str]:
    """The chain txs of those rows that are `wanted`."""
    tables = (row for row in rows if isinstance(row, dict) and isinstance(row.get("txid"), str))
    return frozenset(row["txid"] for row in tables if wanted(row))


def is_own(row: Mapping[str, Any]) -> bool:
    """It spends coins of the wallet's keys, and may pay an address of ours too. A row that involves
    a watched address does not tell whether that one pays or is paid."""
    return row.get("category") == "send" and row.get("involvesWatchonly") is not True


def _is_open(row: Mapping[str, Any]) -> bool:
    """It is outside of a block and could still get into one. What is no integer is not compared:
    there are numbers that raise at it."""
    confirmations = row.get("confirmations")
    is_outside = isinstance(confirmations, int) and confirmations == 0
    return is_outside and row.get("category") != "orphan"


def _key(row: object) -> str:
    """A name for an odd row that stays the same from round to round."""
    if not isinstance(row, dict):
        return f"row:{_digest(row)}"
    txid, vout = row.get("txid"), row.get("vout")
    if isinstance(txid, str) and isinstance(vout, int):
        return f"{txid[:64]}:vout:{vout}"
    lasting = sorted((str(key), str(row[key])) for key in row if key not in _VOLATILE)
    return f"{str(txid)[:64]}:row:{_digest(lasting)}"


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
