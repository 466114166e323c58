"""The payments that stand behind a timing item, as they are now: what a person opens to see why
node and books differ for a while."""

from __future__ import annotations

from collections.abc import Collection

from db import bulk
from db.attempts import Attempt, AttemptOutput
from db.models import Payment
from engine import chains, queries
from engine.config import Config
from engine.reconciliation import outgoing, timing
from engine.views import PaymentView

SHOWN_MAX = 200

# Item by item: the states of attempts whose payments it holds, and whether they are in a block.
_OF_ATTEMPTS = {
    timing.SENDS: ("mined", True),
    timing.SEND_FEES: ("mined", True),
    timing.SENDS_OUT: ("settled", False),
    timing.SEND_FEES_OUT: ("settled", False),
}
_OF_MOVES = (timing.MOVES, timing.MOVES_OUT)
_OF_COLD = {timing.COLD_FEES: ("pending", True), timing.COLD_FEES_OUT: ("credited", False)}


def payments_behind(config: Config, symbol: str, item: str) -> tuple[PaymentView, ...]:
    """Up to SHOWN_MAX payments that make up this item of a currency now, oldest first. They may
    have moved since the sum was made; an item that nothing stands behind any more is empty."""
    currency = config.currencies.get(symbol)
    if currency is None:
        return ()
    if item in _OF_ATTEMPTS:
        rows = _of_attempts(currency.chain, symbol, *_OF_ATTEMPTS[item])
        rows += _of_names(outgoing.payments_of(currency.chain, symbol, item))
    elif item in _OF_MOVES:
        rows = _of_names(outgoing.payments_of(currency.chain, symbol, item))
    elif item in _OF_COLD:
        rows = _of_cold(currency.chain, symbol, *_OF_COLD[item])
    else:
        height = chains.followed_height(currency.chain)
        found = timing.on_the_way(currency.chain, symbol)
        rows = [row for row in found if timing.RULES[row.kind](row, height)[0] == item]
    rows = sorted(rows, key=lambda row: int(row.first_seq))[:SHOWN_MAX]
    return queries.views(config, rows)


def _of_attempts(chain: str, symbol: str, state: str, in_block: bool) -> list[Payment]:  # noqa: FBT001  # from the table
    mined = Attempt.block_hash.is_null(not in_block)
    ours = (Attempt.chain == chain) & (Attempt.currency == symbol) & (Attempt.final == 0)
    ours &= Attempt.nonce.is_null()
    attempts = Attempt.select(Attempt.id).where(ours & (Attempt.state == state) & mined)
    paid = AttemptOutput.select(AttemptOutput.payment).where(AttemptOutput.attempt.in_(attempts))
    return list(Payment.select().where(Payment.id.in_(paid)))


def _of_names(payments: Collection[str]) -> list[Payment]:
    return list(Payment.select().where(bulk.one_of(Payment.id, sorted(payments))))


def _of_cold(chain: str, symbol: str, state: str, in_block: bool) -> list[Payment]:  # noqa: FBT001  # from the table
    if symbol != chain:
        return []  # what they cost is in the chain's coin
    moves = (Payment.chain == chain) & (Payment.final == 0)
    from_cold = (Payment.kind == "transfer") & (Payment.origin == "cold")
    mined = Payment.block_hash.is_null(not in_block)
    return list(Payment.select().where(moves & from_cold & (Payment.state == state) & mined))
