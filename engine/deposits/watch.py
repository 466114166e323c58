"""Which deposits the node must be asked about now. Every query is bounded and index-driven."""

from __future__ import annotations

from collections.abc import Iterable

from db import bulk
from db.models import Payment
from engine import brakes

POSTED = ("credited", "held", "refused")
MINED = ("pending", "confirmed", *POSTED)


def _open(chain: str) -> object:
    return (Payment.chain == chain) & (Payment.kind == "deposit") & (Payment.final == 0)


def due(chain: str, tip_height: int, *, limit: int) -> list[Payment]:
    """Deposits in a block that is deep enough now, and those whose verdict is still open; what
    waits for a person's brake stands in nobody's way."""
    deep = Payment.block_height <= tip_height - Payment.required + 1
    paused = sorted(brakes.braked("deposit"))
    ready = (Payment.state == "pending") | (
        (Payment.state == "confirmed") & Payment.currency.not_in(paused)
    )
    rows = Payment.select().where(_open(chain) & ready & deep)
    return bulk.read_rows(rows.order_by(Payment.block_height, Payment.first_seq).limit(limit))


def outside(chain: str, *, after: int, limit: int) -> list[Payment]:
    """Deposits whose coin is in no block: unconfirmed, or out of its block again; a page of them
    with `first_seq` above `after`."""
    rows = Payment.select().where(
        _open(chain)
        & Payment.state.in_(MINED)
        & Payment.block_height.is_null()
        & (Payment.first_seq > after)
    )
    return bulk.read_rows(rows.order_by(Payment.first_seq).limit(limit))


def outside_txids(chain: str, txids: Iterable[str]) -> list[Payment]:
    """Those of `txids` that are open deposits in no block."""
    rows = Payment.select().where(
        _open(chain) & Payment.block_height.is_null() & bulk.one_of(Payment.txid, sorted(txids))
    )
    return bulk.read_rows(rows)


def open_blocks(chain: str) -> list[str]:
    """Hashes of the blocks that hold deposits which are not final yet, newest first."""
    rows = (
        Payment.select(Payment.block_hash, Payment.block_height)
        .where(_open(chain) & Payment.state.in_(MINED) & ~Payment.block_hash.is_null())
        .distinct()
        .order_by(Payment.block_height.desc())
    )
    return [str(row.block_hash) for row in rows]


def in_blocks(chain: str, hashes: Iterable[str], *, after: int, limit: int) -> list[Payment]:
    """Deposits that were last seen in one of these blocks; a page with `first_seq` > `after`."""
    rows = Payment.select().where(
        _open(chain)
        & Payment.state.in_(MINED)
        & Payment.block_hash.in_(list(hashes))
        & (Payment.first_seq > after)
    )
    return bulk.read_rows(rows.order_by(Payment.first_seq).limit(limit))


def freeze(chain: str, *, deepest: int) -> int:
    """Stop asking about posted deposits in blocks up to `deepest`: they are final. Returns how
    many became so."""
    return int(
        Payment.update(final=True)
        .where(
            _open(chain)
            & Payment.state.in_(POSTED)
            & (Payment.unsettled == 0)
            & (Payment.block_height <= deepest)
        )
        .execute()
    )


def frozen_block(chain: str) -> str | None:
    """The block of the newest deposit that is final, None before the first."""
    row = (
        Payment.select(Payment.block_hash)
        .where(
            (Payment.chain == chain)
            & (Payment.kind == "deposit")
            & (Payment.final == 1)
            & ~Payment.block_height.is_null()
        )
        .order_by(Payment.block_height.desc())
        .first()
    )
    return None if row is None else str(row.block_hash)
