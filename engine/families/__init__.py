"""Families of chains by name. A node is reached from here and from nowhere else.

A family is one package with one entry, `open_chain`; it is imported when its first chain is
opened, so that a process without nodes never loads a node's client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from engine.chain import Chain, Followed
from engine.config import Currency
from engine.ours import Ours, StoredOurs

Opened = Callable[[Currency, str, Ours], Followed]


def _bitcoin(currency: Currency, node_url: str, _ours: Ours) -> Followed:
    from engine.families import bitcoin

    return bitcoin.open_chain(currency, node_url)


def _evm(currency: Currency, node_url: str, ours: Ours) -> Followed:
    from engine.families import evm

    return evm.open_chain(currency, node_url, tokens=currency.tokens, ours=ours)


FAMILIES: Mapping[str, Opened] = MappingProxyType({"bitcoin": _bitcoin, "evm": _evm})


def open_followed(currency: Currency, node_url: str, *, ours: Ours | None = None) -> Followed:
    """The chain of `currency` behind `node_url`; nothing is asked of the node yet. What is ours on
    it is in the database, unless `ours` says otherwise.

    Raises NodeDown if the URL cannot be used, KeyError for a family that nobody wrote.
    """
    known = StoredOurs(currency.chain) if ours is None else ours
    return FAMILIES[currency.family](currency, node_url, known)


def open_chain(currency: Currency, node_url: str) -> Chain:
    """The same for a family whose nodes keep a wallet."""
    chain = open_followed(currency, node_url)
    assert isinstance(chain, Chain)
    return chain
