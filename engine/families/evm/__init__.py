"""The EVM family: nodes that speak Ethereum's JSON-RPC (ETH, every EVM chain, ERC-20 tokens)."""

from __future__ import annotations

from collections.abc import Sequence

from engine.config import Currency
from engine.families.evm.chain import EvmChain
from engine.families.evm.transport import TIMEOUT_S, Transport
from engine.ours import NothingYet, Ours


def open_chain(
    currency: Currency,
    node_url: str,
    *,
    tokens: Sequence[Currency] = (),
    ours: Ours | None = None,
    timeout_s: int = TIMEOUT_S,
) -> EvmChain:
    """The chain of `currency` and of the `tokens` on it behind `node_url`; nothing is asked of the
    node yet. `timeout_s` bounds each request as a whole. Raises NodeDown if the URL cannot be used.
    """
    transport = Transport(node_url, timeout_s=timeout_s)
    return EvmChain(currency, tokens, transport, NothingYet() if ours is None else ours)


__all__ = ["EvmChain", "open_chain"]
