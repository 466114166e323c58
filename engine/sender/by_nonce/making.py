"""A signed send as it is to be stored: one attempt, whose one input is its address's number."""

from __future__ import annotations

from dataclasses import dataclass

from db.models import Payment
from engine.chain import Pay, SignedTx, Spend
from engine.sender import attempts
from engine.sender.attempts import Draft, Output, Stored
from engine.sender.coins import OwnCoin
from engine.sending import Offer, Send


@dataclass(frozen=True, slots=True)
class Signing:
    """A signed chain tx and the payment that it pays; `account` is the wallet account of the
    address that it leaves."""

    payment: Payment
    send: Send
    number: int
    offer: Offer
    signed: SignedTx
    account: str

    @property
    def input_name(self) -> str:
        return f"{self.send.source}:nonce:{self.number}"


def as_stored(signing: Signing, *, attempt: str, family: str, number: int, at: str) -> Stored:
    """The attempt as it is to be stored; `number` counts those of its family."""
    send = signing.send
    taken = Spend(send.source, f"nonce:{signing.number}", 0, send.source)
    draft = Draft(
        chain=str(signing.payment.chain),
        currency=send.currency,
        coins=(OwnCoin(taken, signing.account),),
        outputs=(Output(Pay(send.to, send.units), signing.payment.id),),
        signed=signing.signed,
        fee=signing.offer.most,
    )
    stored = attempts.stored_of(draft, attempt=attempt, family=family, number=number, at=at)
    stored.row.address, stored.row.nonce = send.source, signing.number
    return stored
