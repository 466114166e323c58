"""The shape of what is known of a coin: one `Coin` for all its networks, one `Network` for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

COINBASE_MATURITY = 100
DUST_RATE = 3_000  # units per 1,000 bytes, the relay rule since Bitcoin Core 0.15


@dataclass(frozen=True, slots=True)
class Network:
    """One network of a coin: how its chain is told from others, and what its addresses look like.

    `genesis` are the block-0 hashes that a node may show; empty means that none is known and the
    first contact decides. Where two chains share block 0, `fork_height` is the first block that
    tells them apart and `fork_hash` its hash, None where it is not known for certain.
    """

    genesis: tuple[str, ...] = ()
    fork_height: int | None = None
    fork_hash: str | None = None
    bech32_hrp: str | None = None
    base58_pubkey: tuple[int, ...] = ()
    base58_script: tuple[int, ...] = ()
    cashaddr_prefix: str | None = None
    maturity: int = COINBASE_MATURITY


@dataclass(frozen=True, slots=True)
class Coin:
    """What holds on every network of a coin, and the defaults of a currency of it.

    `tip_max_age_s` is how old the newest block may be before the node counts as stuck, and
    `block_s` the usual time between blocks, for words such as "usually about 8 minutes".
    `dust_rate` is what its nodes take for the cost of spending an output, in units per 1,000 bytes:
    outputs worth less are not relayed.
    """

    symbol: str
    name: str
    family: str
    decimals: int
    uri_scheme: str
    confirmations: int
    tip_max_age_s: int
    block_s: int
    dust_rate: int = DUST_RATE
    networks: Mapping[str, Network] = field(default_factory=dict)
