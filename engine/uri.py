"""Payment URIs that a wallet opens: BIP-321 for the Bitcoin family, EIP-681 for EVM chains."""

from __future__ import annotations

from engine.coins.eip55 import written
from engine.config import Currency
from engine.money import format_amount


def payment_uri(currency: Currency, address: str, *, units: int | None = None) -> str:
    """The URI that asks a wallet to pay `address`; `units`, where given, as the amount: in whole
    coins for the Bitcoin family, in units for EVM chains, as their standards have it.

    CashAddr's prefix is the scheme itself, so that it never stands there twice.
    """
    if currency.family == "evm":
        return _eip681(currency, address, units)
    scheme = currency.parameters.cashaddr_prefix or currency.coin.uri_scheme
    body = address.removeprefix(f"{scheme}:")
    uri = f"{scheme}:{body}"
    return uri if units is None else f"{uri}?amount={format_amount(units, currency.decimals)}"


def _eip681(currency: Currency, address: str, units: int | None) -> str:
    """With the chain's id always: the same address is there on every EVM chain. A token's URI calls
    its contract, which pays `address`."""
    scheme, chain_id = currency.coin.uri_scheme, currency.chain_id
    if currency.token is None:
        uri = f"{scheme}:{address}@{chain_id}"
        return uri if units is None else f"{uri}?value={units}"
    uri = f"{scheme}:{written(currency.token)}@{chain_id}/transfer?address={address}"
    return uri if units is None else f"{uri}&uint256={units}"
