"""What left our addresses by chain txs of ours, and the coins that they made for us, where a node
keeps no coins: rows from which, with the coins that arrived, every balance follows.

For whoever sends: `note` with each look at a tip, inside the database transaction that writes the
attempts' own rows. Every attempt that is in a block is given with its block, every one that was in
a block and is in none with `block=None`; giving the same again changes nothing. `held` says what an
address has by these rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from db import bulk
from db.attempts import Attempt, AttemptOutput, Outflow
from db.connection import database
from db.exact import sum_sql
from db.models import Coin
from engine.chain import BlockRef
from engine.sender.attempts import Stored

VALUE, GAS = "value", "gas"
ASKED_MAX = 500  # addresses in one query

_KEY = "ON CONFLICT (chain, txid, idx, currency{more}) DO UPDATE SET "
_OF_OUTFLOW = (
    _KEY.format(more=", address")
    + "units = excluded.units, height = excluded.height, hash = excluded.hash"
    " WHERE outflow.folded_height IS NULL"
)
_OF_COIN = (
    _KEY.format(more="") + "units = excluded.units, payment = excluded.payment,"
    " height = excluded.height, hash = excluded.hash WHERE coin.spent_txid IS NULL"
)


@dataclass(frozen=True, slots=True)
class Landed:
    """What a chain tx of ours brought to an address of ours: `units` of the attempt's currency, as
    a coin of index `place` (`tx`, `log:0`) on wallet account `account`."""

    address: str
    place: str
    units: int
    account: str


@dataclass(frozen=True, slots=True)
class Mined:
    """An attempt where it is now: in `block`, or in none. `fee` is what its receipt says that it
    cost, in units of the chain's coin; `left` what went from its address, in units of its own
    currency, None or 0 where nothing provably did; `landed` what of that is ours still."""

    stored: Stored
    block: BlockRef | None
    fee: int = 0
    left: int | None = 0
    landed: Landed | None = None


def note(places: Iterable[Mined]) -> None:
    """Write what left and what landed by these attempts as of now, inside the caller's database
    transaction. What was folded already does not change any more."""
    by_attempt = {str(each.stored.row.id): each for each in places}
    inside = [each for each in by_attempt.values() if each.block is not None]
    outside = [each for each in by_attempt.values() if each.block is None]
    _take_out(outside)
    bulk.insert_rows(Outflow, [row for each in inside for row in _left(each)], on=_OF_OUTFLOW)
    _take_back([each for each in by_attempt.values() if each.block is None or each.landed is None])
    coins = [row for each in inside for row in _landed(each)]
    bulk.insert_rows(Coin, coins, on=_OF_COIN)


def _left(mined: Mined) -> Iterator[dict[str, Any]]:
    row, block = mined.stored.row, mined.block
    assert block is not None
    parts = ((VALUE, row.currency, mined.left or 0), (GAS, row.chain, mined.fee))
    for index, currency, units in parts:
        yield {
            "chain": row.chain,
            "txid": row.txid,
            "idx": index,
            "currency": currency,
            "address": row.address,
            "account": mined.stored.inputs[0].account,
            "units": units,
            "attempt": row.id,
            "height": block.height,
            "hash": block.hash,
        }


def _landed(mined: Mined) -> Iterator[dict[str, Any]]:
    row, block, landed = mined.stored.row, mined.block, mined.landed
    if landed is None or block is None:
        return
    yield {
        "chain": row.chain,
        "txid": row.txid,
        "idx": landed.place,
        "currency": row.currency,
        "address": landed.address,
        "account": landed.account,
        "units": landed.units,
        "payment": mined.stored.payments[0],
        "height": block.height,
        "hash": block.hash,
    }


def _take_out(outside: Sequence[Mined]) -> None:
    """How much left in a block that is no more is kept: it may have been booked."""
    rows = [_of_tx(each) | {"height": None, "hash": None} for each in outside]
    bulk.update_rows(
        Outflow,
        rows,
        match=("chain", "txid"),
        changes=("height", "hash"),
        where="outflow.folded_height IS NULL",
    )


def _take_back(places: Sequence[Mined]) -> None:
    """Coins that nothing brings now: they have no block."""
    rows = [
        _of_tx(each) | {"match.payment": payment, "height": None, "hash": None}
        for each in places
        for payment in each.stored.payments
    ]
    bulk.update_rows(
        Coin,
        rows,
        match=("chain", "txid", "payment"),
        changes=("height", "hash"),
        where="coin.spent_txid IS NULL",
    )


def _of_tx(mined: Mined) -> dict[str, Any]:
    return {"match.chain": mined.stored.row.chain, "match.txid": mined.stored.row.txid}


def promised(chain: str, currency: str) -> int:
    """Units of `currency` that are signed away by numbers and in no block yet: each family once,
    with the most that it may cost where it is the chain's coin."""
    rows: Any = (
        Attempt.select(
            Attempt.family,
            Attempt.currency,
            Attempt.fee_units,
            AttemptOutput.units,
            Attempt.block_hash,
        )
        .join(AttemptOutput, on=(AttemptOutput.attempt == Attempt.id))
        .where(
            (Attempt.chain == chain)
            & (Attempt.final == 0)
            & Attempt.state.in_(("stored", "sent", "mined"))
            & ~Attempt.nonce.is_null()
        )
        .tuples()
    )
    most, mined = defaultdict[str, int](int), set[str]()
    for family, paid_in, fee, units, block in rows:
        parts = (units if paid_in == currency else 0, fee if chain == currency else 0)
        most[family] = max(most[family], sum(parts))
        mined.update([family] if block is not None else [])
    return sum(units for family, units in most.items() if family not in mined)


def held(
    chain: str, *, addresses: Collection[str], height: int | None = None
) -> dict[tuple[str, str], int]:
    """Units of each (currency, address) by our rows, in blocks up to `height` (default: in any):
    what came less what left. Coins of deposits that wait for a person are among them. Pairs that
    never had anything are left out."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    listed = list(addresses)
    for start in range(0, len(listed), ASKED_MAX):
        part = listed[start : start + ASKED_MAX]
        for table, gone, sign in (("coin", "spent_height", 1), ("outflow", "folded_height", -1)):
            for currency, address, units in _sums(chain, table, gone, part, height):
                found[currency, address] += sign * int(units)
    return dict(found)


def _sums(
    chain: str, table: str, gone: str, addresses: Sequence[str], height: int | None
) -> Iterator[tuple[str, str, int]]:
    param, values = database.param, list[object]([chain, *addresses])
    there = f"height IS NOT NULL AND {gone} IS NULL"
    if height is not None:
        there = f"height <= {param} AND ({gone} IS NULL OR {gone} > {param})"
        values += [height, height]
    places = ", ".join([param] * len(addresses))
    cursor = database.execute_sql(
        f"SELECT currency, address, {sum_sql(database.obj, 'units')} FROM {table}"  # noqa: S608
        f" WHERE chain = {param} AND address IN ({places}) AND {there} GROUP BY 1, 2",
        values,
    )
    yield from cursor.fetchall()
