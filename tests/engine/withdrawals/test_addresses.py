"""Where a withdrawal may go: garbage, other networks, doubtful forms and our own are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import Address
from engine.clock import rfc3339
from engine.coins import COINS, read_address
from engine.config import Config
from engine.errors import WithdrawalRefused
from engine.withdrawals.addresses import check_address
from tests.engine.house import NOW, house
from tests.engine.withdrawals.purse import PUBKEY, SCRIPT, SEGWIT

MAIN = {"approve_above": "1", "daily_limit": "1", "total_daily": "1"}
LTC_MAIN = "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"
BTC_SCRIPT = "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"
BTC_PUBKEY = "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"
CASH = "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
FUTURE = "bc1sw50qgdz25j"  # witness version 16: anybody could spend it
TAPROOT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"


def at(folder: Path, symbol: str, network: str) -> Config:
    """A configuration with this one currency."""
    table: dict[str, Any] = {"network": network, "withdrawal": MAIN, "node": "file:node"}
    (folder / "node").write_text("http://u:p@127.0.0.1:1/wallet/x")
    (folder / "secret").write_text("a secret of at least thirty-two bytes")
    site = {"handshake": {"algorithm": "HS256", "secret": "file:secret"}}
    tables = {"site": site, "currency": {symbol: table}}
    return house(folder, tables=tables)


def code(config: Config, text: object, symbol: str = "LTC") -> str:
    with pytest.raises(WithdrawalRefused) as refused:
        check_address(config, config.currencies[symbol], text)
    return refused.value.code


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path)


@pytest.mark.parametrize("address", [SEGWIT, SCRIPT, PUBKEY])
def test_an_address_of_the_network_is_taken(config: Config, address: str) -> None:
    assert check_address(config, config.currencies["LTC"], address) == address


def test_capitals_are_the_same_address(config: Config) -> None:
    assert check_address(config, config.currencies["LTC"], SEGWIT.upper()) == SEGWIT


GARBAGE: list[object] = [
    *(None, 1, 1.5, True, [], {}, b"x", "", " ", "x", "0x", "\0", "é", "\uff52ltc", "\ud800"),
    *(f" {SEGWIT}", f"{SEGWIT} ", f"{SEGWIT}\n", f"\t{SEGWIT}", f"{SEGWIT}\u200b", SEGWIT[:-1]),
    *(
        SEGWIT[:-1] + "z",
        SEGWIT.replace("q", "Q", 1),
        SEGWIT * 10,
        "1" * 100_000,
        "rltc1",
        SCRIPT[1:],
    ),
    *(f"litecoin:{SEGWIT}", "ltc1", "' OR 1=1 --", "<script>", "../../etc/passwd"),
]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_refused_as_such(config: Config, text: object) -> None:
    assert code(config, text) == "address_invalid"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (LTC_MAIN, "Litecoin (main)"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "Bitcoin (main)"),
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "Bitcoin (main)"),
        (BTC_PUBKEY, "Bitcoin (main)"),
        (CASH, "Bitcoin Cash (main)"),
        ("0x52908400098527886E0F7030069857D2E4169EE7", "Ethereum"),
        ("0x" + "0" * 40, "Ethereum"),
    ],
)
def test_another_networks_address_is_named(config: Config, text: str, name: str) -> None:
    with pytest.raises(WithdrawalRefused, match="would be lost") as refused:
        check_address(config, config.currencies["LTC"], text)
    assert refused.value.code == "address_wrong_network"
    assert name in str(refused.value)


@pytest.mark.usefixtures("database")
def test_a_form_that_belongs_to_another_coin_first_is_ambiguous(tmp_path: Path) -> None:
    litecoin = at(tmp_path, "LTC", "main")
    assert code(litecoin, BTC_SCRIPT) == "address_ambiguous"
    assert check_address(
        litecoin, litecoin.currencies["LTC"], "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"
    )
    cash = at(tmp_path, "BCH", "main")
    assert code(cash, BTC_PUBKEY, "BCH") == "address_ambiguous"
    assert code(cash, BTC_SCRIPT, "BCH") == "address_ambiguous"
    assert check_address(cash, cash.currencies["BCH"], CASH.removeprefix("bitcoincash:")) == CASH


@pytest.mark.usefixtures("database")
def test_a_coins_own_first_form_is_not(tmp_path: Path) -> None:
    bitcoin = at(tmp_path, "BTC", "main")
    for text in (BTC_SCRIPT, BTC_PUBKEY, TAPROOT):
        assert check_address(bitcoin, bitcoin.currencies["BTC"], text) == text


@pytest.mark.usefixtures("database")
def test_a_witness_program_without_rules_is_refused(tmp_path: Path) -> None:
    bitcoin = at(tmp_path, "BTC", "main")
    assert read_address(bitcoin.currencies["BTC"].parameters, FUTURE) is not None
    assert code(bitcoin, FUTURE, "BTC") == "address_invalid"


@pytest.mark.parametrize("purpose", ["deposit", "change", "hot"])
def test_an_address_of_ours_is_refused_in_every_spelling(config: Config, purpose: str) -> None:
    found = read_address(config.currencies["LTC"].parameters, SEGWIT)
    assert found is not None
    Address.create(
        chain="LTC",
        address=SEGWIT,
        script=found.script,
        purpose=purpose,
        created_at=rfc3339(NOW),
        created_height=0,
    )
    assert code(config, SEGWIT) == "address_own"
    assert code(config, SEGWIT.upper()) == "address_own"
    assert check_address(config, config.currencies["LTC"], SCRIPT) == SCRIPT


@pytest.mark.parametrize(("ours", "other"), [(SEGWIT, PUBKEY), (PUBKEY, SEGWIT)])
def test_the_other_form_of_a_key_of_ours_is_refused(config: Config, ours: str, other: str) -> None:
    """A wallet that watches one form only would never see what the other is paid."""
    parameters = config.currencies["LTC"].parameters
    found, wanted = read_address(parameters, ours), read_address(parameters, other)
    assert found is not None and wanted is not None
    key = wanted.script.removeprefix("76a914").removeprefix("0014").removesuffix("88ac")
    script = f"0014{key}" if ours == SEGWIT else f"76a914{key}88ac"
    assert len(script) == len(found.script)
    Address.create(
        chain="LTC",
        address="the one that was given out",
        script=script,
        purpose="deposit",
        created_at=rfc3339(NOW),
        created_height=0,
    )
    assert code(config, other) == "address_own"
    assert check_address(config, config.currencies["LTC"], SCRIPT) == SCRIPT


@pytest.mark.usefixtures("database")
def test_the_cold_address_is_ours(tmp_path: Path) -> None:
    config = house(tmp_path, cold={"address": SEGWIT, "above": "1"})
    assert code(config, SEGWIT.upper()) == "address_own"


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    for coin in COINS.values():
        for network in coin.networks.values():
            assert read_address(network, text) is None
