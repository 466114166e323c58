"""QR codes: what they hold, letter by letter."""

from __future__ import annotations

from urllib.parse import unquote

from tests.web.conftest import BTC, Configure
from web.qr import qr_data_uri, qr_text

BCH = """
[currency.BCH]
network = "regtest"
node = "http://user:password@127.0.0.1:1/"
"""


def test_only_bitcoins_bech32_is_written_in_capitals(configure: Configure) -> None:
    currencies = configure(currencies=BTC + BCH).currencies
    cases = [
        ("BTC", "bcrt1qxyz", "bitcoin:bcrt1qxyz", "bitcoin:BCRT1QXYZ"),
        ("BTC", "2MzAbC", "bitcoin:2MzAbC", "bitcoin:2MzAbC"),
        ("LTC", "rltc1qxyz", "litecoin:rltc1qxyz", "litecoin:rltc1qxyz"),
        ("BCH", "bchreg:qabc", "bchreg:qabc", "bchreg:qabc"),
    ]
    for symbol, address, uri, text in cases:
        assert qr_text(currencies[symbol], address=address, uri=uri) == text


def test_a_code_is_a_picture_in_the_page_itself() -> None:
    uri = qr_data_uri("litecoin:rltc1qxyz")
    assert uri.startswith("data:image/svg+xml")
    assert "<svg" in unquote(uri)
    assert "<script" not in unquote(uri)
