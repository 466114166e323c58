"""Payment URIs: the coin's scheme, and CashAddr's prefix once."""

from __future__ import annotations

import pytest

from engine.uri import payment_uri
from tests.engine.test_config import Load, load
from tests.engine.toml_text import LTC_NODE, minimal

__all__ = ["load"]

CASHADDR = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"


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
