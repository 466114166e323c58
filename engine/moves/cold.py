"""Coins that come out of the cold wallet: one transfer for each chain tx, from first sight to
finality.

Somebody with the cold keys signed it, so that nothing here sends: the chain tx is asked for by id
and its transfer brought to where it stands. What it paid to others than the house is not booked:
it stays on the cold account, where reconciliation names it until a person has judged it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from db import bulk
from db.models import Coin, History, Payment
from engine.chain import BlockRef, Fact, Followed, Standing
from engine.config import Config
from engine.deposits.rules import confirmations
from engine.errors import LedgerError
from engine.history import row_of
from engine.ledger import WALLET_COLD, WALLET_HOT, Line, NewEntry
from engine.lifecycle import Batch
from engine.moves.addresses import COLD, HOT, WALLETS, house_addresses
from engine.moves.cold_sends import note_left
from engine.moves.origins import FROM_COLD, ColdSpend

log = logging.getLogger(__name__)

FEES_NETWORK = "fees:network"


class ColdMoves:
    """Opens and follows one chain's moves out of the cold wallet; `new_batch` writes them."""

    def __init__(self, config: Config, symbol: str, new_batch: Callable[[], Batch]) -> None:
        self._config = config
        self._currency = config.currencies[symbol]
        self._new_batch = new_batch
        self.waiting = False  # one could not be booked yet

    def open(self, spends: Sequence[ColdSpend]) -> int:
        """A pending transfer for each of these chain txs; returns the moves made."""
        if not spends:
            return 0
        house = house_addresses(self._currency.chain)
        with self._new_batch() as batch:
            for spend in spends:
                self._open(batch, spend, house)
            return batch.steps

    def _open(self, batch: Batch, spend: ColdSpend, house: dict[str, str]) -> None:
        facts = _evidence(spend, house)
        to_hot = int(facts["to_hot"])
        units = to_hot or int(facts["to_cold"])
        first = next(
            (each for each in spend.arrivals if not to_hot or house[each.address] == HOT),
            spend.arrivals[0],
        )
        payment = batch.open(
            kind="transfer",
            client=None,
            currency=self._currency.symbol,
            chain=self._currency.chain,
            address=first.address,
            units=units,
            txid=spend.txid,
            idx=first.index,
            required=self._currency.confirmations.required(units),
            origin=FROM_COLD,
            evidence=facts,
        )
        batch.move(payment, "send", evidence={"txid": spend.txid, "index": first.index})

    def follow(self, node: Followed, tip: BlockRef) -> int:
        """Bring every one that is not final to where its chain tx stands now; the moves made.
        Raises NodeDown."""
        payments = self._followed()
        if not payments:
            return 0
        facts = node.facts(sorted({str(payment.txid) for payment in payments}))
        told = [(payment, facts[str(payment.txid)]) for payment in payments]
        return sum(self._settle(payment, fact, tip) for payment, fact in told if fact.readable)

    def _followed(self) -> list[Payment]:
        rows = Payment.select().where(
            (Payment.chain == self._currency.chain)
            & (Payment.kind == "transfer")
            & (Payment.origin == FROM_COLD)
            & (Payment.final == 0)
            & Payment.state.in_(("pending", "confirmed", "credited"))
        )
        return list(rows.order_by(Payment.first_seq))

    def _settle(self, payment: Payment, fact: Fact, tip: BlockRef) -> int:
        try:
            return self._bring(payment, fact, tip, book=True)
        except LedgerError as error:
            # What it spends may be booked a moment later, by the sender: its coins are noted.
            log.info("%s: transfer %s waits: %s", payment.chain, payment.id, error.detail)
        self.waiting = True
        fresh: Payment = Payment.get_by_id(payment.id)
        return self._bring(fresh, fact, tip, book=False)

    def _bring(self, payment: Payment, fact: Fact, tip: BlockRef, *, book: bool) -> int:
        with self._new_batch() as batch:
            if fact.block is not None:
                self._in_block(batch, payment, fact, tip, book=book)
            elif book:
                self._outside(batch, payment, fact, tip)
            return batch.steps

    def _in_block(
        self, batch: Batch, payment: Payment, fact: Fact, tip: BlockRef, *, book: bool
    ) -> None:
        assert fact.block is not None
        move = partial(self._move, batch, payment, fact, tip)
        place = {"block_hash": fact.block.hash, "block_height": fact.block.height}
        deep = confirmations(tip.height, fact.block.height)
        if payment.block_hash != fact.block.hash:
            batch.also(partial(_note_coins, payment, told(payment), fact.block))
        if payment.state == "pending" and book and deep >= int(payment.required or 1):
            move("confirm", **place)
        elif payment.state == "pending":
            batch.touch(payment, **place)
        if payment.state == "confirmed":
            move("credit", entry=_entry(payment, "credit"), unsettled=False, **place)
        elif payment.state == "credited" and (
            payment.unsettled or payment.block_hash != fact.block.hash
        ):
            move("settle", unsettled=False, **place)
        if payment.state == "credited" and deep >= self._finality(payment):
            batch.touch(payment, final=True)

    def _finality(self, payment: Payment) -> int:
        return self._config.currencies[payment.currency].finality

    def _outside(self, batch: Batch, payment: Payment, fact: Fact, tip: BlockRef) -> None:
        move = partial(self._move, batch, payment, fact, tip)
        nowhere: dict[str, Any] = {"block_hash": None, "block_height": None}
        gone = fact.standing is Standing.GONE and fact.conflict_depth >= int(payment.required or 1)
        if payment.block_hash is not None:
            batch.also(partial(_note_coins, payment, told(payment), None))
        if payment.state == "credited" and gone:
            move("reverse", entry=_entry(payment, "reverse", sign=-1), unsettled=False, **nowhere)
        elif payment.state == "credited" and not payment.unsettled:
            move("unsettle", unsettled=True, **nowhere)
        elif payment.state == "pending" and payment.block_hash is not None:
            batch.touch(payment, **nowhere)
        if payment.state == "pending" and gone:
            move("fail", reason="another chain tx spent the cold coins", final=True, **nowhere)

    def _move(
        self,
        batch: Batch,
        payment: Payment,
        fact: Fact,
        tip: BlockRef,
        event: str,
        **changes: Any,
    ) -> None:
        block = fact.block
        evidence = {
            "txid": payment.txid,
            "index": payment.idx,
            "standing": fact.standing.value,
            "block_hash": None if block is None else block.hash,
            "block_height": None if block is None else block.height,
            "confirmations": confirmations(tip.height, None if block is None else block.height),
            "required": payment.required,
            "conflicts": list(fact.conflicts),
            "tip_height": tip.height,
        }
        batch.move(payment, event, evidence=evidence, **changes)


