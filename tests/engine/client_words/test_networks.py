"""A client reads which network it is: a token's is its chain's, and practice coins say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.client_words.networks import chain_words, network_words
from engine.config import Config, load_config

TOML = """
[site]
handshake = { algorithm = "HS256", secret = "a secret of at least thirty-two bytes, for tests" }
[currency.LTC]
network = "regtest"
node = "http://user:password@127.0.0.1:1/"
[currency.ETH]
chain_id = 31337
node = "http://127.0.0.1:1/"
keys = { mnemonic = "env:CASHIER_ETH_MNEMONIC" }
[currency.USDT]
name = "Tether"
chain = "ETH"
token = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
decimals = 6
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "cashier.toml"
    path.write_text(TOML)
    return load_config(path, role="web")


def test_a_coin_is_on_the_network_of_its_name(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    assert chain_words(litecoin) == "Litecoin"
    assert "no worth" in network_words(litecoin)


def test_a_token_is_on_the_network_of_its_chain(config: Config) -> None:
    ether, tether = config.currencies["ETH"], config.currencies["USDT"]
    assert chain_words(tether) == chain_words(ether) == "Ethereum development"
    assert "no worth" in network_words(tether)


@pytest.mark.parametrize(
    ("chain_id", "name", "kind"),
    [
        (1, "Ethereum", "main network"),
        (42_161, "Arbitrum One", "main network"),
        (11_155_111, "Sepolia", "test network: coins here have no worth"),
        (123_456, "EVM chain 123456", "main network"),
    ],
)
def test_one_coin_on_many_chains_is_told_apart(
    config: Config, chain_id: int, name: str, kind: str
) -> None:
    ether = replace(config.currencies["ETH"], chain_id=chain_id, network="main")
    assert (chain_words(ether), network_words(ether)) == (name, kind)
