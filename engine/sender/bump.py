"""A higher fee for what does not get mined: one more attempt of the family, by BIP-125.

The replacement spends the same coins and keeps every output of what it replaces; only our change
gets smaller. Whichever of the family is mined settles its payments.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from engine.chain import Chain, Fact, Pay, Spend, Standing
from engine.clock import parse_rfc3339
from engine.config import Currency
from engine.sender import fees
from engine.sender.attempts import Draft, Output, Stored
from engine.sender.coins import OwnCoin
from engine.sender.fees import FeeTooHigh

ATTEMPTS_MAX = 10  # in one family


def is_due(
    family: Sequence[Stored], facts: dict[str, Fact], currency: Currency, now: datetime
) -> bool:
    """Whether a family has waited in the mempool for longer than its newest fee was meant for. That
    the node refused the newest one ends nothing: a higher fee may be taken, a bounded number of
    them."""
    newest = family[-1]
    if len(family) >= ATTEMPTS_MAX:
        return False
    if not (facts[newest.row.txid].standing is Standing.MEMPOOL or is_refused(family, facts)):
        return False
    return now - parse_rfc3339(newest.row.created_at) >= patience(currency)


def is_refused(family: Sequence[Stored], facts: dict[str, Fact]) -> bool:
    """Whether the node refused the newest of a family while an older one waits in its mempool."""
    newest = family[-1]
    if not newest.row.last_error or facts[newest.row.txid].standing is not Standing.ABSENT:
        return False
    return any(facts[each.row.txid].standing is Standing.MEMPOOL for each in family)


def is_sent_again(
    family: Sequence[Stored], facts: dict[str, Fact], currency: Currency, now: datetime
) -> bool:
    """Whether a refused replacement is offered once more as it is: mempools change."""
    sent_at = family[-1].row.sent_at
    if sent_at is None or not is_refused(family, facts):
        return False
    return now - parse_rfc3339(sent_at) >= patience(currency)


def patience(currency: Currency) -> timedelta:
    """How long a fee is given to be mined, before more is offered."""
    return timedelta(seconds=fees.TARGET_BLOCKS * currency.coin.block_s)


def draft(
    newest: Stored,
    addresses: dict[tuple[str, str], str],
    node: Chain,
    currency: Currency,
    *,
    passphrase: str | None,
) -> Draft | None:
    """The signed replacement; None when the network's rate has not risen above what was offered, or
    when what its row calls change is not ours, or not all of it. `addresses` are those of the
    inputs. Raises FeeTooHigh, also when there is no change to pay for it, and NodeRefused."""
    row = newest.row
    if not _adds_up(newest):
        return None
    old_rate = row.fee_units * 1000 // row.size
    rate, _ = fees.rate(node)
    if rate <= old_rate:
        return None
    offered = fees.bumped(currency, old_rate, rate, floor=max(1, node.fee_floor()))
    fee = fees.fee_of(row.size, offered)
    outputs = _outputs(newest, less=fee - row.fee_units, node=node)
    if outputs is None:
        return None
    paid = sum(output.pay.units for output in outputs if output.payment is not None)
    fees.check(currency, fee, amount=paid)
    chosen = tuple(
        OwnCoin(
            Spend(each.txid, each.idx, each.units, addresses[(each.txid, each.idx)]), each.account
        )
        for each in newest.inputs
    )
    signed = node.sign(
        [coin.spend for coin in chosen], [out.pay for out in outputs], passphrase=passphrase
    )
    return Draft(row.chain, row.currency, chosen, outputs, signed, fee)


def _adds_up(stored: Stored) -> bool:
    """Whether what goes in comes out, but for the fee: what a forged row takes off the change would
    go to the miners, past every cap."""
    paid = sum(each.units for each in stored.outputs)
    return sum(each.units for each in stored.inputs) == paid + stored.row.fee_units


def _outputs(newest: Stored, *, less: int, node: Chain) -> tuple[Output, ...] | None:
    """The same outputs with `less` units of change; None if that goes elsewhere than to us: a
    forged row must not turn a payment, or our coins, into it. Raises FeeTooHigh if it does not bear
    it, or there is none."""
    outputs = []
    borne = False
    for each in newest.outputs:
        units = each.units
        if each.payment is None:
            units -= less
            borne = units >= node.dust(each.address)
            if borne and not node.owns(each.address):
                return None
        outputs.append(Output(Pay(each.address, units), each.payment))
    if not borne:
        raise FeeTooHigh("the change left over does not bear a higher fee")
    return tuple(outputs)
