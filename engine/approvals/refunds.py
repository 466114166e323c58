"""The act that pays a deposit back: two persons, after finality, to an address that they name."""

from __future__ import annotations

from functools import partial

from db.models import Payment
from engine import chains, ledger
from engine.approvals.plan import Plan, Proposal
from engine.approvals.subjects import move, payment_plan
from engine.config import Config, Currency
from engine.deposits.rules import confirmations
from engine.errors import ActRefused
from engine.ledger import Line, NewEntry
from engine.sender.entries import IN_TRANSIT
from engine.withdrawals.addresses import check_address

REFUNDABLE = ("held", "refused")
PERSONS = 2


def refund(config: Config, payment: Payment, proposal: Proposal) -> Plan:
    """Pay a held or refused deposit back, less the network's fee: its coins leave suspense now, and
    the engine sends one withdrawal that is linked to it. Raises ActRefused, WithdrawalRefused."""
    if payment.state not in REFUNDABLE:
        raise ActRefused(f"the deposit is {payment.state}: only a held or refused one is refunded")
    currency = config.currencies.get(payment.currency)
    if currency is None:
        raise ActRefused(f"currency {payment.currency} is not configured any more")
    _check_final(payment, currency)
    address = check_address(config, currency, proposal.address)
    units = int(payment.units or 0)
    suspense = ledger.suspense_account(payment.id)
    if -ledger.balance(suspense, payment.currency) != units:
        raise ActRefused("suspense does not hold this deposit's coins: cashier reconcile says why")
    lines = (
        Line(suspense, payment.currency, units),
        Line(IN_TRANSIT, payment.currency, -units),
    )
    entry = NewEntry("refund", lines)
    changes = {"sub_state": ""}
    return payment_plan(
        config,
        payment,
        "refund",
        partial(move, payment, "refund", entry=entry, changes=changes),
        fields={"address": address},
        entry=entry,
        persons=PERSONS,
    )


def _check_final(payment: Payment, currency: Currency) -> None:
    """A coin that may still leave the chain is not paid back from others."""
    if payment.unsettled:
        raise ActRefused("its coin is out of the chain for the moment: wait until it is settled")
    deep = confirmations(chains.followed_height(payment.chain), payment.block_height)
    if not payment.final:
        raise ActRefused(f"its coin is not final yet: {deep} of {currency.finality} confirmations")
