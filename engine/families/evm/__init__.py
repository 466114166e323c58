"""The EVM family: nodes that speak Ethereum's JSON-RPC (ETH, every EVM chain, ERC-20 tokens)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from engine.config import Currency
from engine.families.evm.chain import EvmChain
from engine.families.evm.transport import TIMEOUT_S, Transport
from engine.ours import NothingYet, Ours

EMBEDDED = "embedded"  # before the folder of a chain that needs no node

# A library under eth-account raises the limit to 100,000 for its own sake. With that, a reply that
# is nested deeply enough overflows the stack, which ends the process, and raises no RecursionError.
RECURSION_MAX = 10_000
sys.setrecursionlimit(min(sys.getrecursionlimit(), RECURSION_MAX))


def open_chain(
    currency: Currency,
    node_url: str,
    *,
    tokens: Sequence[Currency] = (),
    ours: Ours | None = None,
    timeout_s: int = TIMEOUT_S,
) -> EvmChain:
    """The chain of `currency` and of the `tokens` on it behind `node_url`, or, for
    `embedded:FOLDER`, the one that is kept there; nothing is asked of the node yet. `timeout_s`
    bounds each request as a whole. Raises NodeDown if the URL cannot be used.
    """
    transport = open_transport(node_url, timeout_s=timeout_s)
    return EvmChain(currency, tokens, transport, NothingYet() if ours is None else ours)


def open_transport(node_url: str, *, timeout_s: int = TIMEOUT_S) -> Transport:
    """Calls to the node of `open_chain`, for who needs no chain."""
    kind, _, folder = node_url.partition(":")
    if kind != EMBEDDED:
        return Transport(node_url, timeout_s=timeout_s)
    # py-evm is loaded only where there is no node.
    from engine.families.evm.embedded.transport import EmbeddedTransport

    return EmbeddedTransport(Path(folder), timeout_s=timeout_s)


__all__ = ["EvmChain", "open_chain", "open_transport"]
