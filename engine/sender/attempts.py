"""Attempts in the database: stored whole before anything is broadcast, read back after a crash."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import peewee

from db import bulk
from db.models import Attempt, AttemptInput, AttemptOutput, Coin, Payment
from engine.chain import BlockRef, Pay, SignedTx
from engine.errors import StaleState
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT
from engine.sender.coins import OwnCoin

T = TypeVar("T", AttemptInput, AttemptOutput)


@dataclass(frozen=True, slots=True)
class Output:
    """One output of an attempt; `payment` is None for change."""

    pay: Pay
    payment: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A chain tx that was signed and is about to be stored."""

    chain: str
    currency: str
    coins: tuple[OwnCoin, ...]
    outputs: tuple[Output, ...]
    signed: SignedTx
    fee: int


def new_id() -> str:
    """An id for an attempt; the first one's also names its family."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Stored:
    """An attempt as it was stored, with what it pays."""

    row: Attempt
    inputs: tuple[AttemptInput, ...]
    outputs: tuple[AttemptOutput, ...]

    @property
    def payments(self) -> tuple[str, ...]:
        """Ids of the payments that it pays, in the order of its outputs."""
        return tuple(each.payment for each in self.outputs if each.payment is not None)

    @property
    def from_deposits(self) -> int:
        """Units of its inputs that stand on wallet:deposits."""
        return sum(each.units for each in self.inputs if each.account == WALLET_DEPOSITS)


def stored_of(draft: Draft, *, attempt: str, family: str, number: int, at: str) -> Stored:
    """The attempt as it is to be stored."""
    row = Attempt(
        id=attempt,
        family=family,
        number=number,
        chain=draft.chain,
        currency=draft.currency,
        txid=draft.signed.txid,
        signed=draft.signed.raw,
        state="stored",
        fee_units=draft.fee,
        size=draft.signed.size,
        created_at=at,
        updated_at=at,
    )
    inputs = tuple(
        AttemptInput(
            attempt=attempt,
            txid=coin.spend.txid,
            idx=coin.spend.index,
            units=coin.spend.units,
            account=coin.account,
        )
        for coin in draft.coins
    )
    outputs = tuple(
        AttemptOutput(
            attempt=attempt,
            line=line,
            address=output.pay.address,
            units=output.pay.units,
            payment=output.payment,
        )
        for line, output in enumerate(draft.outputs)
    )
    return Stored(row, inputs, outputs)


def store(made: Sequence[Stored]) -> None:
    """Write attempts with their inputs and outputs, inside the caller's database transaction."""
    bulk.insert_rows(Attempt, [_values(each.row) for each in made])
    bulk.insert_rows(AttemptInput, [_values(row) for each in made for row in each.inputs])
    bulk.insert_rows(AttemptOutput, [_values(row) for each in made for row in each.outputs])


def _values(row: Attempt | AttemptInput | AttemptOutput) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row)._meta.fields}


def settled_blocks(chain: str) -> list[str]:
    """The blocks that hold booked attempts which are not final yet."""
    rows = (
        Attempt.select(Attempt.block_hash)
        .where((Attempt.chain == chain) & (Attempt.final == 0) & (Attempt.state == "settled"))
        .distinct()
    )
    return [str(row.block_hash) for row in rows if row.block_hash is not None]


def unsent_families(chain: str) -> list[list[Stored]]:
    """Attempts whose bytes may not be out yet, by family, oldest first."""
    return _families(chain, Attempt.state == "stored")


def open_families(chain: str, *, dead: Collection[str], deepest: int) -> list[list[Stored]]:
    """The families that must be asked about at a new tip, oldest first: not booked yet, out of
    their block again (`dead` blocks left the chain), or in blocks up to `deepest`, which are final
    now. Those booked in a live block are left alone, so that the cost follows open work."""
    return _families(
        chain,
        (Attempt.state != "settled")
        | Attempt.block_hash.is_null()
        | Attempt.block_hash.in_(sorted(dead))
        | (Attempt.block_height <= deepest),
    )


def _families(chain: str, wanted: peewee.Expression) -> list[list[Stored]]:
    families = Attempt.select(Attempt.family).where(
        (Attempt.chain == chain) & (Attempt.final == 0) & (Attempt.state != "dead") & wanted
    )
    rows = list(
        Attempt.select()
        .where((Attempt.chain == chain) & Attempt.family.in_(families))
        .order_by(Attempt.created_at, Attempt.family, Attempt.number)
    )
    ids = [row.id for row in rows]
    inputs = _by_attempt(AttemptInput.select().where(AttemptInput.attempt.in_(ids)))
    outputs = _by_attempt(
        AttemptOutput.select().where(AttemptOutput.attempt.in_(ids)).order_by(AttemptOutput.line)
    )
    found: dict[str, list[Stored]] = {}
    for row in rows:
        stored = Stored(row, tuple(inputs.get(row.id, ())), tuple(outputs.get(row.id, ())))
        found.setdefault(row.family, []).append(stored)
    return list(found.values())


