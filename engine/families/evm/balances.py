"""How much addresses hold after one block, asked by its hash so that no two branches are mixed."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import NodeRefused
from engine.families.evm.transfers import balance_call
from engine.families.evm.transport import Call, Transport
from engine.families.evm.values import OddValue, quantity_of, word_of


def balances(
    node: Transport, asked: Sequence[tuple[str | None, str]], *, at: str
) -> list[int | None]:
    """Units of each (contract, address), None for the coin itself in place of a contract; None
    where the node or the contract does not say. Raises NodeDown."""
    replies = node.batch([_call(contract, address, at) for contract, address in asked])
    return [_units(reply, contract) for reply, (contract, _) in zip(replies, asked, strict=True)]


def _call(contract: str | None, address: str, at: str) -> Call:
    if contract is None:
        return "eth_getBalance", (address, {"blockHash": at})
    return balance_call((contract, address.lower()), at)


def _units(reply: object, contract: str | None) -> int | None:
    if isinstance(reply, NodeRefused):
        return None
    try:
        return quantity_of(reply) if contract is None else word_of(reply)
    except OddValue:
        return None
