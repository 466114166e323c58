"""Transfer logs of ERC-20 tokens, and what they really brought: the balance before a block and
after it, at two block hashes. A log alone is only what a contract says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
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


def transfers(
    node: Transport, blocks: Sequence[Block], ours: Container[str]
) -> list[list[Transfer]]:
    """The Transfer logs of each block, asked for by its hash, that came to addresses of ours or
    left them; all blocks in one request. Raises OddValue, NodeDown when the node does not have one
    of the blocks any more."""
    return _asked(node, [(each, {}) for each in blocks], lambda row: _names(row, ours))


def transfers_of(node: Transport, asked: Sequence[tuple[Block, str]]) -> list[list[Transfer]]:
    """All of one contract in each block."""
    by_contract = [(block, {"address": contract}) for block, contract in asked]
    return _asked(node, by_contract, lambda _row: True)


def _asked(
    node: Transport,
    asked: Sequence[tuple[Block, Mapping[str, str]]],
    is_wanted: Callable[[Mapping[str, Any]], bool],
) -> list[list[Transfer]]:
    calls = [
        ("eth_getLogs", ({"blockHash": block.hash, "topics": [TRANSFER], **narrower},))
        for block, narrower in asked
    ]
    found = []
    for (block, _), reply in zip(asked, node.batch(calls), strict=True):
        if isinstance(reply, NodeRefused):
            raise NodeDown("the node gives no logs of a block", detail=reply.detail)
        wanted = (row for row in _of_block(list_of(reply), block) if is_wanted(row))
        found.append([each for row in wanted if (each := transfer_in(row)) is not None])
    return found


def _of_block(rows: Iterable[object], block: Block) -> Iterator[Mapping[str, Any]]:
    for each in rows:
        row = table_of(each)
        if row.get("blockHash") != block.hash or row.get("removed") is True:
            raise OddValue("a log is of another block")
        yield row


def _names(row: Mapping[str, Any], ours: Container[str]) -> bool:
    """Whether an address of ours stands where a transfer has its two ends: a quick look, because
    nearly all logs of a block are between others."""
    ends = list_of(row.get("topics"))[1:TOPICS]
    return any(isinstance(end, str) and f"0x{end[-40:].lower()}" in ours for end in ends)


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
    where it shrank. Raises NodeDown."""
    (found,) = growths(node, [(block, holdings)])
    return found


def growths(
    node: Transport, asked: Sequence[tuple[Block, Sequence[Holding]]]
) -> list[dict[Holding, int | None]]:
    """The same of several blocks at once."""
    pairs = [(block, each) for block, holdings in asked for each in holdings]
    told = node.batch(
        [balance_call(each, at) for block, each in pairs for at in (block.parent, block.hash)]
    )
    balances = iter([_balance(reply) for reply in told])
    found = []
    for _, holdings in asked:
        both = ((each, next(balances), next(balances)) for each in holdings)
        found.append({each: _grown(before, after) for each, before, after in both})
    return found


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


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
