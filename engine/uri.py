"""Payment URIs that a wallet opens: BIP-321 for the Bitcoin family."""

from __future__ import annotations

from engine.config import Currency
from engine.money import format_amount


def payment_uri(currency: Currency, address: str, *, units: int | None = None) -> str:
    """The URI that asks a wallet to pay `address`; `units`, where given, as `amount` in coins.

    CashAddr's prefix is the scheme itself, so that it never stands there twice.
    """
    scheme = currency.parameters.cashaddr_prefix or currency.coin.uri_scheme
    body = address.removeprefix(f"{scheme}:")
    uri = f"{scheme}:{body}"
    return uri if units is None else f"{uri}?amount={format_amount(units, currency.decimals)}"
