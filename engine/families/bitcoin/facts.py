"""Reading `gettransaction`: where one chain tx stands now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.chain import BlockRef, Fact, Standing
from engine.families.bitcoin.values import OddValue, hash_of, number_of, script_of, table_of

METHOD = "gettransaction"

# version, (marker and flag), number of inputs, and the outpoint that spends nothing: a reward.
_NULL_OUTPOINT = "00" * 32 + "ffffffff"
_SMALL_NUMBER_BASE = 0x50
_HEIGHT_BYTES_MAX = 4


@dataclass(frozen=True, slots=True)
class FactReader:
    """Reads replies of one round of questions; both functions ask the node when they must."""

    height_of: Callable[[str], int]
    tip_height: Callable[[], int]

    def fact(self, txid: str, reply: object) -> Fact:
        """What the reply proves. One that is in no block is ABSENT here: whether the mempool has it
        is another question. Raises OddValue for a reply of another shape."""
        row = table_of(reply)
        confirmations = number_of(row.get("confirmations"), least=-(2**31))
        conflicts = _conflicts(row)
        if confirmations > 0:
            block = self._block(row)
            return Fact(txid, Standing.MINED, block, conflicts=conflicts)
        if _has_detail(row, "category", value="orphan"):
            depth = self._orphan_depth(row)
            return Fact(txid, Standing.GONE, conflict_depth=depth, conflicts=conflicts)
        if confirmations < 0:
            return Fact(txid, Standing.GONE, conflict_depth=-confirmations, conflicts=conflicts)
        return Fact(txid, Standing.ABSENT, conflicts=conflicts)

    def _block(self, row: Mapping[str, Any]) -> BlockRef:
        block_hash = hash_of(row.get("blockhash"))
        if "blockheight" in row:
            return BlockRef(number_of(row["blockheight"]), block_hash)
        return BlockRef(self.height_of(block_hash), block_hash)

    def _orphan_depth(self, row: Mapping[str, Any]) -> int:
        """How deep the block lies that took the place of the reward's own; 0 where the node gives
        no means to know. A reward carries the height of its block (BIP-34)."""
        height = height_in_reward(script_of(row.get("hex")))
        return 0 if height is None else max(self.tip_height() - height + 1, 0)


def is_abandoned(reply: object) -> bool:
    """Whether our wallet gave the chain tx up: it may still be mined."""
    return _has_detail(table_of(reply), "abandoned", value=True)


def height_in_reward(raw_tx: str) -> int | None:
    """The height that a reward's raw bytes (hex) name, None if they name none."""
    _, found, rest = raw_tx.partition(_NULL_OUTPOINT)
    script = bytes.fromhex(rest)[1:]
    if not found or not script:
        return None
    push = script[0]
    if _SMALL_NUMBER_BASE < push <= _SMALL_NUMBER_BASE + 16:
        return push - _SMALL_NUMBER_BASE
    if not 0 < push <= _HEIGHT_BYTES_MAX or len(script) <= push:
        return None
    return int.from_bytes(script[1 : 1 + push], "little")


def _conflicts(row: Mapping[str, Any]) -> tuple[str, ...]:
    listed = row.get("walletconflicts", [])
    if not isinstance(listed, list):
        raise OddValue("its conflicts are no list")
    return tuple(sorted(hash_of(each) for each in listed))


def _has_detail(row: Mapping[str, Any], key: str, *, value: object) -> bool:
    details = row.get("details", [])
    if not isinstance(details, list):
        raise OddValue("its details are no list")
    return any(isinstance(each, dict) and each.get(key) == value for each in details)
