"""[currency.X] as it stands in the file. What is left out is filled in by `resolve`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from engine.config.confirmations import Confirmations
from engine.config.house import Symbol, holds_password
from engine.config.reading import Reading, Wrong
from engine.config.secrets import REFERENCE, Secret, secret_for
from engine.config.table import Rows, Table
from engine.config.values import (
    Amount,
    CoinAmount,
    Count,
    Decimals,
    Duration,
    Seconds,
    Share,
    Text,
    split_url,
)

EMBEDDED = "embedded"
EMBEDDED_CHAIN_ID = 31337
GAS_MAX = 100_000
_FINALITY_MAX = 100_000

Approvals = Annotated[int, Field(ge=1, le=9)]
Version = Annotated[int, Field(ge=0, le=255)]
Hrp = Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]
BlockHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _check_node(value: str, _reading: Reading) -> None:
    parts = split_url(value, "http", "https")
    if (parts.username is None) != (parts.password is None):
        raise Wrong("has a user without a password", "http://user:password@host:port/wallet/name")


NodeUrl = Annotated[
    Secret | None,
    secret_for(
        "engine",
        "check",
        confidential=holds_password,
        words=frozenset({EMBEDDED}),
        check=_check_node,
    ),
    WithJsonSchema(REFERENCE),
]
EngineSecret = Annotated[Secret | None, secret_for("engine", "check"), WithJsonSchema(REFERENCE)]


def _token(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise Wrong("must be a contract's address", "0x and 40 hex digits")
    return value


def _finality(value: Any) -> int | Literal["finalized"]:
    if value == "finalized":
        return "finalized"
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _FINALITY_MAX:
        raise Wrong(f"must be a whole number from 1 to {_FINALITY_MAX}", "such as 100")
    return value


Finality = Annotated[
    int | Literal["finalized"],
    PlainValidator(_finality),
    WithJsonSchema({"oneOf": [{"type": "integer", "minimum": 1}, {"const": "finalized"}]}),
]


class Withdrawal(Table):
    """`currency.X.withdrawal`: what a client may ask for, and what waits for a person. Units."""

    minimum: Amount = Field(default=0, description="Smallest withdrawal.")
    fee: Amount = Field(default=0, description="Added to the amount, for the service.")
    approve_above: Amount | None = Field(default=None, description="Larger ones wait for a person.")
    approvals_required: Approvals = Field(default=1, description="Persons who must approve.")
    daily_limit: Amount | None = Field(
        default=None, description="Most a client may withdraw in 24 rolling hours; refused beyond."
    )
    hold_new_address: bool = Field(
        default=False, description="Hold the first payment to an address."
    )
    total_hourly: Amount | None = Field(
        default=None, description="All clients, an hour; held beyond."
    )
    total_daily: Amount | None = Field(
        default=None, description="All clients, 24 hours; held beyond."
    )
    fee_max: CoinAmount | None = Field(
        default=None,
        description="Largest chain fee of one chain tx; a token's in its chain's coin.",
    )
    fee_max_share: Share | None = Field(
        default=None, description='Largest chain fee as a share of the amount, such as "0.05".'
    )
    fee_rate_max: Amount | None = Field(
        default=None,
        description="Bitcoin family: highest fee rate, in coins per 1,000 virtual bytes.",
    )
    gas_max: Count = Field(default=GAS_MAX, description="EVM: most gas of one send.")


class Sweep(Table):
    """`currency.X.sweep` (EVM): deposit addresses are emptied into the hot one. Units."""

    above: Amount = Field(description="Addresses that hold more than this are swept.")
    fee_max: CoinAmount | None = Field(
        default=None, description="... while a sweep costs at most this, in the chain's coin."
    )


class Cold(Table):
    """`currency.X.cold`: where what the hot wallet need not hold goes. Units."""

    address: Text = Field(description="A watched address of yours.")
    above: Amount | None = Field(
        default=None, description="Hot balance above which coins go there."
    )


class Batch(Table):
    """`currency.X.batch`: several withdrawals in one chain tx."""

    max: Annotated[int, Field(ge=1, le=500)] = Field(
        default=50, description="Most withdrawals in one."
    )
    every: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=30, description="Seconds to wait for more."
    )


class Keys(Table):
    """`currency.X.keys`: what signs. Read by the engine only."""

    mnemonic: EngineSecret = Field(default=None, description="EVM: BIP-39 words.")
    keystore: EngineSecret = Field(
        default=None, description="EVM: an encrypted keystore, file:PATH."
    )
    passphrase: EngineSecret = Field(
        default=None, description="Opens the keystore, or the node's encrypted wallet."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Keys:
        given = self.model_fields_set
        if not given:
            raise Wrong("is empty", 'such as { mnemonic = "env:CASHIER_ETH_MNEMONIC" }')
        if {"mnemonic", "keystore"} <= given:
            raise Wrong("has a mnemonic and a keystore", "keep one of them")
        if "keystore" in given and "passphrase" not in given:
            raise Wrong("has a keystore but no passphrase", 'add passphrase = "env:NAME"')
        return self


class CurrencyTable(Table):
    """One `[currency.X]` table."""

    coin: Symbol | None = Field(
        default=None, description="Which coin it is; default: the symbol X."
    )
    family: Literal["bitcoin", "evm"] | None = Field(
        default=None, description="bitcoin or evm; default: the coin's."
    )
    network: Literal["main", "test", "signet", "regtest"] | None = Field(
        default=None, description="Bitcoin family: checked against the node's genesis block."
    )
    chain_id: Annotated[int, Field(ge=1, le=2**53)] | None = Field(
        default=None, description="EVM: checked against the node's chain id."
    )
    chain: Symbol | None = Field(
        default=None, description="Token: the currency whose node it follows."
    )
    token: Annotated[str, PlainValidator(_token), WithJsonSchema({"type": "string"})] | None = (
        Field(default=None, description="Token: its contract's address.")
    )
    node: NodeUrl = Field(default=None, description="http://user:password@host:port/wallet/name.")
    witness: NodeUrl = Field(default=None, description="A second node that must agree.")

    name: Text | None = Field(default=None, description="Shown to clients; default: the coin's.")
    decimals: Decimals | None = Field(default=None, description="Default: the coin's.")
    uri_scheme: Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]{0,30}$")] | None = Field(
        default=None, description="Scheme of payment links; default: the coin's."
    )
    bech32_hrp: Hrp | None = Field(default=None, description="Prefix of bech32 addresses.")
    base58_pubkey: Rows[Version] | None = Field(
        default=None, description="Versions of base58 addresses."
    )
    base58_script: Rows[Version] | None = Field(
        default=None, description="... of script addresses."
    )
    cashaddr_prefix: Hrp | None = Field(default=None, description="Prefix of cashaddr addresses.")
    genesis: BlockHash | None = Field(default=None, description="Hash of block 0.")
    block_time: Count | None = Field(default=None, description="Usual seconds between blocks.")

    poll: Seconds = Field(default=2, description="Seconds between rounds.")
    confirmations: Confirmations | None = Field(
        default=None,
        description='A number, tiers [[1, "1"], [3, "10"], [6]], or (EVM) "finalized".',
    )
    finality: Finality | None = Field(
        default=None, description="Depth at which a payment is frozen; EVM also: the node's tag."
    )
    tip_max_age: Annotated[int, Field(ge=0, le=31_536_000)] | None = Field(
        default=None, description="Seconds after which the newest block is too old; 0 = off."
    )
    min_peers: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        default=None, description="Peers the node must have."
    )
    address_pool: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=100, description="Unused addresses kept ready."
    )
    deposit_minimum: Amount = Field(default=0, description="Smaller deposits are not credited.")
    below_minimum: Literal["suspense", "accumulate"] = Field(
        default="suspense",
        description="suspense, or accumulate: credited when the address's sum passes.",
    )
    request_ttl: Duration = Field(
        default=timedelta(days=30), description="A request nobody paid expires after this."
    )
    withdrawal: Withdrawal = Field(
        default=Withdrawal(), description="Limits and fee of withdrawals."
    )
    sweep: Sweep | None = Field(default=None, description="EVM: empty deposit addresses.")
    cold: Cold | None = Field(default=None, description="Cold wallet.")
    batch: Batch = Field(default=Batch(), description="Withdrawals that share a chain tx.")
    top_up_from: Rows[Text] | None = Field(
        default=None,
        description="Senders whose coins to the hot address are ours; sandbox default: any.",
    )
    book_above: Amount | None = Field(
        default=None, description="Booking suspense above this takes two persons; main default: 0."
    )
    keys: Keys | None = Field(
        default=None, description="What signs: EVM keys, or the wallet passphrase."
    )