def known_txids(txids: Iterable[str]) -> frozenset[str]:
    """Which of these chain txs are attempts of ours."""
    asked = sorted(set(txids))
    if not asked:
        return frozenset()
    rows = Attempt.select(Attempt.txid).where(bulk.one_of(Attempt.txid, asked))
    return frozenset(str(row.txid) for row in rows)


def payments_of(stored: Stored) -> list[Payment]:
    """The payments that an attempt pays, in the order of its outputs."""
    rows = {row.id: row for row in Payment.select().where(Payment.id.in_(stored.payments))}
    return [rows[each] for each in stored.payments if each in rows]


def parents_booked(stored: Stored) -> bool:
    """Whether every attempt of ours whose change this one spends is in the books."""
    made_by = sorted({each.txid for each in stored.inputs})
    open_ones = Attempt.select().where(
        (Attempt.chain == stored.row.chain)
        & Attempt.txid.in_(made_by)
        & (Attempt.state != "settled")
    )
    return not open_ones.exists()


def reserve(stored: Stored) -> None:
    """Put the coins of an attempt that was just stored in use for its family, inside the caller's
    database transaction. Raises StaleState when one was taken or spent meanwhile."""
    taken = (
        Coin.update(reserved=stored.row.family)
        .where(inputs_of(stored) & Coin.reserved.is_null() & Coin.spent_txid.is_null())
        .execute()
    )
    if taken != len(stored.inputs):
        raise StaleState("a coin was taken meanwhile")


def inputs_of(stored: Stored) -> peewee.Expression:
    """Which of our coins an attempt that is stored spends."""
    named = AttemptInput.select().where(
        (AttemptInput.attempt == stored.row.id)
        & (AttemptInput.txid == Coin.txid)
        & (AttemptInput.idx == Coin.idx)
    )
    made_by = sorted({each.txid for each in stored.inputs})
    return (Coin.chain == stored.row.chain) & Coin.txid.in_(made_by) & peewee.fn.EXISTS(named)


def note_block(stored: Stored, block: BlockRef | None) -> None:
    """Its coins as of now, inside the caller's database transaction: inputs spent in `block`,
    change created there; None when it is in no block."""
    height = None if block is None else block.height
    block_hash = None if block is None else block.hash
    Coin.update(
        spent_txid=None if block is None else stored.row.txid,
        spent_height=height,
        spent_hash=block_hash,
    ).where(
        inputs_of(stored) & (Coin.spent_txid.is_null() | (Coin.spent_txid == stored.row.txid))
    ).execute()
    bulk.insert_rows(
        Coin,
        [
            {
                "chain": stored.row.chain,
                "txid": stored.row.txid,
                "idx": f"vout:{output.line}",
                "currency": stored.row.currency,
                "address": output.address,
                "account": account,
                "units": output.units,
                "payment": output.payment,
                "height": height,
                "hash": block_hash,
            }
            for output, account in _kept(stored)
        ],
        on="ON CONFLICT (chain, txid, idx, currency) DO UPDATE SET"
        " height = excluded.height, hash = excluded.hash",
    )


def _kept(stored: Stored) -> list[tuple[AttemptOutput, str]]:
    """The outputs that stay ours, with the wallet account of each: change, and moves to cold."""
    transfers = Payment.select(Payment.id).where(
        Payment.id.in_(stored.payments) & (Payment.kind == "transfer")
    )
    cold = {str(row.id) for row in transfers}
    return [
        (output, WALLET_HOT if output.payment is None else WALLET_COLD)
        for output in stored.outputs
        if output.payment is None or output.payment in cold
    ]


def _by_attempt(rows: Iterable[T]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = {}
    for row in rows:
        grouped.setdefault(row.attempt, []).append(row)
    return grouped


def fee_shares(fee: int, amounts: Sequence[int]) -> list[int]:
    """Each payment's share of the chain fee by output size, the remainder to the first."""
    total = sum(amounts)
    shares = [fee * amount // total for amount in amounts]
    shares[0] += fee - sum(shares)
    return shares
