"""Following one chain: what is new, what left the chain, what is deep enough.

Level-triggered: each round, states follow from what the node says now. A round either writes whole
chunks or nothing, and the cursor moves last, so that a crash at any point is repeated, not lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from db.models import Payment
from engine import brakes, chains
from engine.chain import Arrival, Block, BlockRef, Fact, Followed, Oddity, Scan, Standing, Trust
from engine.clock import Interval
from engine.config import Config
from engine.deposits import watch
from engine.deposits.cases import Case, cases_of_arrivals, cases_of_payments
from engine.deposits.expiry import expire_requests
from engine.deposits.standing import Settlement
from engine.errors import NodeError, OffChain, UnknownCursor
from engine.health import HealthWatch
from engine.lifecycle import Batch
from engine.moves.cold import ColdMoves
from engine.moves.cold_sends import ColdSends
from engine.moves.origins import Sorted, Sorter
from engine.risk import RiskHook
from engine.sender.attempts import known_txids

T = TypeVar("T")

log = logging.getLogger(__name__)

CHUNK = 200
ASKED_PER_ROUND = 500
RECHECK_EVERY = timedelta(minutes=10)
OUTSIDE_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Round:
    """What one step did, for logs and benchmarks."""

    moved: int = 0
    tip_height: int | None = None
    well: bool = False
    busy: bool = False  # more work is waiting: the next round should follow at once


class Follower:
    """One chain's rounds. `step(now)` asks, decides and writes; it raises NodeDown/NodeRefused when
    the node cannot be asked, and nothing follows from that. One thread owns an instance."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        node: Followed,
        *,
        guard: Callable[[], None],
        hook: RiskHook | None = None,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currency = config.currencies[symbol]
        self._node = node
        self._guard = guard
        self._hook = hook
        self._breathe = breathe
        self._health = HealthWatch(symbol, node, guard=guard)
        self._sorter = Sorter(self._currency, node)
        self._seen: frozenset[tuple[str, str]] | None = None
        self._tip: Block | None = None
        self._final: int | None = None
        self._unconfirmed: frozenset[str] = frozenset()
        self._contested: frozenset[str] = frozenset()
        self._parked: tuple[Oddity, ...] = ()
        self._unread: set[Oddity] = set()
        self._recheck = Interval(RECHECK_EVERY)
        self._outside = Interval(OUTSIDE_EVERY)
        self._outside_after = 0
        self._waiting = True

    @property
    def final_height(self) -> int | None:
        """The highest block that the node called final; None where it is not asked, or has none."""
        return self._final

    def step(self, now: datetime) -> Round:
        """One round: one call when nothing is new."""
        try:
            return self._round(now)
        except NodeError:
            self._health.forget()
            raise

    def _round(self, now: datetime) -> Round:
        expired = expire_requests(self._symbol, partial(self._batch, now), now=now)
        if self._health.check(now).trust is Trust.NONE:
            return Round(moved=expired)
        row = chains.state(self._symbol)
        try:
            scan, lost = self._scan(row.hash)
        except UnknownCursor:
            self._health.doubt(f"the node does not know block {row.hash} that we followed", now)
            return Round(moved=expired)
        advanced = scan.tip_hash != row.hash
        health = self._health.check(now, tip_moved=advanced)
        if health.trust is Trust.NONE:
            return Round(moved=expired)
        self._park(scan, now)
        if not health.well:
            return Round(moved=expired + self._show(scan, row.height, now))
        return self._follow(scan, row.hash, now, moved=expired, lost=lost)

    def _scan(self, cursor: str | None) -> tuple[Scan, bool]:
        """What is new since `cursor`, and whether the node never had that block, as one that was
        restored from before it. Such a node, and one that keeps no dead branch, is asked since the
        newest block that we followed and it has."""
        try:
            return self._node.scan(cursor), False
        except UnknownCursor as error:
            if cursor is None or self._node.block(cursor) is not None:
                raise  # it contradicts itself
            for _, known in chains.tips(self._symbol):
                if self._node.block(known) is not None:
                    return self._node.scan(known), not isinstance(error, OffChain)
            raise

    def _park(self, scan: Scan, now: datetime) -> None:
        odd = scan.oddities + _own(scan)
        if odd and odd != self._parked:
            with self._batch(now) as batch:
                batch.also(partial(chains.park, self._symbol, odd, now))
        self._parked = odd

    def _follow(
        self, scan: Scan, cursor: str | None, now: datetime, *, moved: int, lost: bool
    ) -> Round:
        tip = self._tip_of(scan)
        self._final = scan.final_height
        if tip is None:
            return Round(moved=moved, busy=True)  # the tip left the chain while we asked
        advanced = tip.hash != cursor
        rewound = advanced and self._left_the_chain(cursor, tip)
        dead = self._dead_tips(tip, now) if rewound else []
        if dead is None:
            return Round(moved=moved)
        moved += self._take_arrivals(scan, tip, now, advanced=advanced)
        if rewound or self._recheck.is_due(now):
            moved += self._recheck_blocks(tip, now, everything=lost)
            self._recheck.wait(now)
        moved += self._ask_outside(scan, tip, now, everything=advanced)
        busy = False
        if advanced or self._waiting:
            done, busy = self._settle_due(tip, now)
            moved += done
        if advanced:
            self._advance(tip, scan, now, dead)
        self._unconfirmed, self._contested = scan.unconfirmed, scan.contested
        self._health.trust(now)
        return Round(moved=moved, tip_height=tip.height, well=True, busy=busy or scan.more)

    def _tip_of(self, scan: Scan) -> Block | None:
        if self._tip is None or self._tip.hash != scan.tip_hash:
            self._tip = self._node.block(scan.tip_hash)
        return self._tip

    def _left_the_chain(self, cursor: str | None, tip: Block) -> bool:
        if cursor is None or tip.parent == cursor:
            return False
        return self._node.block(cursor) is None

    def _dead_tips(self, tip: Block, now: datetime) -> list[str] | None:
        """The tips that we followed and that left the chain. None when one of them was final: such
        a reorganisation is not followed, a person must look first."""
        depth = self._currency.finality
        final = chains.followed_height(self._symbol) - depth
        # Tips that we never saw cannot tell; the newest deposit that nobody asks about can.
        frozen = watch.frozen_block(self._symbol)
        too_deep = frozen is not None and self._node.block(frozen) is None
        dead: list[str] = []
        for height, known in chains.tips(self._symbol):
            if too_deep or self._node.block(known) is not None:
                break
            dead.append(known)
            too_deep = height <= final
        if not too_deep:
            return dead
        self._health.doubt(
            f"the chain was reorganised deeper than {depth} blocks; it now ends at {tip.hash}", now
        )
        return None

    def _show(self, scan: Scan, height: int, now: datetime) -> int:
        """The node is not well: new arrivals become visible, and nothing else moves."""
        found = self._sorter.sort(scan.arrivals)
        moved = 0
        for part in _chunks(self._fresh(found)):
            settlement = self._settlement(BlockRef(height, scan.tip_hash), now, show_only=True)
            moved += len(settlement.settle(self._cases(part, found)))
            self._breathe()
        return moved

    def _take_arrivals(self, scan: Scan, tip: Block, now: datetime, *, advanced: bool) -> int:
        listed = frozenset((arrival.txid, arrival.index) for arrival in scan.arrivals)
        if not advanced and listed == self._seen:
            return 0
        found = self._sorter.sort(scan.arrivals)
        self._note_oddities(found, now)
        cold = ColdMoves(self._config, self._symbol, partial(self._batch, now))
        moved = cold.open(found.cold)
        if found.cold_sends:
            sends = ColdSends(self._config, self._symbol, partial(self._batch, now))
            moved += sends.open(found.cold_sends, self._node, tip.ref)
            moved += cold.follow(self._node, tip.ref)
        for part in _chunks(found.deposits):
            cases = self._cases(part, found)
            hints = [case.payment for case in cases if case.is_hint and case.payment is not None]
            sure = [case for case in cases if not case.is_hint]
            moved += len(self._settlement(tip.ref, now).settle(sure))
            self._breathe()
            moved += self._ask(hints, tip, now)
        self._seen = listed
        return moved

    def _note_oddities(self, found: Sorted, now: datetime) -> None:
        if found.oddities:
            with self._batch(now) as batch:
                batch.also(partial(chains.park, self._symbol, found.oddities, now))

    def _fresh(self, found: Sorted) -> list[Arrival]:
        cases = self._cases(found.deposits, found)
        return [
            case.arrival
            for case in cases
            if case.arrival is not None and (case.payment is None or case.payment.txid is None)
        ]

    def _recheck_blocks(self, tip: Block, now: datetime, *, everything: bool) -> int:
        """Ask of every block that holds open deposits whether it is still on the active chain, and
        of the deposits in those that are not, or in all of them, where they are now."""
        blocks = watch.open_blocks(self._symbol)
        doubted = [each for each in blocks if everything or self._node.block(each) is None]
        if not doubted:
            return 0
        moved, after = 0, 0
        while rows := watch.in_blocks(self._symbol, doubted, after=after, limit=CHUNK):
            after = rows[-1].first_seq
            moved += self._ask(rows, tip, now)
        return moved

    def _ask_outside(self, scan: Scan, tip: Block, now: datetime, *, everything: bool) -> int:
        """Deposits in no block: those that the list just lost or shows in conflict at once, all of
        them when the tip moves and on a slower clock, a page a round."""
        lost = (self._unconfirmed - scan.unconfirmed) | (scan.contested - self._contested)
        moved = 0
        if lost:
            moved += self._ask(watch.outside_txids(self._symbol, lost), tip, now)
        if everything or self._outside.is_due(now):
            rows = watch.outside(self._symbol, after=self._outside_after, limit=ASKED_PER_ROUND)
            moved += self._ask(rows, tip, now)
            whole = len(rows) < ASKED_PER_ROUND
            self._outside_after = 0 if whole else rows[-1].first_seq
            if whole:
                self._outside.wait(now)
            else:
                self._outside.hurry()
        return moved

    def _settle_due(self, tip: Block, now: datetime) -> tuple[int, bool]:
        """Deposits that are deep enough at this tip, asked by id before anything is credited."""
        rows = watch.due(self._symbol, tip.height, limit=ASKED_PER_ROUND)
        moved = self._ask(rows, tip, now)
        self._waiting = bool(rows) or bool(brakes.braked("deposit"))
        return moved, len(rows) == ASKED_PER_ROUND and moved > 0

    def _ask(self, payments: Sequence[Payment], tip: Block, now: datetime) -> int:
        """Bring payments to where their chain txs are now; each chain tx is asked for once. One of
        which the node tells nonsense is parked."""
        facts = self._node.facts(sorted({str(payment.txid) for payment in payments}))
        self._park_unreadable(facts, now)
        absent = [fact for fact in facts.values() if fact.standing is Standing.ABSENT]
        rivals = sorted({rival for fact in absent for rival in fact.conflicts})
        mempool = self._node.in_mempool(rivals) if rivals else frozenset()
        moved = 0
        for part in _chunks(payments):
            cases = cases_of_payments(
                self._symbol, self._config.currencies, part, facts, mempool=mempool
            )
            moved += len(self._settlement(tip.ref, now).settle(cases))
            self._breathe()
        return moved

    def _park_unreadable(self, facts: Mapping[str, Fact], now: datetime) -> None:
        odd = chains.unreadable(facts.values())
        if not self._unread.issuperset(odd):
            with self._batch(now) as batch:
                batch.also(partial(chains.park, self._symbol, odd, now))
            self._unread.update(odd)

    def _advance(self, tip: Block, scan: Scan, now: datetime, dead: Sequence[str]) -> None:
        final = tip.height - self._currency.finality
        if self._currency.finality_tag is not None:
            final = min(final, -1 if scan.final_height is None else scan.final_height)
        if scan.more:
            log.info("%s: followed to block %d of %s", self._symbol, tip.height, scan.node_height)
        with self._batch(now) as batch:
            if dead:
                batch.also(partial(chains.forget_tips, self._symbol, dead))
            node_height = scan.node_height
            batch.also(partial(chains.note_tip, self._symbol, tip, node_height=node_height))
            batch.also(partial(watch.freeze, self._symbol, deepest=final))
            batch.also(partial(chains.prune_blocks, self._symbol, below=final))

    def _settlement(self, tip: BlockRef, now: datetime, *, show_only: bool = False) -> Settlement:
        return Settlement(
            partial(self._batch, now),
            chain=self._symbol,
            tip=tip,
            now=now,
            hook=self._hook,
            show_only=show_only,
            final_height=self._final,
        )

    def _cases(self, arrivals: Sequence[Arrival], found: Sorted) -> list[Case]:
        return cases_of_arrivals(
            self._symbol, self._config.currencies, arrivals, origins=found.origins
        )

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)


def _own(scan: Scan) -> tuple[Oddity, ...]:
    """Arrivals that our own coins paid: never deposits. Those of our own attempts are known;
    any other was made by hand, and staff see it."""
    own = [arrival for arrival in scan.arrivals if arrival.own]
    known = known_txids(arrival.txid for arrival in own)
    return tuple(
        Oddity(f"{arrival.txid}:{arrival.index}", "our own coins paid this address: not a deposit")
        for arrival in own
        if arrival.txid not in known
    )


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