def _evidence(spend: ColdSpend, house: dict[str, str]) -> dict[str, Any]:
    """What the chain tx spends and pays, in units as text: all that is booked follows from it."""
    spent = sum(coin.units or 0 for coin in spend.senders.coins)
    sums = dict.fromkeys(WALLETS, 0)
    for arrival in spend.arrivals:
        sums[house[arrival.address]] += arrival.units
    return {
        "address": spend.arrivals[0].address,
        "txid": spend.txid,
        "origin": FROM_COLD,
        "spent": [[coin.txid, coin.index, str(coin.units)] for coin in spend.senders.coins],
        "arrived": [
            [each.index, each.address, str(each.units), WALLETS[house[each.address]]]
            for each in spend.arrivals
        ],
        "to_hot": str(sums[HOT]),
        "to_cold": str(sums[COLD]),
        "elsewhere": str(spend.senders.paid - sums[HOT] - sums[COLD]),
        "chain_fee": str(spent - spend.senders.paid),
    }


def told(payment: Payment) -> dict[str, Any]:
    """The evidence with which the transfer was opened."""
    first = History.get(History.seq == payment.first_seq)
    evidence: dict[str, Any] = row_of(first)["evidence"]
    return evidence


def _entry(payment: Payment, event: str, *, sign: int = 1) -> NewEntry:
    """Cold coins became hot ones, and the chain's fee was paid from them; `sign` -1 backwards."""
    facts = told(payment)
    to_hot, fee = int(facts["to_hot"]) * sign, int(facts["chain_fee"]) * sign
    currency, coin = payment.currency, payment.chain
    if currency == coin:
        lines = [Line(WALLET_COLD, currency, -to_hot - fee), Line(FEES_NETWORK, currency, fee)]
    else:
        lines = [Line(WALLET_COLD, currency, -to_hot), Line(FEES_NETWORK, coin, fee)]
        lines.append(Line(WALLET_COLD, coin, -fee))
    if to_hot:
        lines.insert(0, Line(WALLET_HOT, currency, to_hot))
    return NewEntry(event, tuple(lines))


def _note_coins(payment: Payment, facts: dict[str, Any], block: BlockRef | None) -> None:
    """Its coins as of now, inside the caller's database transaction: spent and made in `block`, or
    in none."""
    height = None if block is None else block.height
    block_hash = None if block is None else block.hash
    if "cold" in facts:
        note_left(payment, facts, block)
    for txid, index, _ in facts["spent"]:
        Coin.update(
            spent_txid=None if block is None else payment.txid,
            spent_height=height,
            spent_hash=block_hash,
        ).where((Coin.chain == payment.chain) & (Coin.txid == txid) & (Coin.idx == index)).execute()
    bulk.insert_rows(
        Coin,
        [
            {
                "chain": payment.chain,
                "txid": payment.txid,
                "idx": index,
                "currency": payment.currency,
                "address": address,
                "account": account,
                "units": int(units),
                "payment": payment.id,
                "height": height,
                "hash": block_hash,
            }
            for index, address, units, account in facts["arrived"]
        ],
        on="ON CONFLICT (chain, txid, idx, currency) DO UPDATE SET"
        " height = excluded.height, hash = excluded.hash",
    )
