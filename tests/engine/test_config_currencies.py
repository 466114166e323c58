"""Currencies by configuration alone: known coins, second networks, unknown coins, tokens."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.test_config import Load, load, problems
from tests.engine.toml_text import LTC_NODE, minimal

__all__ = ["load"]

MISTYPED = "0x5FbDB2315678afecb367f032d93F642f64180aa4"  # the last character is another
TOKEN = {"chain": "ETH", "token": "0x" + "ab" * 20, "decimals": 6}
ETH = {
    "chain_id": 31337,
    "node": "http://127.0.0.1:8545",
    "keys": {
        "mnemonic": "legal winner thank year wave sausage worth useful legal winner thank yellow"
    },
}
OWN_COIN = {
    "family": "bitcoin",
    "name": "Example Coin",
    "decimals": 6,
    "uri_scheme": "examplecoin",
    "bech32_hrp": "xyz",
    "confirmations": 20,
    "block_time": 60,
}


def with_currency(symbol: str, **table: Any) -> dict[str, Any]:
    document = minimal()
    document["currency"][symbol] = {"network": "regtest", "node": LTC_NODE, **table}
    return document


def with_evm(**tables: dict[str, Any]) -> dict[str, Any]:
    document = minimal()
    document["currency"] |= tables
    return document


@pytest.mark.parametrize(
    ("symbol", "name", "confirmations"),
    [("BTC", "Bitcoin", 3), ("BCH", "Bitcoin Cash", 15), ("DOGE", "Dogecoin", 40)],
)
def test_a_known_coin_is_two_lines(load: Load, symbol: str, name: str, confirmations: int) -> None:
    currency = load(with_currency(symbol)).currencies[symbol]
    assert (currency.name, currency.confirmations.most) == (name, confirmations)


def test_a_second_network_of_a_coin_is_a_table(load: Load) -> None:
    table = {"network": "test", "node": "http://127.0.0.1:19332/wallet/cashier"}
    document = minimal()
    document["currency"] = {"LTCT": {"coin": "LTC", **table}}
    document["site"]["handshake"]["secret"] = "env:SECRET"
    config = load(document)
    second = config.currencies["LTCT"]
    assert (second.coin.symbol, second.network, second.chain) == ("LTC", "test", "LTCT")
    assert second.parameters.bech32_hrp == "tltc"
    assert not config.sandbox


def test_a_table_overrides_what_is_known_of_its_coin(load: Load) -> None:
    table = {"name": "Ours", "uri_scheme": "ours", "bech32_hrp": "ours", "base58_pubkey": [7]}
    currency = load(with_currency("LTC2", coin="LTC", **table)).currencies["LTC2"]
    assert (currency.name, currency.coin.uri_scheme) == ("Ours", "ours")
    assert currency.parameters.bech32_hrp == "ours"
    assert currency.parameters.base58_pubkey == (7,)
    assert currency.parameters.base58_script == (58, 196)


def test_an_unknown_coin_that_is_described_whole_is_a_currency(load: Load) -> None:
    xyz = load(with_currency("XYZ", **OWN_COIN, deposit_minimum="0.000001")).currencies["XYZ"]
    assert (xyz.decimals, xyz.deposit_minimum, xyz.confirmations.most) == (6, 1, 20)
    assert xyz.coin.block_s == 60


@pytest.mark.parametrize("missing", list(OWN_COIN))
def test_an_unknown_coin_with_a_gap_is_a_problem(load: Load, missing: str) -> None:
    table = {key: value for key, value in OWN_COIN.items() if key != missing}
    found = problems(load, with_currency("XYZ", **table))
    expected = "base58_pubkey" if missing == "bech32_hrp" else missing
    assert f"currency.XYZ.{expected}" in found


def test_a_network_that_a_coin_does_not_have_is_a_problem(load: Load) -> None:
    found = problems(load, with_currency("DOGE", network="signet"))
    assert "main, test, regtest" in found["currency.DOGE.network"]


@pytest.mark.parametrize("key", ["network", "node"])
def test_what_every_currency_needs_is_asked_for(load: Load, key: str) -> None:
    document = minimal()
    del document["currency"]["LTC"][key]
    for role in ("engine", "web"):
        assert list(problems(load, document, role=role)) == [f"currency.LTC.{key}"]


@pytest.mark.parametrize("symbol", ["ltc", "L-T", "ŁTC", "1", "A" * 17, ""])
def test_a_symbol_is_capitals_and_digits(load: Load, symbol: str) -> None:
    assert len(problems(load, with_currency(symbol, coin="LTC"))) == 1


def test_keys_of_the_other_family_are_refused(load: Load) -> None:
    table = {"chain_id": 31337, "sweep": {"above": "1"}, "keys": {"mnemonic": "words"}}
    assert set(problems(load, minimal(**table))) == {
        "currency.LTC.chain_id",
        "currency.LTC.sweep",
        "currency.LTC.keys",
    }


@pytest.mark.parametrize(
    "address", ["nonsense", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "rltc1q"]
)
def test_a_cold_address_must_be_one_of_this_network(load: Load, address: str) -> None:
    document = minimal(cold={"address": address}, top_up_from=[address])
    assert set(problems(load, document)) == {
        "currency.LTC.cold.address",
        "currency.LTC.top_up_from[0]",
    }


def test_a_broken_key_does_not_hide_the_problems_of_the_others(load: Load) -> None:
    document = minimal(network="regtest", poll="fast", finality=2, cold={"address": "x"})
    assert set(problems(load, document)) == {
        "currency.LTC.poll",
        "currency.LTC.finality",
        "currency.LTC.cold.address",
    }


def test_a_token_follows_its_chain_wherever_it_stands_in_the_file(load: Load) -> None:
    currencies = load(with_evm(USDT=TOKEN, ETH=ETH)).currencies
    ether, token = currencies["ETH"], currencies["USDT"]
    assert (ether.network, ether.confirmations.most, ether.finality) == ("development", 12, 64)
    assert ether.tokens == (token,)
    assert (token.chain, token.decimals, token.token) == ("ETH", 6, TOKEN["token"])
    assert (token.node, token.confirmations) == (ether.node, ether.confirmations)


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"ETH": {"node": "http://127.0.0.1:8545"}}, "currency.ETH.chain_id"),
        ({"ETH": ETH, "USDT": TOKEN | {"chain": "LTC2"}}, "currency.USDT.chain"),
        ({"ETH": ETH, "USDT": TOKEN | {"chain": "USDT"}}, "currency.USDT.chain"),
        ({"ETH": ETH, "USDT": TOKEN | {"token": "0x12"}}, "currency.USDT.token"),
        ({"ETH": ETH, "USDT": TOKEN | {"token": MISTYPED}}, "currency.USDT.token"),
        ({"ETH": ETH, "USDT": TOKEN | {"node": "http://h:1"}}, "currency.USDT.node"),
        ({"ETH": ETH, "USDT": {"chain": "ETH", "decimals": 6}}, "currency.USDT.token"),
        ({"ETH": ETH, "USDT": {**TOKEN, "network": "main"}}, "currency.USDT.network"),
        (
            {"ETH": ETH, "USDT": TOKEN, "USDC": TOKEN | {"token": "0x" + "AB" * 20}},
            "currency.USDC.token",
        ),
        ({"ETH": ETH | {"chain_id": 1, "node": "embedded"}}, "currency.ETH.node"),
        ({"ETH": ETH | {"keys": {"keystore": "file:x"}}}, "currency.ETH.keys"),
        ({"ETH": ETH | {"keys": {"passphrase": "file:x"}}}, "currency.ETH.keys"),
        ({"ETH": {"chain_id": 1, "node": "http://h:1"}}, "currency.ETH.keys"),
    ],
)
def test_evm_currencies_are_judged_too(
    load: Load, tables: dict[str, dict[str, Any]], expected: str
) -> None:
    assert expected in problems(load, with_evm(**tables), role="web")


def test_what_the_network_takes_for_a_token_is_an_amount_of_the_chains_coin(load: Load) -> None:
    caps = {"withdrawal": {"fee_max": "0.002", "fee": "2"}, "sweep": {"above": "5", "fee_max": "1"}}
    token = load(with_evm(USDT=TOKEN | caps, ETH=ETH)).currencies["USDT"]
    assert (token.withdrawal.fee_max, token.withdrawal.fee) == (2 * 10**15, 2_000_000)
    assert token.sweep is not None
    assert (token.sweep.above, token.sweep.fee_max) == (5_000_000, 10**18)


def test_a_share_of_a_token_bounds_no_fee(load: Load) -> None:
    table = TOKEN | {"withdrawal": {"fee_max_share": "0.05"}}
    found = problems(load, with_evm(ETH=ETH, USDT=table))
    assert "currency.USDT.withdrawal.fee_max_share" in found


def test_a_token_of_a_main_network_needs_a_cap_of_its_fee(load: Load) -> None:
    limits = {"approve_above": "1", "daily_limit": "1", "total_daily": "1"}
    main = ETH | {"chain_id": 1, "node": "http://192.0.2.1:8545", "withdrawal": limits}
    tables = {"ETH": main, "USDT": TOKEN | {"withdrawal": limits}}
    assert "currency.USDT.withdrawal.fee_max" in problems(load, with_evm(**tables), role="web")
    for symbol, table in tables.items():
        capped = {symbol: table | {"withdrawal": limits | {"fee_max": "0.01"}}}
        found = problems(load, with_evm(**tables | capped), role="web")
        assert "currency.USDT.withdrawal.fee_max" not in found


def test_a_token_without_decimals_is_a_problem(load: Load) -> None:
    table = {key: value for key, value in TOKEN.items() if key != "decimals"}
    assert "currency.USDT.decimals" in problems(load, with_evm(ETH=ETH, USDT=table))


@pytest.mark.parametrize("role", ["engine", "web"])
def test_the_embedded_chain_is_a_sandbox_for_every_role(load: Load, role: str) -> None:
    document = with_evm(ETH={"node": "embedded", "keys": ETH["keys"]})
    assert load(document, role=role).currencies["ETH"].sandbox


@pytest.mark.parametrize(
    ("symbol", "limits", "least"),
    [
        ("LTC", {}, 5_490),
        ("LTC", {"minimum": "0.00001"}, 5_490),
        ("LTC", {"minimum": "0.002"}, 200_000),
        ("BTC", {}, 549),
        ("DOGE", {}, 1_006_500),
    ],
)
def test_the_least_withdrawal_is_never_dust(
    load: Load, symbol: str, limits: dict[str, str], least: int
) -> None:
    currency = load(with_currency(symbol, withdrawal=limits)).currencies[symbol]
    assert currency.least_withdrawal == least
