"""Families of chains by name. A node is reached from here and from nowhere else.

A family is one package with one entry, `open_chain(currency, node_url)`; it is imported when its
first chain is opened, so that a process without nodes never loads a node's client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from engine.chain import Chain
from engine.config import Currency


def _bitcoin(currency: Currency, node_url: str) -> Chain:
    from engine.families import bitcoin

    return bitcoin.open_chain(currency, node_url)


FAMILIES: Mapping[str, Callable[[Currency, str], Chain]] = MappingProxyType({"bitcoin": _bitcoin})


def open_chain(currency: Currency, node_url: str) -> Chain:
    """The chain of `currency` behind `node_url`; nothing is asked of the node yet.

    Raises NodeDown if the URL cannot be used, KeyError for a family that nobody wrote.
    """
    return FAMILIES[currency.family](currency, node_url)
