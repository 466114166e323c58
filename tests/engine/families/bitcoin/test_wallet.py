"""What a node signed is held against what it was asked for, byte by byte, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.chain import Pay, SignedTx, Spend
from engine.coins import read_address
from engine.errors import NodeRefused
from engine.families.bitcoin.dialect import ask_dialect
from engine.families.bitcoin.values import OddValue
from engine.families.bitcoin.wallet import BitcoinWallet
from tests.nodes.currencies import currency_of

COIN = 100_000_000
# Addresses of Bitcoin's main network that its own documents show.
ANN = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
BEN = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
SPENDS = [Spend("ab" * 32, "vout:1", 3 * COIN, ANN), Spend("cd" * 32, "vout:0", COIN, BEN)]
PAYS = [Pay(BEN, 2 * COIN), Pay(ANN, COIN)]


@dataclass
class Signer:
    """A node that signs `raw`, whatever it was asked for."""

    raw: str
    fees: dict[str, object] | None = None
    calls: int = 0

    def call(self, method: str, *_params: object) -> Any:
        return {
            "createrawtransaction": self.raw,
            "signrawtransactionwithwallet": {"complete": True, "hex": self.raw},
            "testmempoolaccept": [{"allowed": True, "fees": self.fees}],
        }[method]

    def close(self) -> None:
        """Nothing is open."""


def signed(spends: list[Spend], outputs: list[tuple[int, str]]) -> str:
    """The bytes of a chain tx with empty signatures."""
    parts = [b"\x02\x00\x00\x00", bytes([len(spends)])]
    for spend in spends:
        place = int(spend.index.removeprefix("vout:"))
        parts += [bytes.fromhex(spend.txid)[::-1], place.to_bytes(4, "little")]
        parts.append(b"\x00\xfd\xff\xff\xff")
    parts.append(bytes([len(outputs)]))
    for units, script in outputs:
        raw = bytes.fromhex(script)
        parts += [units.to_bytes(8, "little"), bytes([len(raw)]), raw]
    return (b"".join(parts) + b"\x00" * 4).hex()


def script(folder: Path, address: str) -> str:
    read = read_address(currency_of(folder, "BTC", network="main").parameters, address)
    assert read is not None
    return read.script


def sign(folder: Path, raw: str, *, fees: dict[str, object] | None = None) -> SignedTx:
    currency, node = currency_of(folder, "BTC", network="main"), Signer(raw, fees)
    wallet = BitcoinWallet(currency, node, lambda: ask_dialect(node, currency.parameters))
    return wallet.sign(SPENDS, PAYS, passphrase=None)


def test_bytes_that_say_what_was_asked_are_taken(tmp_path: Path) -> None:
    outputs = [(2 * COIN, script(tmp_path, BEN)), (COIN, script(tmp_path, ANN))]
    raw = signed(SPENDS, outputs)
    assert sign(tmp_path, raw).raw == raw


def test_coins_that_are_worth_more_at_the_node_are_not_given_to_the_miners(tmp_path: Path) -> None:
    outputs = [(2 * COIN, script(tmp_path, BEN)), (COIN, script(tmp_path, ANN))]
    raw = signed(SPENDS, outputs)
    assert sign(tmp_path, raw, fees={"base": Decimal("1.00000000")}).raw == raw
    with pytest.raises(NodeRefused, match="other amounts"):
        sign(tmp_path, raw, fees={"base": Decimal("1.00000001")})
    for odd in (None, "1", True):
        with pytest.raises(OddValue):
            sign(tmp_path, raw, fees={"base": odd})


def test_bytes_that_pay_other_addresses_are_never_stored(tmp_path: Path) -> None:
    both = [(2 * COIN, script(tmp_path, ANN)), (COIN, script(tmp_path, BEN))]
    with pytest.raises(OddValue, match="other addresses"):
        sign(tmp_path, signed(SPENDS, both))


@pytest.mark.parametrize("amounts", [(2 * COIN + 1, COIN), (2 * COIN,), (COIN, 2 * COIN)])
def test_bytes_that_pay_other_amounts_are_never_stored(
    tmp_path: Path, amounts: tuple[int, ...]
) -> None:
    scripts = [script(tmp_path, BEN), script(tmp_path, ANN)]
    with pytest.raises(OddValue, match="other amounts"):
        sign(tmp_path, signed(SPENDS, list(zip(amounts, scripts, strict=False))))


@pytest.mark.parametrize("spends", [SPENDS[:1], SPENDS[::-1], [*SPENDS, SPENDS[0]]])
def test_bytes_that_spend_other_coins_are_never_stored(tmp_path: Path, spends: list[Spend]) -> None:
    outputs = [(2 * COIN, script(tmp_path, BEN)), (COIN, script(tmp_path, ANN))]
    with pytest.raises(OddValue, match="other coins"):
        sign(tmp_path, signed(spends, outputs))
