"""Whether the node may be believed: chain, keys, progress, age, peers, each asked for itself.

The first reason found is the one shown, gravest first. Sentences are for staff and clients alike:
they name no host and no key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.chain import Block, Expectation, Health, Trust
from engine.config import Currency
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.blocks import LATEST, block_of
from engine.families.evm.transport import UNKNOWN_METHOD, Transport
from engine.families.evm.values import OddValue, quantity_of

_QUESTIONS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("eth_chainId", ()),
    ("eth_getBlockByNumber", (LATEST, False)),
    ("eth_getBlockByNumber", ("0x0", False)),
    ("eth_syncing", ()),
    ("net_peerCount", ()),
    ("web3_clientVersion", ()),
)
_MAY_BE_UNKNOWN = frozenset({"net_peerCount", "web3_clientVersion", "eth_syncing"})

Verdict = tuple[Trust, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the node said of itself. `syncing` is None for a node that is not; `owns` is None where
    there is no address to try our keys on yet."""

    chain_id: int
    tip: Block
    genesis: str
    syncing: Any
    peers: int | None
    version: str
    owns: bool | None


def ask(node: Transport, owns: bool | None) -> Figures:  # noqa: FBT001 - the answer of the keys
    """Every figure in one request. Raises OddValue, NodeDown."""
    replies = dict(enumerate(node.batch(_QUESTIONS)))
    for at, (method, _) in enumerate(_QUESTIONS):
        reply = replies[at]
        if isinstance(reply, NodeRefused):
            if reply.rpc_code != UNKNOWN_METHOD or method not in _MAY_BE_UNKNOWN:
                raise NodeDown(str(reply), detail=reply.detail)
            replies[at] = None
    chain_id, tip, first, syncing, peers, version = (replies[at] for at in range(len(_QUESTIONS)))
    if tip is None or first is None:
        raise OddValue("no newest or no first block")
    return Figures(
        quantity_of(chain_id),
        block_of(tip),
        block_of(first).hash,
        None if syncing is False else syncing,
        None if peers is None else quantity_of(peers),
        str(version or "")[:80],
        owns,
    )


def judge(currency: Currency, figures: Figures, expected: Expectation, *, now_s: int) -> Health:
    """The node's health by `figures`, asked at `now_s` unix seconds."""
    trust, reason = next(_verdicts(currency, figures, expected, now_s), (Trust.FULL, ""))
    return Health(
        trust,
        reason,
        tip=figures.tip,
        peers=figures.peers,
        version=figures.version,
        facts={
            "chain_id": str(figures.chain_id),
            "blocks": str(figures.tip.height),
            "syncing": "no" if figures.syncing is None else "yes",
        },
    )


def _verdicts(
    currency: Currency, figures: Figures, expected: Expectation, now_s: int
) -> Iterator[Verdict]:
    if currency.chain_id is not None and figures.chain_id != currency.chain_id:
        said = f"the node's chain id is {figures.chain_id}, not {currency.chain_id}"
        yield Trust.NONE, f"another network: {said}"
    if expected.genesis is not None and figures.genesis != expected.genesis:
        yield Trust.NONE, "another network: the node's first block is not the one that we remember"
    if figures.owns is False:
        yield Trust.NONE, "another wallet: the keys do not make an address that we gave out"
    if figures.syncing is not None:
        yield Trust.SHOW, f"catching up: block {figures.tip.height}{_goal(figures.syncing)}"
    if figures.tip.height < expected.height:
        was = f"block {figures.tip.height}, it was at block {expected.height}"
        yield Trust.SHOW, f"behind what it showed before: {was}"
    age_s = now_s - figures.tip.time
    if currency.tip_max_age is not None and age_s > currency.tip_max_age:
        yield Trust.SHOW, f"its newest block is {age_s // 60} minutes old"
    # A provider that does not tell its peers is judged by the age of its newest block.
    if figures.peers is not None and figures.peers < currency.min_peers:
        yield Trust.SHOW, f"too few peers: {figures.peers} of {currency.min_peers}"


def _goal(syncing: object) -> str:
    try:
        return f" of {quantity_of(syncing['highestBlock'])}" if isinstance(syncing, dict) else ""
    except (KeyError, OddValue):
        return ""
