"""Reading a signed chain tx from its own bytes, so that nobody has to be asked what it says.

Version, inputs, outputs, witnesses (BIP-144) and lock time, as every node of the family has them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from engine.families.bitcoin.values import OddValue

_BASE_WEIGHT = 4  # of a byte outside of the witnesses, whose own bytes weigh 1 (BIP-141)
_LENGTHS = {0xFD: 2, 0xFE: 4, 0xFF: 8}


@dataclass(frozen=True, slots=True)
class RawTx:
    """What the bytes say: coins spent as (txid, place), outputs as (units, script in hex), `size`
    in virtual bytes."""

    txid: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[int, str], ...]
    size: int


def read_raw(raw: str) -> RawTx:
    """The chain tx of these bytes, given in hex. Raises OddValue for what is none."""
    try:
        whole = bytes.fromhex(raw)
        return _read(whole)
    except (ValueError, IndexError) as error:
        raise OddValue("the signed bytes are no chain tx") from error


def _read(whole: bytes) -> RawTx:
    reader = _Reader(whole, at=4)
    has_witness = whole[4:6] == b"\x00\x01"
    if has_witness:
        reader.at = 6
    body = reader.at
    inputs = tuple(reader.spend() for _ in range(reader.count()))
    outputs = tuple(reader.output() for _ in range(reader.count()))
    end = reader.at
    if has_witness:
        for _ in inputs:
            for _ in range(reader.count()):
                reader.take(reader.count())
    if reader.at + 4 != len(whole) or not inputs or not outputs:
        raise ValueError("too short or too long")
    bare = whole[:4] + whole[body:end] + whole[-4:]
    weight = len(bare) * (_BASE_WEIGHT - 1) + len(whole)
    return RawTx(_hash(bare), inputs, outputs, -(-weight // _BASE_WEIGHT))


@dataclass(slots=True)
class _Reader:
    """Takes one thing after the other; raises ValueError or IndexError where the bytes end."""

    whole: bytes
    at: int

    def take(self, length: int) -> bytes:
        found = self.whole[self.at : self.at + length]
        if len(found) != length:
            raise ValueError("cut off")
        self.at += length
        return found

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "little")

    def count(self) -> int:
        first = self.number(1)
        return self.number(_LENGTHS[first]) if first in _LENGTHS else first

    def spend(self) -> tuple[str, int]:
        txid, place = self.take(32)[::-1].hex(), self.number(4)
        self.take(self.count())
        self.take(4)
        return txid, place

    def output(self) -> tuple[int, str]:
        return self.number(8), self.take(self.count()).hex()


def _hash(data: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()[::-1].hex()
