"""How a client reads which network a currency is on, so that nobody pays on another one."""

from __future__ import annotations

from collections.abc import Iterable

from engine.coins import EVM_CHAINS, KnownChain
from engine.coins.eip55 import written
from engine.config import Currency

_WORTH = {
    "main": "main network",
    "test": "test network: coins here have no worth",
    "signet": "test network (signet): coins here have no worth",
    "regtest": "practice network (regtest): coins here have no worth",
    "development": "practice network: coins here have no worth",
}
_DEVELOPMENT = "Ethereum development"
_ELSEWHERE = "Coins sent on another network are lost."


def network_words(currency: Currency) -> str:
    """What kind of network it is, so that nobody takes a practice coin for money."""
    return _WORTH.get(currency.network, currency.network)


def chain_words(currency: Currency) -> str:
    """The network's own name, `Litecoin` or `Ethereum`; a token's is that of the chain it lives
    on; `chain id 123456` where an EVM chain's name is not known."""
    if currency.family != "evm":
        return currency.name
    if currency.network == "development":
        return _DEVELOPMENT
    known = _known(currency)
    return f"chain id {currency.chain_id}" if known is None else known.name


def place_words(currency: Currency) -> str:
    """The network with what tells it from those of the same addresses: `Ethereum (chain 1)`."""
    name = chain_words(currency)
    if currency.family != "evm" or name.endswith(f" {currency.chain_id}"):
        return name
    return f"{name} (chain {currency.chain_id})"


def token_words(currency: Currency) -> str:
    """What a token is, for who must choose it in a wallet: `USDT on Ethereum (chain 1), an ERC-20
    token`; empty for a chain's own coin."""
    if not currency.is_token:
        return ""
    known = _known(currency)
    kind = "ERC-20" if known is None else known.tokens
    article = "an" if kind[0] in "AEIOU" else "a"
    return f"{currency.symbol} on {place_words(currency)}, {article} {kind} token"


def only_words(currency: Currency) -> str:
    """What alone may be sent, and where."""
    what = currency.symbol
    if currency.is_token and currency.name != what:
        what = f"{currency.name} ({what})"
    return f"Send only {what}, and only on {_the_network(currency)}."


def lost_words(currency: Currency) -> str:
    """What becomes of anything else."""
    if currency.family != "evm":
        return _ELSEWHERE
    if currency.token is None:
        return (
            f"The same address exists on other networks: {currency.symbol} sent there, and tokens"
            " that are not offered here, are lost."
        )
    contract = written(currency.token)
    return (
        f"There is {currency.symbol} on other networks, and there are tokens that look like it:"
        f" what is sent there, or by another contract than {contract[:8]}…{contract[-6:]}, is lost."
    )


def also_words(currency: Currency, others: Iterable[Currency]) -> str:
    """What else may come to a deposit address of this currency; empty where that is nothing."""
    if not currency.one_address:
        return ""
    same = [
        each.symbol
        for each in others
        if each.chain == currency.chain and each.symbol != currency.symbol
    ]
    return f"The same address takes {' and '.join(same)} on this network, too." if same else ""


def payee_words(currency: Currency) -> str:
    """What stands over the field for a payee's address."""
    if currency.family != "evm":
        return f"To this {currency.name} address"
    return f"To this address on {place_words(currency)}"


def receiver_words(currency: Currency) -> str:
    """What the wallet that is paid must take; empty where its address tells."""
    if currency.family != "evm":
        return ""
    what = token_words(currency) or f"{currency.symbol} on {place_words(currency)}"
    return f"The wallet or exchange that receives must take {what}: elsewhere it is lost."


def _the_network(currency: Currency) -> str:
    if currency.family != "evm":
        return f"the {currency.name} network"
    if _known(currency) is None and currency.network != "development":
        return f"the network with chain id {currency.chain_id}"
    return f"the {chain_words(currency)} network (chain {currency.chain_id})"


def _known(currency: Currency) -> KnownChain | None:
    return EVM_CHAINS.get(currency.chain_id or 0)
