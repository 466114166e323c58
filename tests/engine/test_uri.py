"""Payment URIs: the coin's scheme, CashAddr's prefix once, and an EVM chain's number always."""

from __future__ import annotations

import pytest

from engine.uri import payment_uri
from tests.engine.test_config import Load, load
from tests.engine.toml_text import LTC_NODE, minimal

__all__ = ["load"]

CASHADDR = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
OURS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@pytest.mark.parametrize(
    ("symbol", "address", "uri"),
    [
        ("BTC", "bcrt1qexample", "bitcoin:bcrt1qexample"),
        ("LTC", "rltc1qexample", "litecoin:rltc1qexample"),
        ("DOGE", "Dexample", "dogecoin:Dexample"),
        ("BCH", f"bchreg:{CASHADDR}", f"bchreg:{CASHADDR}"),
        ("BCH", CASHADDR, f"bchreg:{CASHADDR}"),
    ],
)
def test_a_uri_names_the_coin_once(load: Load, symbol: str, address: str, uri: str) -> None:
    document = minimal()
    document["currency"][symbol] = {"network": "regtest", "node": LTC_NODE}
    currency = load(document).currencies[symbol]
    assert payment_uri(currency, address) == uri


def test_an_amount_is_in_whole_coins_and_exact(load: Load) -> None:
    currency = load(minimal()).currencies["LTC"]
    assert payment_uri(currency, "rltc1q", units=50_000_001) == "litecoin:rltc1q?amount=0.50000001"


@pytest.mark.parametrize(
    ("symbol", "units", "uri"),
    [
        ("ETH", None, f"ethereum:{OURS}@31337"),
        ("ETH", 10**18 + 1, f"ethereum:{OURS}@31337?value=1000000000000000001"),
        ("USDT", None, f"ethereum:{CONTRACT}@31337/transfer?address={OURS}"),
        ("USDT", 2_500_000, f"ethereum:{CONTRACT}@31337/transfer?address={OURS}&uint256=2500000"),
    ],
)
def test_on_an_evm_chain_the_uri_says_which_chain_and_which_contract(
    load: Load, symbol: str, units: int | None, uri: str
) -> None:
    document = minimal()
    document["currency"]["ETH"] = {
        "chain_id": 31337,
        "node": "http://127.0.0.1:1/",
        "keys": {"mnemonic": WORDS},
    }
    document["currency"]["USDT"] = {"chain": "ETH", "token": CONTRACT.lower(), "decimals": 6}
    assert payment_uri(load(document).currencies[symbol], OURS, units=units) == uri
