"""Checks of one currency: its node and witness, asked now, and what is ready for clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

from db.models import Address
from db.models import Chain as ChainRow
from engine import address_pool
from engine.chain import Expectation, Identity, NewAddress
from engine.config import Currency
from engine.errors import NodeError
from engine.families import open_chain, open_followed
from engine.moves.addresses import cold_address
from engine.preflight.calls import check_calls
from engine.preflight.evm import check_answers, check_keys, check_sends, check_tokens
from engine.preflight.finding import Finding
from engine.preflight.limits import check_limits
from engine.preflight.node import NodeCheck, open_alone, open_node
from engine.preflight.sweeps import check_sweeps

NOTHING_KNOWN = Expectation(genesis=None, fork=None, address=None, height=-1)


def check_currency(currency: Currency, *, now: datetime, with_database: bool) -> Iterator[Finding]:
    """Every check of one currency. A token stands on the node of its chain.

    Without a database (`connected` is the caller's) nothing is compared with what we remember.
    """
    if not currency.is_token:
        ours = _newest_address(currency.chain) if with_database else None
        expected = _expectation(currency, ours) if with_database else NOTHING_KNOWN
        opener = open_node if with_database else open_alone
        yield from NodeCheck(currency, expected, now, opener).everything(ours)
        yield from check_calls(currency)
        yield from _check_witness(currency)
        yield from _check_cold(currency)
        yield from check_answers(currency)
        yield from check_sends(currency)
        yield from check_tokens(currency)
        yield from check_sweeps(currency, with_database=with_database)
        if with_database:
            yield from check_keys(currency)
            yield _check_pool(currency)
    yield from check_limits(currency)


def check_node(currency: Currency, *, now: datetime, with_database: bool) -> list[Finding]:
    """What is wrong with a currency's node alone: for a start that should say so at once."""
    ours = _newest_address(currency.chain) if with_database else None
    expected = _expectation(currency, ours) if with_database else NOTHING_KNOWN
    opener = open_node if with_database else open_alone
    return [found for found in NodeCheck(currency, expected, now, opener).health() if not found.ok]


def _newest_address(chain: str) -> NewAddress | None:
    ours = (Address.chain == chain) & (Address.purpose != "cold")
    row = Address.select().where(ours).order_by(Address.id.desc()).first()
    return None if row is None else NewAddress(str(row.address), str(row.script))


def _expectation(currency: Currency, ours: NewAddress | None) -> Expectation:
    row = ChainRow.get_or_none(ChainRow.symbol == currency.chain)
    if row is None:
        return NOTHING_KNOWN
    address = None if ours is None else ours.address
    return Expectation(row.genesis, row.fork, address, int(row.height))


def _check_witness(currency: Currency) -> Iterator[Finding]:
    """A second node must follow the same chain as the first."""
    if currency.witness is None or currency.node is None:
        return
    try:
        first, second = (
            _identity(currency, node.reveal()) for node in (currency.node, currency.witness)
        )
    except NodeError as error:
        what, cure = str(error), "correct the witness, or remove it until it is up"
    else:
        if first == second:
            what = "it follows the same chain"
            yield Finding(check="witness", ok=True, what=what, currency=currency.symbol)
            return
        what, cure = "it follows another chain than the node", "name a node of the same network"
    key = f"currency.{currency.symbol}.witness"
    yield Finding(
        check="witness", ok=False, what=what, cure=cure, currency=currency.symbol, key=key
    )


def _check_cold(currency: Currency) -> Iterator[Finding]:
    """The node's wallet must watch the cold address, or its coins would be out of every sum."""
    address = cold_address(currency)
    if address is None or currency.node is None:
        return
    if currency.family == "evm":
        return  # any address's balance can be asked of such a node
    try:
        with closing(open_chain(currency, currency.node.reveal())) as chain:
            watched, hint = chain.owns(address), chain.watch_hint(address)
    except NodeError as error:
        watched, hint = False, f"make the node answer first: {error}"
    how, hint = (hint, "") if watched else ("not watched by the wallet of the node", hint)
    what = f"{address} is {how}"
    key = f"currency.{currency.symbol}.cold.address"
    yield Finding(
        check="cold address", ok=watched, what=what, cure=hint, currency=currency.symbol, key=key
    )


def _identity(currency: Currency, node_url: str) -> Identity:
    with closing(open_followed(currency, node_url)) as chain:
        return chain.identity()


def _check_pool(currency: Currency) -> Finding:
    """An empty pool is no fault before the engine's first round, which fills it."""
    ready, wanted = address_pool.unused_count(currency.chain), currency.address_pool
    row = ChainRow.get_or_none(ChainRow.symbol == currency.chain)
    begun = row is not None and row.beat_at is not None
    what = f"{ready} of {wanted} unused addresses are ready"
    return Finding(
        check="address pool",
        ok=ready > 0 or not begun,
        what=what if begun else f"{what}; the engine makes them when it first runs",
        cure="" if ready > 0 or not begun else "start the engine, and see its log",
        currency=currency.symbol,
        key=f"currency.{currency.symbol}.address_pool",
    )
