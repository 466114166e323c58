"""The EVM family: nodes that speak Ethereum's JSON-RPC (ETH, every EVM chain, ERC-20 tokens).

web3 and what is under it take a second to load: they are, when the first chain is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import Currency
from engine.ours import NothingYet, Ours

if TYPE_CHECKING:
    from engine.families.evm.chain import EvmChain
    from engine.families.evm.transport import Transport

EMBEDDED = "embedded"  # before the folder of a chain that needs no node
TIMEOUT_S = 30


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
    from engine.families.evm.chain import EvmChain

    transport = open_transport(node_url, timeout_s=timeout_s)
    return EvmChain(currency, tokens, transport, NothingYet() if ours is None else ours)


def open_transport(node_url: str, *, timeout_s: int = TIMEOUT_S) -> Transport:
    """Calls to the node of `open_chain`, for who needs no chain."""
    from engine.families.evm.transport import Transport

    kind, _, folder = node_url.partition(":")
    if kind != EMBEDDED:
        return Transport(node_url, timeout_s=timeout_s)
    # py-evm is loaded only where there is no node.
    from engine.families.evm.embedded.transport import EmbeddedTransport

    return EmbeddedTransport(Path(folder), timeout_s=timeout_s)


__all__ = ["open_chain", "open_transport"]
