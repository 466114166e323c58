"""Attempts in the database: stored whole before anything is broadcast, read back after a crash."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import peewee

from db import bulk
from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.models import Coin, Payment
from engine.chain import BlockRef, Pay, SignedTx
from engine.errors import StaleState
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT
from engine.sender.coins import OwnCoin

T = TypeVar("T", AttemptInput, AttemptOutput)

COIN = ("chain", "txid", "idx")  # names a coin
NOWHERE = dict.fromkeys(("spent_txid", "spent_height", "spent_hash"))


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
    found: dict[str, list[Stored]] = {}
    for stored in _stored((Attempt.chain == chain) & Attempt.family.in_(families)):
        found.setdefault(stored.row.family, []).append(stored)
    return list(found.values())


def stored_of_ids(attempts: Collection[str]) -> list[Stored]:
    """These attempts, oldest first."""
    return _stored(bulk.one_of(Attempt.id, sorted(attempts)))


def _stored(wanted: peewee.Expression) -> list[Stored]:
    rows = bulk.read_rows(
        Attempt.select().where(wanted).order_by(Attempt.created_at, Attempt.family, Attempt.number)
    )
    ids = [row.id for row in rows]
    inputs = _by_attempt(AttemptInput.select().where(bulk.one_of(AttemptInput.attempt, ids)))
    outputs = _by_attempt(
        AttemptOutput.select()
        .where(bulk.one_of(AttemptOutput.attempt, ids))
        .order_by(AttemptOutput.line)
    )
    return [
        Stored(row, tuple(inputs.get(row.id, ())), tuple(outputs.get(row.id, ()))) for row in rows
    ]


def known_txids(txids: Iterable[str]) -> frozenset[str]:
    """Which of these chain txs are attempts of ours."""
    asked = sorted(set(txids))
    if not asked:
        return frozenset()
    rows = Attempt.select(Attempt.txid).where(bulk.one_of(Attempt.txid, asked))
    return frozenset(str(row.txid) for row in rows)


def payments_of(made: Sequence[Stored]) -> dict[str, list[Payment]]:
    """The payments that each of these attempts pays, by the attempt's id, in the order of its
    outputs."""
    ids = {each for stored in made for each in stored.payments}
    query = Payment.select().where(bulk.one_of(Payment.id, sorted(ids)))
    rows = {row.id: row for row in bulk.read_rows(query)}
    return {
        str(stored.row.id): [rows[each] for each in stored.payments if each in rows]
        for stored in made
    }


def unbooked_parents(made: Sequence[Stored]) -> frozenset[str]:
    """Which of the attempts whose change these spend are not in the books yet, by their txids."""
    if not made:
        return frozenset()
    rows = Attempt.select(Attempt.txid).where(
        (Attempt.chain == made[0].row.chain)
        & bulk.one_of(Attempt.txid, sorted({each.txid for one in made for each in one.inputs}))
        & (Attempt.state != "settled")
    )
    return frozenset(str(row.txid) for row in rows)


def reserve(made: Sequence[Stored]) -> None:
    """Put the coins of attempts that were just stored in use for their families, inside the
    caller's database transaction. Raises StaleState when one was taken or spent meanwhile."""
    rows = [_coin(stored, each) | {"reserved": stored.row.family} for stored, each in _spent(made)]
    free = "coin.reserved IS NULL AND coin.spent_txid IS NULL"
    taken = bulk.update_rows(Coin, rows, match=COIN, changes=("reserved",), where=free)
    if taken != len(rows):
        raise StaleState("a coin was taken meanwhile")


def note_blocks(places: Sequence[tuple[Stored, BlockRef | None]]) -> None:
    """The coins of attempts as of now, inside the caller's database transaction: inputs spent in
    their block, change created there; None for one that is in no block. What one gives up may be
    what another one spends."""
    outside = [stored for stored, block in places if block is None]
    mined = [(stored, block) for stored, block in places if block is not None]
    _write_spent(
        [_coin(stored, each) | _by(stored) | NOWHERE for stored, each in _spent(outside)],
        match=(*COIN, "spent_txid"),
    )
    spent = [
        _coin(stored, each)
        | _by(stored)
        | {
            "spent_txid": stored.row.txid,
            "spent_height": block.height,
            "spent_hash": block.hash,
        }
        for stored, block in mined
        for each in stored.inputs
    ]
    _write_spent(spent, match=(*COIN, "spent_txid"))
    _write_spent(spent, match=COIN, where="coin.spent_txid IS NULL")
    cold = _transfers([stored for stored, _ in places])
    bulk.insert_rows(
        Coin,
        [made for stored, block in places for made in _kept(stored, block, cold)],
        on="ON CONFLICT (chain, txid, idx, currency) DO UPDATE SET"
        " height = excluded.height, hash = excluded.hash",
    )


def _write_spent(
    rows: Sequence[dict[str, Any]], *, match: Sequence[str], where: str = "TRUE"
) -> None:
    bulk.update_rows(Coin, rows, match=match, changes=tuple(NOWHERE), where=where)


def _spent(made: Sequence[Stored]) -> list[tuple[Stored, AttemptInput]]:
    return [(stored, each) for stored in made for each in stored.inputs]


def _coin(stored: Stored, spent: AttemptInput) -> dict[str, Any]:
    """Which of our coins it is, for an update by `COIN`."""
    return {
        "match.chain": stored.row.chain,
        "match.txid": spent.txid,
        "match.idx": spent.idx,
    }


def _by(stored: Stored) -> dict[str, Any]:
    """Only if this attempt is what spends it."""
    return {"match.spent_txid": stored.row.txid}


def _transfers(made: Sequence[Stored]) -> frozenset[str]:
    """Payments of these attempts that are moves to cold coins."""
    ids = sorted({each for stored in made for each in stored.payments})
    rows = Payment.select(Payment.id).where(
        bulk.one_of(Payment.id, ids) & (Payment.kind == "transfer")
    )
    return frozenset(str(row.id) for row in rows)


def _kept(stored: Stored, block: BlockRef | None, cold: Collection[str]) -> list[dict[str, Any]]:
    """The outputs that stay ours as coins, each on its wallet account: change, moves to cold."""
    return [
        {
            "chain": stored.row.chain,
            "txid": stored.row.txid,
            "idx": f"vout:{output.line}",
            "currency": stored.row.currency,
            "address": output.address,
            "account": WALLET_HOT if output.payment is None else WALLET_COLD,
            "units": output.units,
            "payment": output.payment,
            "height": None if block is None else block.height,
            "hash": None if block is None else block.hash,
        }
        for output in stored.outputs
        if output.payment is None or output.payment in cold
    ]


def _by_attempt(query: peewee.ModelSelect[T]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = {}
    for row in bulk.read_rows(query):
        grouped.setdefault(row.attempt, []).append(row)
    return grouped


def fee_shares(fee: int, amounts: Sequence[int]) -> list[int]:
    """Each payment's share of the chain fee by output size, the remainder to the first."""
    total = sum(amounts)
    shares = [fee * amount // total for amount in amounts]
    shares[0] += fee - sum(shares)
    return shares
