"""A higher offer for what does not get mined: the same number, the same payment, the same gas."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from db.models import Payment
from engine.chain import BlockRef
from engine.clock import parse_rfc3339, rfc3339
from engine.config import Config, Currency
from engine.errors import NodeRefused
from engine.lifecycle import Batch
from engine.sender import attempts
from engine.sender.attempts import Stored
from engine.sender.by_nonce import offers
from engine.sender.by_nonce.funds import Purse
from engine.sender.by_nonce.looks import Look, send_of
from engine.sender.by_nonce.making import Signing, as_stored
from engine.sender.fees import FeeTooHigh
from engine.sending import Offer, Payer, Rates

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 10  # in one family
RAISED_OFTEN = f"its fee was raised {ATTEMPTS_MAX - 1} times, and the network asks for more"
PATIENCE_BLOCKS = 6  # usual blocks that an offer is given before a higher one


class Bumping:
    """One round of replacing. What the network asks, and what there is, is asked once."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        payer: Payer,
        is_as_signed: Callable[[Sequence[Stored], Sequence[Payment]], bool],
        *,
        tip: BlockRef,
        now: datetime,
    ) -> None:
        self._currencies = {each.symbol: each for each in config.chains()[symbol]}
        self._ground = self._currencies[symbol]
        self._payer = payer
        self._is_as_signed = is_as_signed
        self._tip = tip
        self._now = now
        self._rates: Rates | None = None
        self._purse: Purse | None = None

    def is_due(self, look: Look) -> bool:
        """Whether a family has waited for some blocks. That the node dropped or refused it ends
        nothing: nodes do so with what has become too cheap."""
        newest = look.newest
        if look.winner is not None or look.used_by is not None or look.gap is not None:
            return False
        return self._now - parse_rfc3339(newest.row.created_at) >= _patience(self._ground)

    def replace(self, family: Sequence[Stored], batch: Batch) -> Stored | None:
        """The replacement, which `batch` stores; None when there is none now, and a payment that
        only a cap holds up says so. Raises NodeDown."""
        newest = family[-1]
        payment = next(iter(attempts.payments_of([newest])[str(newest.row.id)]), None)
        if payment is None or payment.state not in {"requested", "pending"}:
            return None  # settled before, and out of its block: the same bytes are mined again
        try:
            offer = self._offer(newest, payment)
            if offer is None or not self._is_as_signed(family, [payment]):
                return None
            _check_count(family)
            signing = self._sign(newest, payment, offer)
        except (FeeTooHigh, NodeRefused) as error:
            reason = f"waiting: {error}"
            if payment.reason != reason:
                log.info("attempt %s is not replaced: %s", newest.row.id, error.detail)
                batch.touch(payment, reason=reason)
            return None
        made = as_stored(
            signing,
            attempt=attempts.new_id(),
            family=str(newest.row.family),
            number=len(family) + 1,
            at=rfc3339(self._now),
        )
        evidence = {
            "attempt": made.row.id,
            "txid": made.row.txid,
            "replaces": newest.row.txid,
            "chain_fee": str(made.row.fee_units),
            "chain_fee_currency": made.row.chain,
        }
        batch.move(payment, "bump", evidence=evidence)
        batch.also(partial(attempts.store, [made]))
        return made

    def _offer(self, newest: Stored, payment: Payment) -> Offer | None:
        if self._rates is None:
            self._rates = self._payer.rates()
        old = self._payer.read(str(newest.row.signed)).offer
        currency, coin = self._currencies[payment.currency], self._ground.symbol
        cap = offers.cap_of(currency, self._ground, payment)
        purse = self._opened_purse()
        there = purse.available(coin, str(newest.row.address)) + old.most
        offer = offers.raised(old, self._rates, most=there if cap is None else min(cap, there))
        is_ours_to_pay = currency.is_token or payment.kind == "transfer"
        if offer is not None and is_ours_to_pay and purse.own_funds < offer.most - old.most:
            raise FeeTooHigh(f"the house has too little {coin} of its own for a higher fee")
        return offer

    def _opened_purse(self) -> Purse:
        """What the chain's addresses have beyond what all their sends may take."""
        if self._purse is None:
            self._purse = Purse(self._ground.symbol, height=self._tip.height)
        return self._purse

    def _sign(self, newest: Stored, payment: Payment, offer: Offer) -> Signing:
        send, number = send_of(newest), int(newest.row.nonce or 0)
        signed = self._payer.sign(send, nonce=number, offer=offer)
        more = offer.most - int(newest.row.fee_units)
        self._opened_purse().take(send.currency, send.source, units=0, most=more)
        return Signing(payment, send, number, offer, signed, str(newest.inputs[0].account))


def _check_count(family: Sequence[Stored]) -> None:
    if len(family) >= ATTEMPTS_MAX:
        raise FeeTooHigh(RAISED_OFTEN)


def may_go_again(newest: Stored, ground: Currency, now: datetime) -> bool:
    """Whether a replacement that the node does not have may be sent to it: one that it refused is
    left alone for some blocks. What it lacked then, funds or a better price, may be there now."""
    if not newest.row.last_error or newest.row.sent_at is None:
        return True
    since = now - parse_rfc3339(newest.row.sent_at)
    return not timedelta() <= since < _patience(ground)


def _patience(ground: Currency) -> timedelta:
    return timedelta(seconds=PATIENCE_BLOCKS * ground.coin.block_s)
