"""Whether the node may be believed: network, wallet, progress, peers, each asked for itself.

The first reason found is the one shown, gravest first. Sentences are for staff and clients alike:
they name no host, wallet or path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.chain import Block, Expectation, Health, Identity, Trust
from engine.config import Currency
from engine.errors import NodeRefused
from engine.families.bitcoin.values import table_of

HEADERS_AHEAD_MAX = 3  # blocks that a well node may have heard of and not checked yet
SCANNING_FULL = 100

_FACTS_OF_CHAIN = (
    "chain",
    "blocks",
    "headers",
    "verificationprogress",
    "initialblockdownload",
    "pruned",
    "pruneheight",
)
_FACTS_OF_NETWORK = (
    "version",
    "subversion",
    "connections",
    "networkactive",
    "relayfee",
    "timeoffset",
)
_FACTS_OF_WALLET = (
    "walletname",
    "format",
    "descriptors",
    "private_keys_enabled",
    "txcount",
    "keypoolsize",
    "scanning",
    "unlocked_until",
)

Verdict = tuple[Trust, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the node said of itself. `wallet` is the reason why it has none, where it has none;
    `owns` is None where there is no address to ask for yet."""

    identity: Identity
    tip: Block
    chain: Mapping[str, Any]
    network: Mapping[str, Any]
    wallet: Mapping[str, Any] | str
    owns: bool | None


def judge(currency: Currency, figures: Figures, expected: Expectation, *, now_s: int) -> Health:
    """The node's health by `figures`, asked at `now_s` unix seconds."""
    trust, reason = next(_verdicts(currency, figures, expected, now_s), (Trust.FULL, ""))
    return Health(
        trust,
        reason,
        tip=figures.tip,
        peers=_peers(figures.network),
        version=str(figures.network.get("subversion", "")).strip("/")[:80],
        facts=_facts(figures),
    )


def _verdicts(
    currency: Currency, figures: Figures, expected: Expectation, now_s: int
) -> Iterator[Verdict]:
    yield from _other_network(currency, figures, expected)
    yield from _other_wallet(figures)
    yield from _behind(currency, figures, expected)
    yield from _stuck(currency, figures, now_s)


def _other_network(
    currency: Currency, figures: Figures, expected: Expectation
) -> Iterator[Verdict]:
    known, identity = currency.parameters, figures.identity
    wanted = f"{currency.coin.name} {currency.network}"
    name = str(figures.chain.get("chain", ""))
    if not _is_named(name, currency.network):
        yield Trust.NONE, f"another network: the node follows its {name[:20]!r} chain, not {wanted}"
    if known.genesis and identity.genesis not in known.genesis:
        yield Trust.NONE, f"another network: the node's first block is not that of {wanted}"
    if expected.genesis is not None and identity.genesis != expected.genesis:
        yield Trust.NONE, "another network: the node's first block is not the one that we remember"
    if identity.fork is None:
        return
    if known.fork_hash is not None and identity.fork != known.fork_hash:
        yield Trust.NONE, f"another network: the node follows a chain that parted from {wanted}"
    if expected.fork is not None and identity.fork != expected.fork:
        yield Trust.NONE, "another network: the node's chain parted from the one that we remember"


def _is_named(name: str, network: str) -> bool:
    """Whether a node's name for its chain (`main`, `test`, `testnet4` …) is of this network."""
    return name.startswith("test") if network == "test" else name == network


def _other_wallet(figures: Figures) -> Iterator[Verdict]:
    if isinstance(figures.wallet, str):
        yield Trust.NONE, f"no wallet: {figures.wallet}"
    if figures.owns is False:
        yield Trust.NONE, "another wallet: it does not own an address that we gave out"


def _behind(currency: Currency, figures: Figures, expected: Expectation) -> Iterator[Verdict]:
    height, headers = figures.tip.height, figures.chain.get("headers")
    best = headers if isinstance(headers, int) else height
    # A development chain has no recent block until somebody mines one, and says so for ever.
    downloading = figures.chain.get("initialblockdownload") is True and not currency.sandbox
    if downloading or best > height + HEADERS_AHEAD_MAX:
        yield Trust.SHOW, f"catching up: block {height} of {max(best, height)}"
    if height < expected.height:
        was = expected.height
        yield Trust.SHOW, f"behind what it showed before: block {height}, it was at block {was}"
    scanning = None if isinstance(figures.wallet, str) else figures.wallet.get("scanning")
    if scanning:
        yield Trust.SHOW, f"its wallet is reading the chain again{_progress(scanning)}"


def _progress(scanning: object) -> str:
    progress = scanning.get("progress") if isinstance(scanning, dict) else None
    try:
        return "" if progress is None else f": {int(progress * SCANNING_FULL)} %"
    except (ArithmeticError, TypeError, ValueError):
        return ""


def _stuck(currency: Currency, figures: Figures, now_s: int) -> Iterator[Verdict]:
    age_s, age_max_s = now_s - figures.tip.time, currency.tip_max_age
    if age_max_s is not None and age_s > age_max_s:
        yield Trust.SHOW, f"its newest block is {age_s // 60} minutes old"
    if figures.network.get("networkactive") is False:
        yield Trust.SHOW, "its network is switched off"
    peers = _peers(figures.network)
    if currency.min_peers and (peers or 0) < currency.min_peers:
        yield Trust.SHOW, f"too few peers: {peers or 0} of {currency.min_peers}"


def _peers(network: Mapping[str, Any]) -> int | None:
    peers = network.get("connections")
    return peers if isinstance(peers, int) else None


def _facts(figures: Figures) -> dict[str, str]:
    """The raw figures, as text, for staff."""
    wallet = {} if isinstance(figures.wallet, str) else figures.wallet
    parts = (
        (figures.chain, _FACTS_OF_CHAIN),
        (figures.network, _FACTS_OF_NETWORK),
        (wallet, _FACTS_OF_WALLET),
    )
    facts = {key: str(part[key]) for part, keys in parts for key in keys if key in part}
    warnings = figures.network.get("warnings", "")
    lines = warnings if isinstance(warnings, list) else [warnings]
    text = "; ".join(str(line) for line in lines if line)
    return {**facts, "warnings": text} if text else facts


def wallet_or_why(ask: Callable[[], object]) -> Mapping[str, Any] | str:
    """The wallet's own figures, or why it has none. Raises OddValue, NodeDown."""
    try:
        return table_of(ask())
    except NodeRefused as error:
        return str(error)
