"""What was stored is sent again as the same bytes, followed, and replaced when it is stuck."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from db.attempts import Attempt
from engine.audit.sealed import SealedHistory
from engine.chain import BlockRef, Fact, Standing
from engine.config import Config
from engine.crashpoints import reach
from engine.errors import NodeRefused
from engine.lifecycle import Batch
from engine.sender import attempts
from engine.sender.as_signed import AsSigned
from engine.sender.attempts import Stored
from engine.sender.broadcast import Broadcast
from engine.sender.by_nonce.bump import Bumping, may_go_again
from engine.sender.by_nonce.looks import FinalHeight, Look, deepest_final, send_of
from engine.sender.by_nonce.losing import Takers
from engine.sender.by_nonce.questions import Question, Questions
from engine.sender.by_nonce.settle import Settling
from engine.sender.by_nonce.vouching import vouched
from engine.sender.doubted import INCOMPLETE, NOT_ITS_BYTES, Doubted, is_whole
from engine.sender.readable import Readable
from engine.sending import Outcome, Payer

log = logging.getLogger(__name__)

WAITING = frozenset({Standing.ABSENT, Standing.MEMPOOL})
REMEMBERED_MAX = 10_000  # attempts whose bytes were read
TOGETHER = 50  # families whose moves share a commit

Outcomes = dict[str, Outcome]


class Following:
    """The open attempts of one chain; belongs to the sender's thread."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        payer: Payer,
        *,
        guard: Callable[[], None],
        go_on: Callable[[], None],
        sealed: SealedHistory,
        final_height: FinalHeight,
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currencies = {each.symbol: each for each in config.chains()[symbol]}
        self._ground = self._currencies[symbol]
        self._payer = payer
        self._guard = guard
        self._final_height = final_height
        self._is_as_signed = AsSigned(symbol, sealed)
        self._readable = Readable(symbol, self._batch)
        self._broadcast = Broadcast(symbol, payer, go_on=go_on, sandbox=config.sandbox)
        self._read: set[tuple[object, ...]] = set()
        self._doubted = Doubted(symbol, guard=guard)
        self._questions = Questions(
            config,
            symbol,
            self._is_as_signed,
            self._doubted.name,
            is_active=lambda block: payer.block(block) is not None,
        )
        self._unproved: list[Look] = []  # of this round, where a log alone says what moved
        self._is_whole = False  # whether the last look at everything came to its end

    def follow(self, tip: BlockRef, now: datetime, *, everything: bool) -> int:
        """Ask for every open attempt (else only for those whose bytes may not be out), and bring
        their payments to where the answers say. Returns the moves made."""
        if not everything:
            return self._follow(attempts.unsent_families(self._symbol), tip, now, bumps=False)
        families = self._open(tip)
        self._is_whole = False
        moved = self._follow(families, tip, now, bumps=True)
        self._is_whole = True
        return moved

    def _follow(
        self, families: list[list[Stored]], tip: BlockRef, now: datetime, *, bumps: bool
    ) -> int:
        if not families:
            if bumps:
                self._questions.answered((), now)
            return 0
        self._doubted.begin()
        everything = [stored for family in families for stored in family]
        families = [family for family in families if self._are_its_bytes(family)]
        families.sort(key=lambda family: (family[0].row.address, family[0].row.nonce))
        sends = {str(each.row.txid): send_of(each) for family in families for each in family}
        outcomes = self._payer.outcomes(sends, tip=tip)
        facts = {txid: each.fact for txid, each in outcomes.items()}
        families = self._readable.of(families, facts, now)
        takers = Takers(self._payer, tip)
        gaps = takers.gaps(families, outcomes) if bumps else {}
        self._unproved.clear()
        moved, looks = 0, list[Look]()
        for start in range(0, len(families), TOGETHER):
            part = families[start : start + TOGETHER]
            looked = [self._look_after(family, outcomes, takers, tip, now) for family in part]
            looked = [replace(each, gap=gaps.get(str(each.newest.row.family))) for each in looked]
            moved += self._settle(looked, now)
            looks += looked
        moved += self._settle_vouched(now)
        if bumps:  # every open family is among them
            moved += self._settle_answered(looks, now)
            moved += self._bump_stuck(looks, now)
        self._doubted.end(everything, now)
        return moved

    @property
    def questions(self) -> tuple[Question, ...]:
        """What no node told at the last look; for any thread."""
        return self._questions.open

    def send_new(self, made: Sequence[Stored], tip: BlockRef, now: datetime) -> int:
        """Send attempts that were just stored, each once, and bring their payments to where the
        node's answers say. Raises NodeDown: unknown, and the next round asks."""
        outcomes: Outcomes = {}
        for stored in made:
            self._send(stored, outcomes, now)
        looks = [self._look([each], outcomes, tip, frozenset({str(each.row.id)})) for each in made]
        return self._settle(looks, now)

    def _open(self, tip: BlockRef) -> list[list[Stored]]:
        final = self._final_height()
        return attempts.open_families(
            self._symbol,
            dead=self._dead_blocks(),
            deepest=max(deepest_final(each, tip, final) for each in self._currencies.values()),
        )

    def _dead_blocks(self) -> list[str]:
        """Blocks with booked attempts that left the chain. While the highest is there, so are those
        below it, which were there with it when everything was looked at last."""
        blocks = _settled_blocks(self._symbol)
        if self._is_whole and blocks and self._payer.block(blocks[0]) is not None:
            return []
        return [each for each in blocks if self._payer.block(each) is None]

    def _are_its_bytes(self, family: Sequence[Stored]) -> bool:
        """Whether the rows are whole and the signed bytes say what they do: from a row that was
        changed nothing follows, neither a second payment nor one that goes back."""
        flaws = [self._flaw(stored) for stored in family]
        for stored, flaw in zip(family, flaws, strict=True):
            if flaw:
                self._doubted.name(stored, flaw)
        return not any(flaws)

    def _flaw(self, stored: Stored) -> str:
        if not is_whole(stored):
            return INCOMPLETE
        return "" if self._is_read(stored) else NOT_ITS_BYTES

    def _is_read(self, stored: Stored) -> bool:
        row = stored.row
        key = (row.txid, row.signed, row.nonce, send_of(stored), stored.inputs[0].idx)
        if key not in self._read:
            try:
                told = self._payer.read(str(row.signed))
            except NodeRefused:
                return False
            said = told.txid, row.signed, told.nonce, told.send, f"nonce:{told.nonce}"
            if said != key:
                return False
            if len(self._read) >= REMEMBERED_MAX:
                self._read.clear()
            self._read.add(key)
        return True

    def _look_after(
        self,
        family: Sequence[Stored],
        outcomes: Outcomes,
        takers: Takers,
        tip: BlockRef,
        now: datetime,
    ) -> Look:
        """The look at a family whose bytes are out again, unless its number is proved gone."""
        taker = takers.of(family, outcomes)
        is_gone = taker is not None and taker.block is not None
        again = frozenset[str]() if is_gone else self._send_again(family, outcomes, now)
        look = self._look(family, outcomes, tip, again, taker=taker)
        return replace(look, paid_by=takers.payment_by(taker, family[-1]))

    def _look(
        self,
        family: Sequence[Stored],
        outcomes: Outcomes,
        tip: BlockRef,
        sent: frozenset[str],
        *,
        taker: Fact | None = None,
    ) -> Look:
        currency = self._currencies[family[0].row.currency]
        return Look(
            family, outcomes, tip, deepest_final(currency, tip, self._final_height()), taker, sent
        )

    def _settle(self, looks: Sequence[Look], now: datetime) -> int:
        batch = partial(self._batch, now)
        settling = Settling(
            batch, self._currencies, self._is_as_signed, self._doubted.name, now=now
        )
        moved = settling.settle(looks)
        self._unproved += settling.unproved
        return moved

    def _settle_vouched(self, now: datetime) -> int:
        """Where the node has forgotten the states, what balances of now bear out: our rows know
        everything up to this tip."""
        if not self._unproved:
            return 0
        looks = vouched(self._payer, self._symbol, self._unproved)
        return self._settle(looks, now) if looks else 0

    def _settle_answered(self, looks: Sequence[Look], now: datetime) -> int:
        """Where no node tells what became of it, by what persons signed: last, because facts come
        before persons."""
        answered = self._questions.answered(looks, now)
        for look in answered:
            self._doubted.clear(look.newest if look.adopted is None else look.signed[-1])
        return self._settle(answered, now) if answered else 0

    def _send(self, stored: Stored, outcomes: Outcomes, now: datetime) -> bool:
        """Send stored bytes once; whether the node has them now. Raises NodeDown: unknown, and
        EngineStopping before it sends anything."""
        fact = self._broadcast.once(stored, now)
        outcomes[fact.txid] = Outcome(fact)
        return fact.standing is Standing.MEMPOOL

    def _send_again(
        self, family: Sequence[Stored], outcomes: Outcomes, now: datetime
    ) -> frozenset[str]:
        """The same bytes, the newest that the node takes, when it has none of the family, or only
        what the newest replaces and it did not refuse that just now; those that were sent."""
        standings = {outcomes[str(each.row.txid)].fact.standing for each in family}
        newest = family[-1]
        absent = outcomes[str(newest.row.txid)].fact.standing is Standing.ABSENT
        if standings == {Standing.ABSENT}:
            again = list(reversed(family))
        elif absent and standings <= WAITING and may_go_again(newest, self._ground, now):
            again = [newest]
        else:
            return frozenset()
        reach("recovery.during", sandbox=self._config.sandbox)
        sent = []
        for stored in again:
            sent.append(str(stored.row.id))
            if self._send(stored, outcomes, now):
                break
        return frozenset(sent)

    def _bump_stuck(self, looks: Sequence[Look], now: datetime) -> int:
        """Offer more for what waits too long."""
        if not looks:
            return 0
        tip = looks[0].tip
        bumping = Bumping(
            self._config, self._symbol, self._payer, self._is_as_signed, tip=tip, now=now
        )
        return sum(self._bump(bumping, look, now) for look in looks if bumping.is_due(look))

    def _bump(self, bumping: Bumping, look: Look, now: datetime) -> int:
        with self._batch(now) as batch:
            made = bumping.replace(look.family, batch)
        if made is None:
            return 0
        reach("bump.store.after", sandbox=self._config.sandbox)
        told = dict(look.outcomes)
        self._send(made, told, now)
        family, sent = [*look.family, made], frozenset({str(made.row.id)})
        return 1 + self._settle([self._look(family, told, look.tip, sent)], now)

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)


def _settled_blocks(chain: str) -> list[str]:
    """The blocks that hold booked attempts which are not final yet, the highest first."""
    rows = (
        Attempt.select(Attempt.block_hash, Attempt.block_height)
        .where(
            (Attempt.chain == chain)
            & (Attempt.final == 0)
            & (Attempt.state == "settled")
            & ~Attempt.block_hash.is_null()
        )
        .distinct()
        .order_by(Attempt.block_height.desc())
    )
    return [str(row.block_hash) for row in rows]
