"""What a node says of our own chain txs, asked where an address has more or less than our rows say:
whether they are followed yet, what they truly moved, and who else used the address's numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from db import bulk
from db.attempts import Attempt
from engine import chains, outflows
from engine.chain import BlockRef, ByBalance, Fact, Standing, Unspent
from engine.errors import NodeRefused, RowsMoved
from engine.holdings import REST, Holding, Key
from engine.outflows import GAS, VALUE
from engine.own_rows import as_proved, booked_thefts, is_booked, is_ours, touching, used_up
from engine.sender.doubted import doubted
from engine.sending import Outcome, Payer, Send

NUMBERS_BACK = 1_000  # an address's newest sends among which a stranger's is looked for
STRANGERS_MAX = 20
BEHIND = "our own sends are not followed to this block yet"


@runtime_checkable
class TellsOutcomes(Protocol):
    """A chain that can be asked what became of chain txs whose addresses count their sends."""

    def outcomes(self, rows: Sequence[Attempt]) -> dict[str, Outcome]:
        """What became of these attempts as of the block that we followed to, by txid. Raises
        NodeDown."""


def explained(node: ByBalance, chain: str, found: Sequence[Holding], at: BlockRef) -> list[Holding]:
    """`found`, and where an address has more or less than our rows say, their coins as what proves
    them has them: the deposit that a coin is of, and the node's word on our own chain txs. Asks
    nothing where all agree. Raises NodeDown, RowsMoved."""
    odd = as_proved(chain, [each for each in found if each.more])
    odd = _with_undone(node, chain, odd)
    still = [each for each in odd if each.more]
    better = {each.key: each for each in odd}
    if still and isinstance(node, Payer):
        corrected = OwnSends(node, chain, at).corrected(still)
        better |= {each.key: each for each in corrected}
    return [better.get(each.key, each) for each in found]


def _with_undone(node: ByBalance, chain: str, odd: Sequence[Holding]) -> list[Holding]:
    """With the coins that a stranger's chain tx spent, and without what it left, where the books
    have it as a loss and it is in no block any more."""
    thefts = booked_thefts(chain, [each.address for each in odd if each.more])
    facts = node.facts(sorted(thefts)) if thefts else {}
    gone = {txid for txid, fact in facts.items() if fact.standing is not Standing.MINED}
    if not gone:
        return list(odd)
    back: dict[Key, list[Unspent]] = defaultdict(list)
    for coin in (coin for txid in gone for coin in thefts[txid]):
        back[coin.currency, coin.address].append(coin)
    return [
        replace(
            each,
            coins=(*back[each.key], *(coin for coin in each.coins if coin.txid not in gone)),
        )
        for each in odd
    ]


class OwnSends:
    """Asks one node as of the block `at`. Raises NodeDown."""

    def __init__(self, payer: Payer, chain: str, at: BlockRef) -> None:
        self._payer = payer
        self._chain = chain
        self._at = at

    def corrected(self, odd: Sequence[Holding]) -> list[Holding]:
        """The same, with what the node says of our own chain txs in place of our rows of them.
        Raises RowsMoved when the sender has not followed them to this block; it never
        follows what staff are told of."""
        addresses = {each.address.lower(): each.address for each in odd}
        rows = touching(self._chain, list(addresses.values()))
        told = self.outcomes(rows)
        stuck = {*doubted(self._chain), *chains.parked(self._chain, (row.txid for row in rows))}
        for row in rows:
            found = told.get(str(row.txid))
            waits = found is not None and not row.final and not stuck & {row.id, row.txid}
            if found is not None and waits and not self._is_followed(row, found.fact):
                raise RowsMoved(BEHIND)
        true = self._true(rows, told, addresses)
        gone = used_up(self._chain, told)
        return [
            replace(
                each,
                coins=(
                    *(coin for coin in each.coins if coin.txid not in told or _is_rest(coin)),
                    *(c for c in true[each.key] if (each.currency, c.txid, c.index) not in gone),
                ),
            )
            for each in odd
        ]

    def _is_followed(self, row: Attempt, fact: Fact) -> bool:
        """Whether our row has it where the node had it at that block: the sender may be further."""
        place = _place(fact)
        if place is None and row.block_hash is not None:
            return int(row.block_height or 0) > self._at.height
        return bool(place == row.block_hash)

    def outcomes(self, rows: Iterable[Attempt]) -> dict[str, Outcome]:
        """What became of these attempts, by txid; those whose bytes cannot be read are left out."""
        sends = {str(row.txid): send for row in rows if (send := self._read(row)) is not None}
        return self._payer.outcomes(sends, tip=self._at) if sends else {}

    def _read(self, row: Attempt) -> Send | None:
        try:
            found = self._payer.read(str(row.signed))
        except NodeRefused:
            return None
        return found.send if found.txid == row.txid else None

    def _true(
        self,
        rows: Iterable[Attempt],
        told: Mapping[str, Outcome],
        addresses: Mapping[str, str],
    ) -> Mapping[Key, list[Unspent]]:
        """What our chain txs in blocks did to these addresses (by their lower-case form)."""
        found: dict[Key, list[Unspent]] = defaultdict(list)
        for row in rows:
            outcome, send = told.get(str(row.txid)), self._read(row)
            if outcome is None or send is None or outcome.fact.standing is not Standing.MINED:
                continue
            for address, currency, index, units in _parts(self._chain, send, outcome):
                ours = addresses.get(address.lower())
                if ours is not None and units and outcome.fact.block is not None:
                    height = outcome.fact.block.height
                    coin = Unspent(str(row.txid), index, currency, ours, units, height)
                    found[currency, ours].append(coin)
        return found

    def made(self, holding: Holding) -> frozenset[tuple[str, str]]:
        """Those of its coins that our own chain txs made."""
        txids = sorted({coin.txid for coin in holding.coins})
        rows = Attempt.select(Attempt.txid).where(
            bulk.one_of(Attempt.txid, txids) & ~Attempt.nonce.is_null()
        )
        ours = {row.txid for row in rows}
        coins = (coin for coin in holding.coins if coin.txid in ours)
        return frozenset(coin.coin for coin in coins if not _is_rest(coin))

    # --- whoever else has the keys ---

    def stranger(self, holding: Holding) -> Fact | None:
        """The chain tx, none of ours, that used a number of this address and by which it has less
        than it should; None if there is none, or it is in the books already."""
        found: list[Fact] = []
        for nonce in self._not_ours(holding.address):
            fact = self._payer.user_of(holding.address, nonce, tip=self._at)
            if fact is not None and not is_ours(fact.txid):
                if self._took(holding, fact):
                    return fact
                found.append(fact)
        return next((fact for fact in found if not is_booked(holding, fact.txid)), None)

    def _not_ours(self, address: str) -> list[int]:
        """Its numbers in blocks that none of our attempts used, newest first."""
        mined = self._payer.mined_nonce(address, at=self._at.hash)
        since = max(0, mined - NUMBERS_BACK)
        rows = Attempt.select(Attempt.nonce).where(
            (Attempt.chain == self._chain)
            & (Attempt.address == address)
            & (Attempt.nonce >= since)
            & ~Attempt.block_hash.is_null()
        )
        ours = {row.nonce for row in rows}
        left = [nonce for nonce in range(since, mined) if nonce not in ours]
        return sorted(left, reverse=True)[:STRANGERS_MAX]

    def _took(self, holding: Holding, fact: Fact) -> bool:
        """Whether the address has less after that block than our rows explain of it."""
        if fact.block is None:
            return False
        block = self._payer.block(fact.block.hash)
        if block is None:
            return False
        before, after = (
            self._payer.balances([holding.key], at=at)[0] for at in (block.parent, block.hash)
        )
        if before is None or after is None:
            return False
        rows = (
            outflows.held(self._chain, addresses=[holding.address], height=height)
            for height in (block.height - 1, block.height)
        )
        then, now = (each.get(holding.key, 0) for each in rows)
        return after - before < now - then


def _parts(chain: str, send: Send, outcome: Outcome) -> Iterator[tuple[str, str, str, int]]:
    """What a chain tx did, as (address, currency, index, signed units)."""
    left = outcome.left if outcome.left is not None else send.units
    arrived = outcome.arrived or 0
    yield send.source, send.currency, VALUE, -left
    yield send.source, chain, GAS, -outcome.fee
    yield send.to, send.currency, outcome.place, arrived


def _place(fact: Fact) -> str | None:
    return fact.block.hash if fact.standing is Standing.MINED and fact.block is not None else None


def _is_rest(coin: Unspent) -> bool:
    """Whether folding made it: it bears the name of a send of ours, and is none of what it did."""
    return coin.index.startswith(REST)
