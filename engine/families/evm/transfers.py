"""Transfer logs of ERC-20 tokens, and what they really brought: the balance before a block and
after it, at two block hashes. A log alone is only what a contract says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from engine.chain import Block
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.transport import Transport
from engine.families.evm.values import (
    OddValue,
    address_of,
    data_of,
    hash_of,
    list_of,
    quantity_of,
    table_of,
    word_of,
)

TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
BALANCE_OF = "0x" + keccak(text="balanceOf(address)").hex()[:8]
TOPICS = 3  # with four it is the transfer of a single thing, not of an amount
WORD_BYTES = 32


@dataclass(frozen=True, slots=True)
class Transfer:
    """One Transfer log. `place` is its number within the block; addresses in lower case."""

    txid: str
    place: int
    contract: str
    sender: str
    to: str
    units: int


@dataclass(frozen=True, slots=True)
class Brought:
    """What a log brought: `units` are None where the balance is not known. `proved`: all logs of
    its block to this address brought what they say."""

    units: int | None
    proved: bool


Holding = tuple[str, str]
"""A contract and an address of ours, both in lower case."""


def transfers(node: Transport, blocks: Sequence[Block]) -> list[list[Transfer]]:
    """The Transfer logs of each block, asked for by its hash, in one request. Raises OddValue,
    NodeDown when the node does not have one of the blocks any more."""
    return _asked(node, [(each, {}) for each in blocks])


def transfers_of(node: Transport, asked: Sequence[tuple[Block, str]]) -> list[list[Transfer]]:
    """The same of one contract in each block."""
    return _asked(node, [(block, {"address": contract}) for block, contract in asked])


def _asked(
    node: Transport, asked: Sequence[tuple[Block, Mapping[str, str]]]
) -> list[list[Transfer]]:
    calls = [
        ("eth_getLogs", ({"blockHash": block.hash, "topics": [TRANSFER], **narrower},))
        for block, narrower in asked
    ]
    found = []
    for (block, _), reply in zip(asked, node.batch(calls), strict=True):
        if isinstance(reply, NodeRefused):
            raise NodeDown("the node gives no logs of a block", detail=reply.detail)
        found.append([each for row in list_of(reply) for each in _transfer(row, block)])
    return found


def _transfer(row: Any, block: Block) -> Iterable[Transfer]:
    """Nothing for a log that is no transfer of an amount."""
    if hash_of(table_of(row).get("blockHash")) != block.hash or row.get("removed") is True:
        raise OddValue("a log is of another block")
    found = transfer_in(row)
    return () if found is None else (found,)


def transfer_in(row: Mapping[str, Any]) -> Transfer | None:
    """The transfer in a log; None for a log of something else. Raises OddValue."""
    topics, data = list_of(row.get("topics")), data_of(row.get("data"))
    if len(topics) != TOPICS or len(data) != WORD_BYTES or topics[0] != TRANSFER:
        return None
    return Transfer(
        hash_of(row.get("transactionHash")),
        quantity_of(row.get("logIndex")),
        address_of(row.get("address")),
        _address_in(topics[1]),
        _address_in(topics[2]),
        int.from_bytes(data, "big"),
    )


def _address_in(topic: object) -> str:
    return f"0x{word_of(topic) & (1 << 160) - 1:040x}"


def balance_call(holding: Holding, block_hash: str) -> tuple[str, tuple[object, ...]]:
    """The question for a token balance at one block."""
    contract, address = holding
    data = BALANCE_OF + address[2:].rjust(64, "0")
    return "eth_call", ({"to": contract, "data": data}, {"blockHash": block_hash})


def growth(node: Transport, block: Block, holdings: Sequence[Holding]) -> dict[Holding, int | None]:
    """How much each balance grew in `block`; None where node or contract does not say. Negative
    where it shrank. Raises NodeDown when the block has left the chain meanwhile."""
    calls = [balance_call(each, at) for each in holdings for at in (block.parent, block.hash)]
    replies = node.batch(calls)
    found: dict[Holding, int | None] = {}
    for at, each in enumerate(holdings):
        before, after = (_balance(reply) for reply in replies[2 * at : 2 * at + 2])
        found[each] = None if before is None or after is None else after - before
    return found


def _balance(reply: object) -> int | None:
    if isinstance(reply, NodeRefused):
        return None
    try:
        return word_of(reply)
    except OddValue:
        return None  # a contract that answers with nothing or with more


def brought(
    block_transfers: Iterable[Transfer], grown: Mapping[Holding, int | None]
) -> dict[int, Brought]:
    """What each incoming log brought, by its place.

    Logs that bring together what the balance grew by are as good as their word. Where it grew by
    less, none is: the first ones are filled up, so that the sum is never more than what is there.
    """
    came: dict[Holding, list[Transfer]] = defaultdict(list)
    left: dict[Holding, int] = defaultdict(int)
    for each in block_transfers:
        if (each.contract, each.to) in grown:
            came[each.contract, each.to].append(each)
        if (each.contract, each.sender) in grown:
            left[each.contract, each.sender] += each.units
    found: dict[int, Brought] = {}
    for holding, logs in came.items():
        growth_units = grown[holding]
        if growth_units is None:
            found |= {each.place: Brought(None, proved=False) for each in logs}
            continue
        rest = max(0, growth_units + left[holding])
        proved = rest >= sum(each.units for each in logs)
        for each in logs:
            units = min(each.units, rest)
            found[each.place] = Brought(units, proved=proved)
            rest -= units
    return found
