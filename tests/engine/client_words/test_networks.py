"""A client reads which network it is: a token's is its chain's, and practice coins say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.client_words.networks import (
    chain_words,
    lost_words,
    network_words,
    only_words,
    payee_words,
    place_words,
    receiver_words,
    token_words,
)
from engine.config import Config, Currency, load_config

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
    ("chain_id", "name", "place"),
    [
        (1, "Ethereum", "Ethereum (chain 1)"),
        (42_161, "Arbitrum One", "Arbitrum One (chain 42161)"),
        (11_155_111, "Sepolia", "Sepolia (chain 11155111)"),
        (123_456, "chain id 123456", "chain id 123456"),
    ],
)
def test_one_coin_on_many_chains_is_told_apart(
    config: Config, chain_id: int, name: str, place: str
) -> None:
    ether = on(config.currencies["ETH"], chain_id)
    assert (chain_words(ether), place_words(ether)) == (name, place)
    assert payee_words(ether) == f"To this address on {place}"


@pytest.mark.parametrize(
    ("chain_id", "kind"),
    [
        (1, "main network"),
        (123_456, "main network"),
        (17_000, "test network: coins here have no worth"),
        (560_048, "test network: coins here have no worth"),
        (11_155_111, "test network: coins here have no worth"),
        (31_337, "practice network: coins here have no worth"),
    ],
)
def test_a_test_chain_is_never_taken_for_money(tmp_path: Path, chain_id: int, kind: str) -> None:
    secret = "a secret of at least thirty-two bytes, for tests"
    limits = 'approve_above = "1", daily_limit = "1", total_daily = "1", fee_max = "0.01"'
    limits = f"withdrawal = {{ {limits} }}"
    text = TOML.replace(secret, "env:S").replace("http://user:password@127.0.0.1:1/", "env:N")
    text = text.replace("chain_id = 31337", f"chain_id = {chain_id}\n{limits}")
    path = tmp_path / "cashier.toml"
    path.write_text(f"{text}{limits}\n")
    environ = {"S": secret}
    currencies = load_config(path, role="web", environ=environ).currencies
    for symbol in ("ETH", "USDT"):
        assert network_words(currencies[symbol]) == kind
        assert currencies[symbol].main == (kind == "main network")


def test_a_token_is_named_with_its_network_and_kind(config: Config) -> None:
    tether = config.currencies["USDT"]
    assert token_words(config.currencies["ETH"]) == token_words(config.currencies["LTC"]) == ""
    assert token_words(on(tether, 1)) == "USDT on Ethereum (chain 1), an ERC-20 token"
    assert token_words(on(tether, 56)) == "USDT on BNB Smart Chain (chain 56), a BEP-20 token"
    assert token_words(on(tether, 99)) == "USDT on chain id 99, an ERC-20 token"
    assert only_words(on(tether, 1)) == (
        "Send only Tether (USDT), and only on the Ethereum network (chain 1)."
    )
    assert only_words(on(tether, 99)).endswith("only on the network with chain id 99.")


def test_it_is_said_what_would_be_lost(config: Config) -> None:
    litecoin, ether, tether = (config.currencies[each] for each in ("LTC", "ETH", "USDT"))
    assert only_words(litecoin) == "Send only LTC, and only on the Litecoin network."
    assert lost_words(litecoin) == "Coins sent on another network are lost."
    assert "The same address exists on other networks" in lost_words(ether)
    # Too little of the contract to be taken for the address to pay to, enough to compare.
    assert "another contract than 0x5FbDB2…180aa3, is lost" in lost_words(tether)
    assert receiver_words(litecoin) == ""
    assert "must take USDT on Ethereum (chain 1), an ERC-20 token" in receiver_words(on(tether, 1))
    assert "must take ETH on Ethereum (chain 1): elsewhere" in receiver_words(on(ether, 1))


def on(currency: Currency, chain_id: int) -> Currency:
    return replace(currency, chain_id=chain_id, network="main")
