"""QR codes of payment URIs, as SVG in a `data:` URI."""

from __future__ import annotations

import segno

from engine.config import Currency

_UPPER_CASE_COINS = frozenset({"BTC"})


def qr_text(currency: Currency, *, address: str, uri: str) -> str:
    """What the code holds. A bech32 address in capitals makes a smaller code that cameras read
    sooner, but not every wallet reads it: bitcoin's do, others are given the URI as it is. Base58
    and CashAddr keep their case always."""
    hrp = currency.parameters.bech32_hrp
    is_bech32 = hrp is not None and address.startswith(f"{hrp}1")
    if currency.coin.symbol in _UPPER_CASE_COINS and is_bech32:
        return uri.replace(address, address.upper(), 1)
    return uri


def qr_data_uri(text: str) -> str:
    """The code of `text` with its quiet zone, dark on white whatever the page's colours are."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    return code.svg_data_uri(scale=8, border=4, dark="#000", light="#fff", encode_minimal=True)
