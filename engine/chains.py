"""What we remember of each chain: how far it is followed, whether its node is well, and why not."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from db import bulk
from db.connection import database
from db.models import Block, Chain, Parked
from engine.chain import Block as ChainBlock
from engine.chain import Expectation, Fact, Health, Identity, Oddity
from engine.clock import rfc3339
from engine.config import Config

log = logging.getLogger(__name__)

BLOCKS_KEPT = 400  # tips remembered beyond the finality horizon


def ensure(config: Config, now: datetime) -> None:
    """A row for every configured chain, so that pages can name those not contacted yet."""
    for symbol in sorted({currency.chain for currency in config.currencies.values()}):
        Chain.insert(
            symbol=symbol, reason="not contacted yet", since=rfc3339(now)
        ).on_conflict_ignore().execute()


def state(symbol: str) -> Chain:
    """The chain's row. Raises ValueError where there is none."""
    (row,) = bulk.read_by(Chain, symbol=symbol, order="symbol")
    return row


def followed_height(symbol: str) -> int:
    """Height of the block that we followed last; -1 before the first."""
    row = Chain.get_or_none(Chain.symbol == symbol)
    return -1 if row is None else int(row.height)


def expectation(symbol: str, address: str | None) -> Expectation:
    """What the node must match; `address` is one of ours that its wallet must own."""
    row = state(symbol)
    return Expectation(genesis=row.genesis, fork=row.fork, address=address, height=int(row.height))


def remember_identity(symbol: str, identity: Identity) -> None:
    """Keep genesis and fork hash of the first contact; what is known never changes."""
    row = state(symbol)
    Chain.update(genesis=row.genesis or identity.genesis, fork=row.fork or identity.fork).where(
        Chain.symbol == symbol
    ).execute()


def note_health(symbol: str, health: Health, now: datetime) -> None:
    """Store how the node is; `since` keeps the moment at which the state last changed."""
    values: dict[str, object] = {
        "peers": health.peers,
        "version": health.version,
        "checked_at": rfc3339(now),
        "node_height": None if health.tip is None else health.tip.height,
    }
    _note(symbol, "well" if health.well else "paused", health.reason, now, values)


def note_fee_rate(symbol: str, rate: int, now: datetime) -> None:
    """What the network asks now: units per 1,000 virtual bytes, or units per gas. Inside the
    caller's database transaction."""
    Chain.update(fee_rate=rate, fee_rate_at=rfc3339(now)).where(Chain.symbol == symbol).execute()


def note_trouble(symbol: str, reason: str, now: datetime) -> None:
    """The node could not be asked at all."""
    _note(symbol, "paused", reason, now, {})


def _note(
    symbol: str, new_state: str, reason: str, now: datetime, values: dict[str, object]
) -> None:
    row = state(symbol)
    if row.state != new_state:
        values["since"] = rfc3339(now)
        log.warning("%s: %s%s", symbol, new_state, f": {reason}" if reason else "")
    Chain.update(state=new_state, reason=reason, **values).where(Chain.symbol == symbol).execute()


def note_tip(symbol: str, tip: ChainBlock, *, node_height: int | None = None) -> None:
    """Advance to `tip`, inside the caller's database transaction; the node is at `node_height`
    where that is higher."""
    Block.insert(
        chain=symbol,
        hash=tip.hash,
        height=tip.height,
        time=tip.time,
        median_time=tip.median_time,
    ).on_conflict_ignore().execute()
    Chain.update(
        height=tip.height,
        hash=tip.hash,
        tip_time=tip.time,
        node_height=max(tip.height, node_height or 0),
    ).where(Chain.symbol == symbol).execute()


def tips(symbol: str) -> list[tuple[int, str]]:
    """Height and hash of the tips that we followed and still remember, highest first."""
    rows = Block.select().where(Block.chain == symbol).order_by(Block.height.desc())
    return [(int(row.height), str(row.hash)) for row in rows]


def forget_tips(symbol: str, hashes: Sequence[str]) -> None:
    """Forget tips that left the chain, inside the caller's database transaction."""
    gone = (Block.chain == symbol) & Block.hash.in_(list(hashes))
    Block.delete().where(gone).execute()


def prune_blocks(symbol: str, *, below: int) -> None:
    """Forget tips that are far beyond the finality horizon."""
    old = (Block.chain == symbol) & (Block.height < below - BLOCKS_KEPT)
    Block.delete().where(old).execute()


def unreadable(facts: Iterable[Fact]) -> tuple[Oddity, ...]:
    """Chain txs of which the node tells nonsense, as they are parked."""
    return tuple(
        Oddity(fact.txid, f"the node's answer about this chain tx cannot be read: {fact.words}")
        for fact in facts
        if not fact.readable
    )


def park(symbol: str, oddities: tuple[Oddity, ...], now: datetime) -> None:
    """Keep rows that could not be read where staff see them; each once."""
    if not oddities:
        return
    with database.atomic():
        for oddity in oddities:
            Parked.insert(
                chain=symbol, key=oddity.key, reason=oddity.reason, since=rfc3339(now)
            ).on_conflict_ignore().execute()


def parked(symbol: str, keys: Iterable[str]) -> frozenset[str]:
    """Those of `keys` that staff are told of."""
    rows = Parked.select(Parked.key).where(
        (Parked.chain == symbol) & bulk.one_of(Parked.key, sorted(set(keys)))
    )
    return frozenset(str(row.key) for row in rows)
