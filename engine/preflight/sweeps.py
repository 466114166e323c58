"""Checks of what sweeping deposit addresses would cost today, and who would pay it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

from engine import ledger
from engine.config import Currency
from engine.errors import NodeError
from engine.families import open_followed
from engine.money import format_amount
from engine.ours import NothingYet
from engine.preflight.finding import Finding
from engine.sender.by_nonce.offers import PLAIN_GAS
from engine.sending import Payer, Rates
from engine.sweeps.demand import TOKEN_GAS
from engine.sweeps.opener import fee_max

_WORTH_TIMES = 3


def check_sweeps(ground: Currency, *, with_database: bool) -> Iterator[Finding]:
    """Every check of the sweeps of a chain's coin and its tokens. Says nothing about a node that
    does not answer: others do. `with_database`: the caller is connected."""
    if ground.family != "evm" or ground.node is None:
        return
    try:
        with closing(open_followed(ground, ground.node.reveal(), ours=NothingYet())) as node:
            rates = node.rates() if isinstance(node, Payer) else None
    except NodeError:
        return
    if rates is None:
        return
    for currency in (ground, *ground.tokens):
        yield from judge_price(currency, ground, rates)
    if with_database:
        yield _judge_own_funds(ground, rates)


def cost(currency: Currency, rates: Rates) -> int:
    """The most that sweeping one address may cost now, with the top-up that a token needs, in units
    of the chain's coin."""
    gas = PLAIN_GAS + TOKEN_GAS if currency.is_token else PLAIN_GAS
    return gas * (2 * rates.base + rates.tip)


def judge_price(currency: Currency, ground: Currency, rates: Rates) -> Iterator[Finding]:
    """Whether today's price lets this currency be swept, and a small deposit be worth it."""
    said = partial(format_amount, decimals=ground.decimals)
    most, cap = cost(currency, rates), fee_max(currency, ground)
    what = f"one may cost {said(most)} {ground.symbol} today"
    ok = cap is None or most <= cap
    if cap is not None:
        what += f", and {said(cap)} is allowed" if ok else f", more than fee_max of {said(cap)}"
    yield _found(currency, "sweep", "sweep", what, "" if ok else "raise fee_max, or wait")
    if currency.is_token or not currency.main:
        return
    least = _WORTH_TIMES * most
    given = format_amount(currency.deposit_minimum, currency.decimals)
    dear = currency.deposit_minimum < least
    what = f"{given} is less than thrice what sweeping it may cost" if dear else given
    cure = f"at least {said(least)}" if dear else ""
    yield _found(currency, "deposit minimum", "deposit_minimum", what, cure)


def _judge_own_funds(ground: Currency, rates: Rates) -> Finding:
    """No client's money pays the network: without funds of its own the house sweeps nothing. That
    is no fault as long as there is nothing to sweep."""
    own = ledger.own_funds(ground.symbol)
    most = max(cost(each, rates) for each in (ground, *ground.tokens))
    waits = any(
        ledger.balance(ledger.WALLET_DEPOSITS, each.symbol) for each in (ground, *ground.tokens)
    )
    what = f"the house has {format_amount(max(0, own), ground.decimals)} {ground.symbol} of its own"
    short = own < most
    if short:
        what += " for the network, and a sweep may cost "
        what += f"{format_amount(most, ground.decimals)}: nothing is swept"
    cure = "send some to the hot address (cashier status) and book them to house"
    return _found(ground, "own funds", "top_up_from", what, cure if short and waits else "")


def _found(currency: Currency, check: str, key: str, what: str, cure: str) -> Finding:
    return Finding(
        check=check,
        ok=not cure,
        what=what,
        cure=cure,
        currency=currency.symbol,
        key=f"currency.{currency.symbol}.{key}",
    )
