"""How a client reads which network a currency is on, so that nobody pays on another one."""

from __future__ import annotations

from engine.config import Currency

_WORTH = {
    "main": "main network",
    "test": "test network: coins here have no worth",
    "signet": "test network (signet): coins here have no worth",
    "regtest": "practice network (regtest): coins here have no worth",
    "development": "practice network: coins here have no worth",
}
_CHAINS = {
    1: "Ethereum",
    10: "OP Mainnet",
    56: "BNB Smart Chain",
    100: "Gnosis",
    137: "Polygon",
    8453: "Base",
    42_161: "Arbitrum One",
    43_114: "Avalanche C-Chain",
    560_048: "Hoodi",
    11_155_111: "Sepolia",
}
"""EVM chains by their ids. The same coin, as ETH, lives on several; only the chain tells where."""
_TEST_CHAINS = frozenset({560_048, 11_155_111})


def network_words(currency: Currency) -> str:
    """What kind of network it is, so that nobody takes a practice coin for money."""
    network = "test" if currency.chain_id in _TEST_CHAINS else currency.network
    return _WORTH.get(network, network)


def chain_words(currency: Currency) -> str:
    """The network's own name, `Litecoin` or `Ethereum`; a token's is that of the chain it lives
    on."""
    if currency.family != "evm":
        return currency.name
    if currency.network == "development":
        return "Ethereum development"
    chain_id = currency.chain_id or 0
    return _CHAINS.get(chain_id, f"EVM chain {chain_id}")
