"""Checks of what only chains of the EVM family have: keys of our own, and tokens."""

from __future__ import annotations

from collections.abc import Iterator

from db.models import Address
from engine.config import Currency
from engine.errors import NodeError
from engine.preflight.finding import Finding


def check_keys(currency: Currency) -> Iterator[Finding]:
    """Every stored address must be one that the configured keys make. Needs a connection."""
    if currency.family != "evm" or currency.is_token:
        return
    from engine.families.evm.preflight import foreign_addresses

    rows = Address.select(Address.address, Address.script).where(
        (Address.chain == currency.symbol) & (Address.purpose != "cold")
    )
    known = [(str(row.address), str(row.script)) for row in rows]
    cure = "give the keys with which this installation began: coins at these addresses need them"
    try:
        foreign = foreign_addresses(currency, known)
        what = f"they make all {len(known)} addresses that are stored"
        if foreign:
            what = (
                f"they do not make {len(foreign)} of {len(known)} addresses, such as {foreign[0]}"
            )
        ok = not foreign
    except NodeError as error:
        ok, what, cure = False, str(error), "correct them"
    yield _found(currency, "keys", "keys", what, ok=ok, cure=cure)


def check_answers(currency: Currency) -> Iterator[Finding]:
    """Whether the node tells all that following and paying need. A node that is down is another
    check's finding."""
    if currency.family != "evm" or currency.is_token or currency.node is None:
        return
    from engine.families.evm.preflight import answers_of

    try:
        told = answers_of(currency, currency.node.reveal())
    except NodeError:
        return
    what = "it tells all that is needed"
    if told.missing:
        what = f"it does not tell: {', '.join(told.missing)}"
    elif not told.traces:
        what += "; what contracts pay on is seen by balances only, because it does not trace"
    cure = "see docs/nodes.md, what an EVM node must keep"
    yield _found(currency, "answers", "node", what, ok=not told.missing, cure=cure)


def check_sends(currency: Currency) -> Iterator[Finding]:
    """Whether the node takes chain txs of ours: many that only tell do not. Asked with bytes that
    are no chain tx. A node that is down is another check's finding."""
    if currency.family != "evm" or currency.is_token or currency.node is None:
        return
    from engine.families.evm.preflight import takes_sends_at

    try:
        takes = takes_sends_at(currency.node.reveal())
    except NodeError:
        return
    what = "it takes chain txs" if takes else "it takes no chain txs: nothing is paid or swept"
    cure = (
        "allow eth_sendRawTransaction at the node, or at what stands before it; see docs/nodes.md"
    )
    yield _found(currency, "sending", "node", what, ok=takes, cure=cure)


def check_tokens(currency: Currency) -> Iterator[Finding]:
    """What the contract of each token says, asked of the node of its chain."""
    if not currency.tokens or currency.node is None:
        return
    from engine.families.evm.preflight import tokens_told

    try:
        told = tokens_told(currency, currency.node.reveal(), currency.tokens)
    except NodeError as error:
        yield _found(
            currency, "tokens", "node", str(error), ok=False, cure="make the node answer first"
        )
        return
    for token, words in told:
        if not words.exists:
            what, ok, key = f"there is no contract at {token.token}", False, "token"
        elif words.decimals is None:
            what, ok, key = "its contract does not say its decimals: compare them", True, "token"
        else:
            ok, key = words.decimals == token.decimals, "decimals"
            what = f"its contract calls itself {words.symbol!r} and has {words.decimals} decimals"
        cure = "take both from the page of whoever issued the token"
        yield _found(token, "token", key, what, ok=ok, cure=cure)


def _found(currency: Currency, check: str, key: str, what: str, *, ok: bool, cure: str) -> Finding:
    return Finding(
        check=check,
        ok=ok,
        what=what,
        cure="" if ok else cure,
        currency=currency.symbol,
        key=f"currency.{currency.symbol}.{key}",
    )
