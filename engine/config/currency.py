"""A currency as the rest of the program sees it: table and coin data in one, amounts in units."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import rfc8785

from engine.coins import Coin, Network
from engine.config.confirmations import Tiers
from engine.config.currency_table import Batch, Cold, Keys, Sweep, Withdrawal
from engine.config.house import Rule
from engine.config.secrets import Secret
from engine.config.table import Table

DEVELOPMENT_CHAIN_IDS = frozenset({1337, 31337})
_FINGERPRINT_LENGTH = 16
_DUST_BYTES = 183  # an output of the oldest form and the input that spends it, rounded up


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """One currency. Every amount is in units, every age in seconds where no type says otherwise.

    `chain` is the symbol of the currency whose node and cursor it follows: its own unless it is a
    token; `tokens` are those that follow it. `node`, `witness` and the values in `keys` are there
    for the roles engine and check only.
    """

    symbol: str
    name: str
    coin: Coin
    family: str
    network: str
    parameters: Network
    chain: str
    chain_id: int | None
    token: str | None
    decimals: int
    sandbox: bool
    node: Secret | None
    witness: Secret | None
    keys: Keys | None
    poll: float  # seconds
    confirmations: Tiers
    finality: int
    finality_tag: Literal["finalized"] | None
    tip_max_age: int | None
    min_peers: int
    address_pool: int
    deposit_minimum: int
    below_minimum: Literal["suspense", "accumulate"]
    request_ttl: timedelta
    withdrawal: Withdrawal
    sweep: Sweep | None
    cold: Cold | None
    batch: Batch
    top_up_from: tuple[str, ...] | None
    book_above: int | None
    limits: tuple[Rule, ...] = ()
    tokens: tuple[Currency, ...] = ()
    rule_version: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule_version", fingerprint(self.rules()))

    @property
    def is_token(self) -> bool:
        return self.token is not None

    @property
    def one_address(self) -> bool:
        """Whether a client keeps one address for ever, for the coin and the tokens of its chain."""
        return self.family == "evm"

    @property
    def main(self) -> bool:
        """Whether its coins are worth something: neither a sandbox nor a public test network."""
        return not self.sandbox and self.network == "main"

    @property
    def least_withdrawal(self) -> int:
        """The smallest withdrawal in units: the configured one, and never so little that nodes
        would not relay it."""
        dust = _DUST_BYTES * self.coin.dust_rate // 1000
        return max(1, self.withdrawal.minimum, dust)

    def rules(self) -> dict[str, object]:
        """The rules in force as JSON values, units as strings. No secret is among them."""
        return {
            "currency": self.symbol,
            "network": self.network,
            "chain_id": self.chain_id,
            "token": self.token,
            "decimals": self.decimals,
            "confirmations": self.confirmations.rule(),
            "finality": self.finality_tag or self.finality,
            "deposit_minimum": str(self.deposit_minimum),
            "below_minimum": self.below_minimum,
            "request_ttl": int(self.request_ttl.total_seconds()),
            "withdrawal": _plain(self.withdrawal),
            "cold": self.cold and _plain(self.cold),
            "top_up_from": None if self.top_up_from is None else list(self.top_up_from),
            "book_above": None if self.book_above is None else str(self.book_above),
            "rules": [_plain(rule) for rule in self.limits],
        }


def fingerprint(rules: dict[str, object]) -> str:
    """The first 16 hex digits of the SHA-256 over the canonical JSON of `rules`."""
    canonical = rfc8785.dumps(rules)  # type: ignore[arg-type]  # checked by itself when it dumps
    return hashlib.sha256(canonical).hexdigest()[:_FINGERPRINT_LENGTH]


def _plain(table: Table) -> dict[str, object]:
    """A table without its empty keys; numbers as text, because units pass what JSON holds."""
    return {key: _plain_value(value) for key, value in table.model_dump(exclude_none=True).items()}


def _plain_value(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return str(value)
