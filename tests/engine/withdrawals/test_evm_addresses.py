"""Where a withdrawal on an EVM chain may go: what is mistyped, nobody's, a contract or ours is
refused before anything is debited, in words that help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.models import Address
from engine.clock import rfc3339
from engine.coins.eip55 import written
from engine.config import Config
from engine.errors import WithdrawalRefused
from engine.withdrawals.addresses import check_address
from engine.withdrawals.evm_addresses import NOBODYS, check_payee, mistyped
from tests.engine.house import NOW, house

WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
GOOD = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
OURS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
SEGWIT = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
NODE = "http://127.0.0.1:1/"
TABLES: dict[str, dict[str, Any]] = {
    "site": {
        "handshake": {"algorithm": "HS256", "secret": "a secret of at least thirty-two bytes"}
    },
    "currency": {
        "LTC": {"network": "regtest", "node": "http://u:p@127.0.0.1:1/wallet/x"},
        "ETH": {"chain_id": 31337, "node": NODE, "keys": {"mnemonic": WORDS}},
        "USDT": {"name": "Tether", "chain": "ETH", "token": CONTRACT.lower(), "decimals": 6},
    },
}
EVERY = ("ETH", "USDT")
SMALL = st.integers(0, 0xFFFF).map(lambda number: f"0x{number:040x}")


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path, tables=TABLES)


def refusal(config: Config, text: object, symbol: str = "ETH") -> tuple[str, str]:
    """The code and the words with which it is refused."""
    with pytest.raises(WithdrawalRefused) as refused:
        check_address(config, config.currencies[symbol], text)
    return refused.value.code, str(refused.value)


def in_every_case(address: str) -> list[str]:
    return [address, f"0x{address[2:].lower()}", f"0x{address[2:].upper()}"]


@pytest.mark.parametrize("symbol", EVERY)
@pytest.mark.parametrize("text", in_every_case(GOOD))
def test_an_address_is_taken_in_its_one_form(config: Config, symbol: str, text: str) -> None:
    assert check_address(config, config.currencies[symbol], text) == GOOD


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("aA", "Aa"), "its capital letters do not fit"),
        (GOOD.replace("6053", "6054"), "its capital letters do not fit"),
        (GOOD[2:], "begins with 0x: put it in front"),
        (f"0X{GOOD[2:]}", "begins with 0x"),
        (GOOD[:-1], "has 42 characters, and this has 41"),
        (f"{GOOD}0", "has 42 characters, and this has 43"),
        (f"0x{'1a' * 32}", "a txid or a private key"),
        ("1a" * 32, "a txid or a private key"),
        (f"ethereum:{GOOD}@1", "give the address alone"),
        (f"eth:{GOOD}", "give the address alone"),
        (f" {GOOD}", "give the address alone"),
        (f"{GOOD}\n", "give the address alone"),
        (f"{GOOD}\u200b", "give the address alone"),
        ("vitalik.eth", "names are not looked up here"),
        ("bücher.example.eth", "names are not looked up here"),
        ("", "no Ethereum development address"),
        ("x" * 300, "no Ethereum development address"),
        (None, "no Ethereum development address"),
        (5, "no Ethereum development address"),
        ("XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS", "begins with 0x and has 42 characters"),
        ("' OR 1=1 --", "begins with 0x and has 42 characters"),
    ],
)
@pytest.mark.parametrize("symbol", EVERY)
def test_what_is_mistyped_is_told_how_to_mend_it(
    config: Config, symbol: str, text: object, words: str
) -> None:
    code, said = refusal(config, text, symbol)
    assert code == "address_invalid"
    assert words in said


def test_a_refusal_never_repeats_what_may_be_a_secret(config: Config) -> None:
    secret = f"0x{'5e' * 32}"
    assert "5e5e" not in refusal(config, secret)[1]
    assert "correct horse" not in str(mistyped(config.currencies["ETH"], "correct horse.battery"))


@pytest.mark.parametrize(
    "address",
    [
        f"0x{'0' * 40}",
        f"0x{1:040x}",
        f"0x{0xFF:040x}",
        f"0x{0x100:040x}",
        "0x000000000000000000000000000000000000dEaD",
        *sorted(NOBODYS),
    ],
)
@pytest.mark.parametrize("symbol", EVERY)
def test_what_belongs_to_nobody_is_refused(config: Config, symbol: str, address: str) -> None:
    for text in in_every_case(written(address)):
        code, said = refusal(config, text, symbol)
        assert code == "address_invalid"
        assert "belongs to nobody" in said


@given(number=SMALL)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_no_small_number_is_an_address(config: Config, number: str) -> None:
    assert "belongs to nobody" in refusal(config, number)[1]


@pytest.mark.parametrize("symbol", EVERY)
def test_a_tokens_contract_is_no_wallet(config: Config, symbol: str) -> None:
    for text in in_every_case(CONTRACT):
        code, said = refusal(config, text, symbol)
        assert code == "address_invalid"
        assert "the contract of the token Tether itself" in said


@pytest.mark.parametrize("purpose", ["deposit", "hot", "cold"])
@pytest.mark.parametrize("symbol", EVERY)
def test_an_address_of_ours_is_refused_in_every_case(
    config: Config, symbol: str, purpose: str
) -> None:
    Address.create(
        chain="ETH",
        address=OURS,
        script=f"m/44'/60'/0'/0/{purpose}",
        purpose=purpose,
        created_at=rfc3339(NOW),
        created_height=0,
    )
    for text in in_every_case(OURS):
        assert refusal(config, text, symbol)[0] == "address_own"
    assert check_address(config, config.currencies[symbol], GOOD) == GOOD


@pytest.mark.usefixtures("database")
def test_an_address_of_ours_is_ours_on_every_chain(tmp_path: Path) -> None:
    other = {"chain_id": 1337, "node": NODE, "keys": {"mnemonic": WORDS}, "coin": "ETH"}
    config = house(tmp_path, tables={**TABLES, "currency": {**TABLES["currency"], "DEV": other}})
    Address.create(
        chain="ETH",
        address=OURS,
        script="m/44'/60'/0'/0/0",
        purpose="deposit",
        created_at=rfc3339(NOW),
        created_height=0,
    )
    assert refusal(config, OURS, "DEV")[0] == "address_own"
    with pytest.raises(WithdrawalRefused, match="of the token Tether"):
        check_payee(config, CONTRACT)


@pytest.mark.parametrize("symbol", EVERY)
def test_an_address_of_another_family_is_named(config: Config, symbol: str) -> None:
    for text, name in [
        (SEGWIT, "Litecoin (regtest)"),
        ("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "Bitcoin (main)"),
        ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "Bitcoin Cash (main)"),
    ]:
        code, said = refusal(config, text, symbol)
        assert code == "address_wrong_network"
        assert f"this is an address of {name}, not of Ethereum development" in said


def test_an_evm_address_is_of_another_network_for_a_coin_of_bitcoins_family(
    config: Config,
) -> None:
    for text in in_every_case(GOOD):
        assert refusal(config, text, "LTC")[0] == "address_wrong_network"


@given(text=st.text(max_size=130))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_is_refused_in_words(config: Config, text: str) -> None:
    code, said = refusal(config, text)
    assert code == "address_invalid"
    assert said.isprintable()
