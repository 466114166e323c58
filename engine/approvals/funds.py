"""Acts on the house's own money: a move to the cold wallet, and an adjustment of the books."""

from __future__ import annotations

import re
from functools import partial

from db.connection import database
from db.models import Client
from engine import chains, chronicle
from engine.approvals.acceptance import UNACCEPTED_COLD, payable_cold
from engine.approvals.plan import Doing, Plan, Proposal
from engine.chronicle import Subject
from engine.config import Config, Currency
from engine.errors import ActRefused, CurrencyUnknown
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT, Line, NewEntry
from engine.lifecycle import Batch
from engine.money import format_amount
from engine.moves.addresses import cold_address, house_addresses
from engine.moves.ceiling import is_under_way, open_move, spare_units, waiting_units

OWN = ("adjustments", "loss", "house")
WALLETS = (WALLET_DEPOSITS, WALLET_HOT, WALLET_COLD)
_ADJUSTED = re.compile(r"([+-])([^|]{1,80})\|([a-z]{1,20})", re.ASCII)


def move(config: Config, proposal: Proposal) -> Plan:
    """Send hot coins to the cold address; above `book_above` two persons sign. Raises ActRefused,
    CurrencyUnknown."""
    currency = _currency(config, proposal)
    address, units = cold_address(currency), _units(proposal)
    if address is None or proposal.account != WALLET_COLD:
        raise ActRefused(f"cashier.toml names no cold address of {currency.symbol}")
    if payable_cold(config, currency) is None:
        raise ActRefused(UNACCEPTED_COLD)
    if address not in house_addresses(currency.chain):
        raise ActRefused(
            "the node's wallet does not watch the cold address: cashier check says what to do"
        )
    if is_under_way(currency.symbol):
        raise ActRefused(f"a move of {currency.symbol} to cold is under way already")
    _check_hot(currency, units)
    subject = Subject("currency", f"{currency.symbol}/moves", currency=currency.symbol)
    above = currency.book_above
    return Plan(
        act="move",
        subject=subject.id,
        history_hash=chronicle.last_hash(subject),
        says=f"{_text(currency, units)} to the cold address {address}",
        fields={**_facts(currency, units), "address": address, "account": WALLET_COLD},
        persons=2 if above is not None and units > above else 1,
        carry_out=partial(_move, currency, subject, units),
    )


def adjust(config: Config, proposal: Proposal) -> Plan:
    """Correct one account against one of ours, by an entry that says why; two persons sign.
    `account` is `+ACCOUNT|OWN` or `-ACCOUNT|OWN`: ACCOUNT as people see it grows or shrinks by
    `units`, at the cost or to the good of OWN. Raises ActRefused, CurrencyUnknown."""
    currency, units = _currency(config, proposal), _units(proposal)
    if not proposal.reason:
        raise ActRefused("to adjust needs a reason")
    found = _ADJUSTED.fullmatch(proposal.account or "")
    if found is None:
        raise ActRefused("an adjustment names an account and one of ours that bears it")
    sign, account, own = found.groups()
    client = _check_accounts(account, own)
    change = units if sign == "+" else -units
    inside = change if account in WALLETS else -change
    lines = (Line(account, currency.symbol, inside), Line(own, currency.symbol, -inside))
    subject = (
        Subject("currency", f"{currency.symbol}/adjustments", currency=currency.symbol)
        if client is None
        else adjustments_of(client, currency.symbol)
    )
    fields = {**_facts(currency, units), "account": str(proposal.account)}
    if client is not None:
        fields["client"] = client
    entry = NewEntry("adjust", lines)
    return Plan(
        act="adjust",
        subject=subject.id,
        history_hash=chronicle.last_hash(subject),
        says=f"{account} by {sign}{_text(currency, units)} against {own}",
        fields={**fields, "reason": proposal.reason},
        entry=entry,
        persons=2,
        carry_out=partial(_adjust, subject, entry),
    )


def adjustments_of(client: str, currency: str = "") -> Subject:
    """The chronicle of a client's adjustments, one for all currencies; `currency` stands in the
    row that is written."""
    return Subject("client", f"{client}/adjustments", client=client, currency=currency)


def _move(currency: Currency, subject: Subject, units: int, doing: Doing) -> None:
    """Open the transfer; the chronicle's row keeps the same signatures from counting again."""
    with Batch(doing.config, actor=doing.actor, now=doing.now, guard=doing.guard) as batch:
        payment = open_move(
            batch, currency, units=units, asked_by=doing.actor, evidence=doing.evidence
        )
        write = partial(chronicle.write, subject, "move", to="moved", actor=doing.actor)
        evidence = {**doing.evidence, "transfer": payment.id}
        batch.also(partial(write, reason=doing.reason, evidence=evidence, now=doing.now))
        batch.also(doing.also)


def _adjust(subject: Subject, entry: NewEntry, doing: Doing) -> None:
    with database.atomic():
        doing.guard()
        chronicle.write(
            subject,
            "adjust",
            to="adjusted",
            actor=doing.actor,
            reason=doing.reason,
            evidence=doing.evidence,
            now=doing.now,
            entry=entry,
        )
        doing.also()


def _check_hot(currency: Currency, units: int) -> None:
    """Raises ActRefused unless the hot wallet has them, beside what clients wait for."""
    chain = chains.state(currency.chain)
    if chain.state != "well":
        raise ActRefused(f"{currency.symbol} is paused: {chain.reason}")
    free = spare_units(currency) - waiting_units(currency.symbol)
    if units > free:
        raise ActRefused(
            f"the hot wallet can spare {_text(currency, max(free, 0))} now, less the network's fee"
        )


def _check_accounts(account: str, own: str) -> str | None:
    """The client that an adjustment is on, if it is on one. Raises ActRefused."""
    if own not in OWN:
        raise ActRefused(f"an adjustment is borne by {', '.join(OWN[:-1])} or {OWN[-1]}")
    if account in (*OWN, *WALLETS) and account != own:
        return None
    kind, _, name = account.partition(":")
    if kind == "client" and Client.get_or_none(Client.id == name) is not None:
        return name
    raise ActRefused(
        f"{account} cannot be adjusted: name a client, a wallet account or one of ours"
    )


def _currency(config: Config, proposal: Proposal) -> Currency:
    symbol = proposal.currency or ""
    if symbol not in config.currencies:
        raise CurrencyUnknown(f"no currency {symbol} is configured")
    return config.currencies[symbol]


def _units(proposal: Proposal) -> int:
    text = proposal.units or ""
    units = int(text) if text.isdecimal() else 0
    if units <= 0:
        raise ActRefused("the amount must be above zero")
    return units


def _facts(currency: Currency, units: int) -> dict[str, str]:
    facts = {"currency": currency.symbol, "network": currency.network, "units": str(units)}
    return facts if currency.token is None else {**facts, "token": currency.token}


def _text(currency: Currency, units: int) -> str:
    return f"{format_amount(units, currency.decimals)} {currency.symbol}"
