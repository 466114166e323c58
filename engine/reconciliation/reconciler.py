"""Runs of reconciliation, on a thread of their own: the follower never waits for one.

A cheap look comes first. Only when something may have moved (the wallet, a payment, ten minutes, or
a person who asks) are the node's coins listed and compared one by one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import peewee

from db.connection import connected
from db.snapshot import snapshot
from engine import chains, queries
from engine.chain import BlockRef, Countable, Unspent
from engine.clock import Interval, utc_now
from engine.config import Config
from engine.errors import CashierError, NodeError, RowsMoved, TipMoved
from engine.lease import ChainLease
from engine.moves.origins import known_moves
from engine.own_sends import TellsOutcomes
from engine.reconciliation import records, spends
from engine.reconciliation.audit import PostingAudit
from engine.reconciliation.books import GAP, Books, Result, moved_since, read_books, settle_up
from engine.reconciliation.cures import Cures
from engine.reconciliation.kinds import KINDS, Finding
from engine.reconciliation.matching import Questions
from engine.reconciliation.mending import own_coins
from engine.reconciliation.outlays import Outlays, unheard
from engine.reconciliation.uncertain import (
    Families,
    changed,
    old_families,
    unanswered,
    uncertain,
)
from engine.risk import RiskHook
from engine.sender.by_nonce.questions import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

LIST_EVERY = timedelta(minutes=10)
UNWELL_EVERY = timedelta(seconds=30)
CURE_EVERY = timedelta(minutes=10)
FULL_EVERY = timedelta(hours=1)
REFUSED_MAX = timedelta(minutes=10)
AGAIN_MAX = 3
ASKED = ("fee_differs", "amount_differs", "duplicate_credit")  # of chain txs of ours
OVERTAKEN_MAX = 5
PRESSING_EVERY = timedelta(seconds=5)  # while payments wait for what a comparison says
ANSWER_WAIT_S = 10
ASK_AGAIN_S = 0.25  # seconds
NOT_FOLLOWED = "nothing is followed yet"


class Reconciler:
    """One chain's reconciliation, with every currency that lives on it."""

    def __init__(self, config: Config, symbol: str, opener: Callable[[], Countable]) -> None:
        self._config = config
        self._symbol = symbol
        self._opener = opener
        self._currencies = [c.symbol for c in config.currencies.values() if c.chain == symbol]
        self._audit = PostingAudit()
        self._outlays = Outlays()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._list_due = Interval(LIST_EVERY)
        self._unwell_due = Interval(UNWELL_EVERY)
        self._cure_due = Interval(CURE_EVERY)
        self._full_due = Interval(FULL_EVERY)
        self._pressing_due = Interval(PRESSING_EVERY)
        self._less_there = False  # by the last comparison, in some currency
        self._mark: tuple[str, int] | None = None
        self._due_at: tuple[str, frozenset[str]] = ("", frozenset())
        self._lagging: frozenset[str] = frozenset()
        self._failed: frozenset[tuple[str, str, str]] = frozenset()
        self._refused_since: datetime | None = None
        self._again = 0
        self._started_at: str | None = None
        self._term = 0
        self._compared_in: int | None = None
        self._questions: tuple[Question, ...] = ()
        self._moved_on = 0  # comparisons in a row that a new block overtook

    # --- when ---

    def begin_term(self) -> None:
        """Whoever holds the lease from now on has compared nothing yet."""
        self._term += 1
        self._started_at, self._moved_on, self._questions = None, 0, ()

    def hear(self, questions: tuple[Question, ...]) -> None:
        """What the sender could not be told by the node at its last look."""
        self._questions = questions

    @property
    def has_compared(self) -> bool:
        """Whether a comparison of this term ended at the newest block that the node had then; a
        reason why there is none is none. Where blocks come faster than comparisons end, a few that
        were overtaken are enough: payments do not wait for ever."""
        return self._compared_in == self._term

    def follow(self, lease: ChainLease, hook: RiskHook | None) -> None:
        """After a round: begin a run in the background if the tip moved or the time has come,
        unless one is still under way. Needs the caller's connection."""
        row, now = chains.state(self._symbol), utc_now()
        if row.hash == self._started_at and not self._is_due(now, well=row.state == "well"):
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._started_at = row.hash
        self._pressing_due.wait(now)
        self._thread = threading.Thread(
            target=self._guarded, args=(lease, hook), name=f"reconcile-{self._symbol}", daemon=True
        )
        self._thread.start()

    def _is_due(self, now: datetime, *, well: bool) -> bool:
        """Whether it is time for a run at the same block: soon while payments wait for one."""
        if not well:
            return self._unwell_due.is_due(now)
        pressing = self._less_there or not self.has_compared
        return self._list_due.is_due(now) or (pressing and self._pressing_due.is_due(now))

    def join(self, timeout_s: float) -> None:
        """Wait for a run that is under way."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _guarded(self, lease: ChainLease, hook: RiskHook | None) -> None:
        try:
            with connected():
                self.run(lease, hook, now=utc_now())
        except TipMoved:
            self._started_at = None  # the next round follows the tip, and starts a new run
        except (CashierError, peewee.PeeweeException) as error:
            log.warning("%s: reconciliation stopped: %s", self._symbol, error)
        except Exception:
            log.exception("%s: reconciliation failed", self._symbol)

    def answer(self, lease: ChainLease, hook: RiskHook | None, *, full: bool) -> str:
        """A person asks: list the coins now, in this thread, and wait a while for the follower to
        reach the node's tip. Returns why nothing could be compared, empty if all was."""
        deadline_s = time.monotonic() + ANSWER_WAIT_S
        while True:
            try:
                return self.run(lease, hook, now=utc_now(), full=full, listing=True)
            except TipMoved as error:
                if time.monotonic() > deadline_s:
                    return str(error)
                time.sleep(ASK_AGAIN_S)

    # --- one run ---

    def run(
        self,
        lease: ChainLease,
        hook: RiskHook | None,
        *,
        now: datetime,
        full: bool = False,
        listing: bool = False,
    ) -> str:
        """One run now, in this thread. With `listing` the coins are listed whatever the cheap look
        would say, with `full` every entry and payment is read again, too. Returns why nothing could
        be compared, empty if all was. Raises TipMoved when the followed block is not the node's
        tip, LeaseLost; what the node refuses otherwise becomes a break."""
        with self._lock:
            term, row = self._term, chains.state(self._symbol)
            if row.state != "well":
                return self._unwell(str(row.reason), lease, now)
            if row.hash is None:
                return self._unwell(NOT_FOLLOWED, lease, now)
            reason = self._attempt(lease, hook, now=now, full=full, listing=listing)
            behind = 0 if row.node_height is None else row.node_height - row.height
            if not reason and behind <= 0:
                self._compared_in, self._moved_on = term, 0
            elif not reason and behind <= OVERTAKEN_MAX:
                self._overtaken()
            return reason

    def _overtaken(self) -> None:
        """A new block came before the comparison ended."""
        self._moved_on += 1
        if self._moved_on >= OVERTAKEN_MAX:
            self._compared_in = self._term

    def _attempt(
        self,
        lease: ChainLease,
        hook: RiskHook | None,
        *,
        now: datetime,
        full: bool,
        listing: bool,
    ) -> str:
        """One comparison by a connection of its own; why there is none. Raises TipMoved."""
        node = self._opener()
        try:
            self._reconcile(node, lease, hook, now=now, full=full, listing=listing)
            self._refused_since, self._again = None, 0
        except TipMoved as error:
            if not isinstance(error, RowsMoved):
                self._overtaken()
            self._refused_since = self._refused_since or now
            if now - self._refused_since < REFUSED_MAX:
                raise
            return self._unwell(str(error), lease, now)
        except NodeError as error:
            return self._unwell(str(error), lease, now)
        finally:
            node.close()
        return ""

    def _unwell(self, reason: str, lease: ChainLease, now: datetime) -> str:
        records.note_unwell(self._symbol, self._currencies, reason, now, lease.guard)
        self._unwell_due.wait(now)
        self._mark = None
        return reason

    def _reconcile(
        self,
        node: Countable,
        lease: ChainLease,
        hook: RiskHook | None,
        *,
        now: datetime,
        full: bool,
        listing: bool,
    ) -> None:
        mark = node.coins_mark()
        full = full or self._full_due.is_due(now)
        if not (full or listing) and self._nothing_moved(mark, now):
            at = self._followed()
            records.carry_on(self._symbol, at, now=now, guard=lease.guard)
            return
        at, seq, results = self._compare(node, now, full=full)
        cured: list[Finding] = []
        if self._may_cure(results, now, full=full):
            before = {f.key: f for result in results for f in result.findings}
            cures = Cures(self._config, self._symbol, self._opener)
            cures.apply(before.values(), node, at, lease, hook, now=now)
            self._cure_due.wait(now)
            at, seq, results = self._compare(node, now, full=False)
            left = {f.key for result in results for f in result.findings}
            cured = [f for key, f in before.items() if KINDS[f.kind].safe and key not in left]
            self._failed = frozenset(left & before.keys())
        safe = {kind for kind, row in KINDS.items() if row.safe}
        failed = {key for key in self._failed if key[1] in safe}
        records.save(
            self._symbol, at, results, cured=cured, failed=failed, now=now, guard=lease.guard
        )
        self._mark = (mark, seq)
        self._less_there = any(result.residual < 0 for result in results)
        self._list_due.wait(now)
        if full:
            self._full_due.wait(now)

    def _nothing_moved(self, mark: str, now: datetime) -> bool:
        """Whether the last sums hold: the same coins, the same histories, nothing open."""
        if self._mark != (mark, queries.last_seq()) or self._list_due.is_due(now):
            return False
        if records.has_open(self._currencies):
            return False
        return all(self._still_explained(symbol) for symbol in self._currencies)

    def _still_explained(self, symbol: str) -> bool:
        """The tables may be changed by other hands than ours: the sum must hold now."""
        with snapshot():
            height = chains.followed_height(self._symbol)
            books = read_books(
                self._symbol,
                symbol,
                height,
                lagging=frozenset(),
                with_lines=False,
                told=self._outlays.told,
            )
            known = records.last_node_units(symbol)
        quiet = not books.findings and not books.due
        return quiet and known is not None and known == books.expected

    def _followed(self) -> BlockRef:
        row = chains.state(self._symbol)
        return BlockRef(int(row.height), str(row.hash))

    def _compare(
        self, node: Countable, now: datetime, *, full: bool
    ) -> tuple[BlockRef, int, list[Result]]:
        """Both sides at the block that we followed last, as they stood at one moment."""
        self._outlays.follow(node, self._symbol)
        at, seq, books, audited, unsure = self._read(now, full=full)
        found = [*audited, *(finding for each in books for finding in each.findings)]
        if self._outlays.ask(node, unheard(f.evidence for f in found if f.kind in ASKED)):
            at, seq, books, audited, unsure = self._read(now, full=full)
        coins = node.coins(at.hash)
        audited += uncertain(unsure, node.facts)
        results = [
            self._settle_up(
                node,
                at,
                each,
                [coin for coin in coins if coin.currency == each.currency],
                [f for f in audited if f.currency == each.currency],
            )
            for each in books
        ]
        self._check_still(node, results)
        if not full and any(_has_gap(result) for result in results):
            return self._compare(node, now, full=True)
        return at, seq, results

    def _check_still(self, node: Countable, results: Sequence[Result]) -> None:
        """Where balances are counted, rows are read twice, and the engine's other threads write in
        between. Raises RowsMoved, a few times in a row, when what is said to be wrong moved."""
        if not isinstance(node, TellsOutcomes) or self._again == AGAIN_MAX:
            return  # what moves all the time is shown rather than nothing
        for result in results:
            if moved_since(self._symbol, result):
                self._again += 1
                raise RowsMoved("the books moved while they were compared")

    def _settle_up(
        self,
        node: Countable,
        at: BlockRef,
        books: Books,
        coins: list[Unspent],
        more: Sequence[Finding],
    ) -> Result:
        currency = self._config.currencies[books.currency]
        places = spends.not_final(currency, at.height)
        facts = node.facts([place.spend.txid for place in places]) if places else {}
        found = list(spends.moved(currency, places, facts, at))
        undone = {finding.subject for finding in found if finding.kind == "reorged"}
        ask = Questions(
            spenders=lambda gone, since: node.spenders(gone, since=since),
            is_active=lambda block: node.block(block) is not None,
            attempts=known_moves,
            own_coins=partial(own_coins, books.currency),
            undone=frozenset().union(*(p.spend.coins for p in places if p.spend.txid in undone)),
        )
        return settle_up(books, coins, ask, more=(*more, *found))

    def _read(
        self, now: datetime, *, full: bool
    ) -> tuple[BlockRef, int, Sequence[Books], list[Finding], Families]:
        with snapshot():
            at, seq = self._followed(), queries.last_seq()
            block, due = self._due_at
            if block != at.hash:
                self._lagging = due
            books = [
                read_books(
                    self._symbol,
                    symbol,
                    at.height,
                    lagging=self._lagging,
                    with_lines=True,
                    told=self._outlays.told,
                )
                for symbol in self._currencies
            ]
            audited = self._audit.look(full=full, told=self._outlays.told)
            named = list(unanswered(self._questions, now))
            asked = {each.subject for each in named}
            audited += [*named, *changed(self._symbol, apart=asked)]
            old = old_families(self._symbol, now)
            unsure = {name: each for name, each in old.items() if name not in asked}
        self._due_at = (at.hash, frozenset().union(*(each.due for each in books)))
        return at, seq, books, audited, unsure

    def _may_cure(self, results: Sequence[Result], now: datetime, *, full: bool) -> bool:
        """A cure that did not help is tried again on a slow clock only."""
        safe = {f.key for r in results for f in r.findings if KINDS[f.kind].safe}
        return bool(safe - self._failed) or (bool(safe) and (full or self._cure_due.is_due(now)))


def _has_gap(result: Result) -> bool:
    """Whether only the wallet accounts as such are named: a full look may name the entry."""
    return any(finding.subject == GAP for finding in result.findings)
