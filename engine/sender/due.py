"""Which payments the sender takes next, and what the node must say about them before it signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from db.models import Payment
from engine.chain import Wallet
from engine.config import Currency
from engine.lifecycle import Batch
from engine.sender import entries
from engine.sender.proof import Proof

OWN_ADDRESS = "the address is one of this cashier's own"
NO_ADDRESS = "the node does not accept the address"
TOO_SMALL = "the amount is too small to be sent"


def due(currency: Currency) -> list[Payment]:
    """Released payments without an attempt, oldest first, no address twice: one chain tx."""
    rows = (
        Payment.select()
        .where(
            (Payment.chain == currency.chain)
            & (Payment.currency == currency.symbol)
            & Payment.kind.in_(("withdrawal", "transfer"))
            & (Payment.state == "requested")
            & (Payment.final == 0)
            & Payment.attempt.is_null()
        )
        .order_by(Payment.first_seq)
        .limit(2 * currency.batch.max)
    )
    taken: dict[str, Payment] = {}
    for row in rows:
        taken.setdefault(str(row.address), row)
    return list(taken.values())[: currency.batch.max]


def wait(batch: Batch, payments: Sequence[Payment], reason: str) -> int:
    """Show why payments wait; a reason that stands already is not written again."""
    changed = [payment for payment in payments if payment.reason != reason]
    with batch:
        for payment in changed:
            batch.touch(payment, sub_state="waiting", reason=reason)
    return 0


def refuse_unpayable(
    new_batch: Callable[[], Batch], node: Wallet, proof: Proof, payments: Sequence[Payment]
) -> tuple[list[Payment], int]:
    """Split off what must not be signed: refused with all returned when only the node could tell
    that the address is wrong, held when the database does not prove it. The rest, and the moves."""
    payable: list[Payment] = []
    moved = 0
    for payment in payments:
        flaw = proof.flaw(payment)
        wrong = "" if flaw else _wrong_address(node, payment)
        if not flaw and not wrong:
            payable.append(payment)
            continue
        with new_batch() as batch:
            if flaw:
                batch.move(payment, "hold", evidence={"unproved": flaw}, reason=flaw)
            else:
                batch.move(
                    payment,
                    "refuse",
                    evidence={"address": payment.address},
                    reason=wrong,
                    entry=None
                    if payment.kind == "transfer"
                    else entries.give_back(payment, "refuse"),
                )
        moved += 1
    return payable, moved


def _wrong_address(node: Wallet, payment: Payment) -> str:
    address = str(payment.address)
    if node.canonical(address) is None:
        return NO_ADDRESS
    if payment.kind == "withdrawal" and node.owns(address):
        return OWN_ADDRESS
    if int(payment.units or 0) < node.dust(address):
        return TOO_SMALL
    return ""
