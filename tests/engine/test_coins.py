"""The coin data hangs together: what is listed is whole, and addresses are told apart by it."""

from __future__ import annotations

import re

import pytest

from engine.coins import COINS, Coin, Network, address_form, read_address

NETWORKS = [
    pytest.param(coin, name, network, id=f"{coin.symbol}-{name}")
    for coin in COINS.values()
    for name, network in coin.networks.items()
]
HASH = re.compile(r"[0-9a-f]{64}")

ADDRESSES = [
    ("BTC", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "pubkey"),
    ("BTC", "main", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "script"),
    ("BTC", "main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bech32"),
    ("BTC", "main", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bech32"),
    ("BTC", "main", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bech32"),
    ("BTC", "test", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "bech32"),
    ("LTC", "main", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "bech32"),
    ("LTC", "main", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "script"),
    ("LTC", "regtest", "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy", "bech32"),
    ("LTC", "regtest", "QPNgrP3z7vBzagckXXekn6h8NjFkpV9Aut", "script"),
    ("LTC", "regtest", "miM4tvKBvqaNS2Z92XMWSuCSR7Fq1dMsoG", "pubkey"),
    ("BCH", "main", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "cashaddr"),
    ("BCH", "main", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "cashaddr"),
    ("BCH", "main", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "pubkey"),
]

NOT_ADDRESSES = [
    ("BTC", "main", ""),
    ("BTC", "main", "1"),
    ("BTC", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"),
    ("BTC", "main", "11BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("BTC", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 "),
    ("BTC", "main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
    ("BTC", "main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4"),
    ("BTC", "main", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7"),
    ("BTC", "main", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"),
    ("BTC", "main", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("BTC", "test", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("LTC", "main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("LTC", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("BCH", "main", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b"),
    ("BCH", "test", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("BCH", "main", "bitcoincash:Qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("DOGE", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
]


@pytest.mark.parametrize(("coin", "name", "network"), NETWORKS)
def test_every_listed_network_is_whole(coin: Coin, name: str, network: Network) -> None:
    assert name in {"main", "test", "signet", "regtest"}
    assert network.genesis
    assert all(HASH.fullmatch(block) for block in network.genesis)
    assert network.fork_hash is None or HASH.fullmatch(network.fork_hash)
    assert network.base58_pubkey
    assert network.base58_script
    assert coin.confirmations >= 1
    assert coin.block_s > 0


def test_chains_that_share_their_first_block_are_told_apart_where_coins_have_worth() -> None:
    by_genesis: dict[str, set[object]] = {}
    coins = [coin for coin in COINS.values() if "main" in coin.networks]
    for coin in coins:
        main = coin.networks["main"]
        by_genesis.setdefault(main.genesis[0], set()).add((main.fork_height, main.fork_hash))
    shared = by_genesis[COINS["BTC"].networks["main"].genesis[0]]
    assert len(shared) == 2
    assert sum(len(marks) for marks in by_genesis.values()) == len(coins)


@pytest.mark.parametrize(("symbol", "network", "address", "form"), ADDRESSES)
def test_an_address_has_the_form_of_its_network(
    symbol: str, network: str, address: str, form: str
) -> None:
    assert address_form(COINS[symbol].networks[network], address) == form


@pytest.mark.parametrize(("symbol", "network", "address"), NOT_ADDRESSES)
def test_another_text_is_no_address_of_the_network(symbol: str, network: str, address: str) -> None:
    assert address_form(COINS[symbol].networks[network], address) is None


@pytest.mark.parametrize(("symbol", "network", "address", "form"), ADDRESSES)
def test_one_wrong_letter_is_always_noticed(
    symbol: str, network: str, address: str, form: str
) -> None:
    last = "q" if address[-1].lower() != "q" else "p"
    assert form
    assert address_form(COINS[symbol].networks[network], address[:-1] + last) is None


@pytest.mark.parametrize(
    ("symbol", "name", "text", "canonical", "script"),
    [
        (
            *("BTC", "main", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        (
            *("BTC", "main", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87",
        ),
        (
            *("BTC", "main", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "76a91477bff20c60e522dfaa3350c39b030a5d004e839a88ac",
        ),
        (
            *("BTC", "main", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
        (
            *("BCH", "main", "QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A"),
            "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
            "76a91476a04053bda0a88bda5177b86a15c3b29f55987388ac",
        ),
        (
            *("BCH", "main", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"),
            "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu",
            "76a91476a04053bda0a88bda5177b86a15c3b29f55987388ac",
        ),
    ],
)
def test_an_address_is_read_as_the_script_that_it_pays(
    symbol: str, name: str, text: str, canonical: str, script: str
) -> None:
    found = read_address(COINS[symbol].networks[name], text)
    assert found is not None
    assert (found.canonical, found.script) == (canonical, script)


def test_a_bech32_text_with_bits_left_over_is_no_address() -> None:
    # BIP-350: more than four bits of padding, and padding that is not zero.
    for text in (
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    ):
        assert read_address(COINS["BTC"].networks["main"], text) is None
        assert read_address(COINS["BTC"].networks["test"], text) is None
