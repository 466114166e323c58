"""The Bitcoin family: nodes that speak Bitcoin's JSON-RPC (BTC, LTC, BCH, DOGE and kin)."""

from __future__ import annotations

from engine.config import Currency
from engine.families.bitcoin.chain import BitcoinChain
from engine.families.bitcoin.transport import TIMEOUT_S, Transport


def open_chain(currency: Currency, node_url: str, *, timeout_s: int = TIMEOUT_S) -> BitcoinChain:
    """The chain of `currency` behind `node_url`; nothing is asked of the node yet.

    `node_url` is `http://user:password@host:port/wallet/name`, user and password percent-encoded.
    `timeout_s` bounds each call as a whole. Raises NodeDown if the URL cannot be used.
    """
    return BitcoinChain(currency, Transport(node_url, timeout_s=timeout_s))


__all__ = ["BitcoinChain", "open_chain"]
