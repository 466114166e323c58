"""The pages of an EVM chain and its tokens: one address for ever, the chain's network, and the form
of every withdrawal."""

from __future__ import annotations

from html import unescape

import pytest

from db.models import Address
from engine.clock import rfc3339, utc_now
from engine.config import Config
from engine.deposits.request import request_deposit
from tests.web.conftest import Configure
from tests.web.running import Visitor
from tests.web.till import Till
from web.qr import qr_data_uri

EVM = """
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
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
def config(configure: Configure) -> Config:
    config = configure(currencies=EVM)
    Till(config, addresses=0)
    Address.insert(
        chain="ETH",
        address=ADDRESS,
        script="m/44'/60'/0'/0/0",
        purpose="deposit",
        created_at=rfc3339(utc_now()),
        created_height=0,
    ).execute()
    return config


def page(client: Visitor, where: str) -> str:
    return unescape(client.get(where, Accept="text/html").text)


def test_a_token_names_the_network_of_its_chain(config: Config, client: Visitor) -> None:
    before = page(client, "/cashier?currency=USDT")
    request_deposit(config, client="CR1042", currency="USDT", now=utc_now())
    for words in (before, page(client, "/cashier?currency=USDT")):
        assert "Send only Tether (USDT), and only on the Ethereum development network" in words
        assert "Ethereum development (chain 31337), practice network: coins here have no" in words
        assert "USDT on Ethereum development (chain 31337), an ERC-20 token" in words
        assert "or by another contract than 0x5FbDB2…180aa3, is lost" in words
        assert "Tether network" not in words


def test_the_link_and_the_code_say_which_chain_and_which_contract(
    config: Config, client: Visitor
) -> None:
    request_deposit(config, client="CR1042", currency="USDT", now=utc_now())
    words = page(client, "/cashier?currency=USDT")
    uri = f"ethereum:{CONTRACT}@31337/transfer?address={ADDRESS}"
    assert f'<a class="button" href="{uri}">' in words
    assert qr_data_uri(uri) in words
    assert "The same address takes ETH on this network, too." in words
    request_deposit(config, client="CR1042", currency="ETH", now=utc_now())
    words = page(client, "/cashier?currency=ETH")
    assert f'<a class="button" href="ethereum:{ADDRESS}@31337">' in words


def test_the_address_stays_the_clients_own(config: Config, client: Visitor) -> None:
    asked = request_deposit(config, client="CR1042", currency="USDT", now=utc_now())[0]
    Till(config, addresses=0).see(asked.id, 5_000_000)
    words = page(client, "/cashier?currency=USDT")
    assert "Your address stays the same" in words
    assert "Show my Tether address" in words
    assert "used once" not in words
    assert "Get a new" not in words


def test_every_currency_is_withdrawn_by_the_same_form(client: Visitor) -> None:
    for symbol in ("ETH", "USDT", "LTC"):
        words = page(client, f"/cashier/withdraw?currency={symbol}")
        assert "Review withdrawal" in words
