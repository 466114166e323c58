"""Chain txs of our wallet that pay what an attempt pays, under another id: a signature that was
written in another way before it was mined, or a fee that was raised by hand at the node.

Such a payment is paid. What spends the same coins and leaves the rest to us is taken for one more
attempt of the family; what does not is left to a person, and nobody signs for the payment again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.chain import SentTx, SignedTx, Spend
from engine.sender.attempts import Draft, Output, Stored
from engine.sender.coins import OwnCoin

PAID_ELSEWHERE = "a chain tx that this engine did not sign pays it: a person must look"


class Node(Protocol):
    """What is asked. Raises NodeDown, NodeRefused."""

    def sent_tx(self, txid: str, addresses: Sequence[str]) -> SentTx | None:
        """A chain tx of the wallet; outputs to one of `addresses` are spelled like it."""

    def owns(self, address: str) -> bool:
        """Whether the wallet holds the keys of `address`, or watches it."""


@dataclass(frozen=True, slots=True)
class Twin:
    """What was found: `draft` to be stored as an attempt; None for one that cannot be."""

    draft: Draft | None


def twin_of(family: Sequence[Stored], txids: Iterable[str], node: Node) -> Twin | None:
    """The first of the foreign chain txs `txids` that pays any of what the family pays; None when
    none does. A call or two for each."""
    newest = family[-1]
    paid = {(each.address, each.units): each.payment for each in newest.outputs if each.payment}
    for txid in txids:
        told = node.sent_tx(txid, [address for address, _ in paid])
        if told is None or paid.keys().isdisjoint((pay.address, pay.units) for pay in told.pays):
            continue
        outputs = tuple(Output(pay, paid.get((pay.address, pay.units))) for pay in told.pays)
        return Twin(_draft(newest, told, outputs, node))
    return None


def _draft(newest: Stored, told: SentTx, outputs: Sequence[Output], node: Node) -> Draft | None:
    """It as an attempt, if it spends just the same coins, pays every payment once, and leaves
    nothing to others."""
    coins = {(each.txid, each.idx): each for each in newest.inputs}
    payments = [each.payment for each in outputs if each.payment is not None]
    if set(told.coins) != coins.keys() or sorted(payments) != sorted(newest.payments):
        return None
    if not all(node.owns(each.pay.address) for each in outputs if each.payment is None):
        return None
    chosen = tuple(
        # Whose address it is matters to whoever signs only.
        OwnCoin(Spend(each.txid, each.idx, each.units, ""), each.account)
        for each in newest.inputs
    )
    fee = sum(each.units for each in newest.inputs) - sum(pay.units for pay in told.pays)
    signed = SignedTx(told.txid, told.raw, told.size)
    return Draft(newest.row.chain, newest.row.currency, chosen, tuple(outputs), signed, fee)
