"""`cashier check` says what a sweep may cost today, and whether anybody may pay it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.config import Currency
from engine.preflight.finding import Finding
from engine.preflight.sweeps import check_sweeps, cost, judge_price
from engine.sending import Rates
from tests.engine.sweeps.conftest import OpenSweeping, open_sweeping
from tests.engine.sweeps.life import DEEP, ETHER
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import ether
from tests.nodes.contracts import deploy

__all__ = ["open_sweeping"]

GWEI = 10**9
RATES = Rates(base=10 * GWEI, tip=GWEI)  # 21,000 gas may cost 0.000441
NOWHERE = "http://127.0.0.1:1"


def _judged(currency: Currency, ground: Currency) -> dict[str, Finding]:
    return {each.check: each for each in judge_price(currency, ground, RATES)}


def _coin(folder: Path, **keys: object) -> Currency:
    return ether(folder, NOWHERE, {"USDT": "0x" + "11" * 20}, decimals=6, **keys)


def test_a_price_above_the_cap_is_named(tmp_path: Path) -> None:
    dear = _coin(tmp_path, sweep={"above": "1", "fee_max": "0.0004"})
    finding = _judged(dear, dear)["sweep"]
    assert not finding.ok
    assert finding.what == "one may cost 0.000441 ETH today, more than fee_max of 0.0004"
    cheap = _coin(tmp_path, sweep={"above": "1", "fee_max": "0.0005"})
    assert _judged(cheap, cheap)["sweep"].ok


def test_a_token_costs_its_top_up_too_and_is_capped_by_its_coin(tmp_path: Path) -> None:
    coin = _coin(tmp_path, withdrawal={"fee_max": "0.001"})
    (token,) = coin.tokens
    assert cost(token, RATES) == 86_000 * 21 * GWEI
    assert not _judged(token, coin)["sweep"].ok
    assert _judged(coin, coin)["sweep"].ok
    assert "deposit minimum" not in _judged(token, coin)


@pytest.mark.parametrize(("minimum", "ok"), [("0.001322", False), ("0.001323", True)])
def test_on_main_networks_small_deposits_must_be_worth_a_sweep(
    tmp_path: Path,
    minimum: str,
    ok: bool,
) -> None:
    coin = _coin(tmp_path, deposit_minimum=minimum)
    assert "deposit minimum" not in _judged(coin, coin)
    main = replace(coin, sandbox=False, network="main")
    assert _judged(main, main)["deposit minimum"].ok == ok


@pytest.mark.node
def test_own_funds_are_missed_when_there_is_something_to_sweep(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    house = open_sweeping(tokens={"USDT": deploy(anvil, "Good")})
    coin = house.config.currencies["ETH"]

    def own_funds() -> Finding:
        found = {each.name: each for each in check_sweeps(coin, with_database=True)}
        assert found["ETH sweep"].ok
        assert found["USDT sweep"].ok
        return found["ETH own funds"]

    assert own_funds().ok
    house.pay_in("ann", ETHER)
    house.mine(DEEP)
    assert not own_funds().ok
    assert "nothing is swept" in own_funds().what
    house.fund()
    assert own_funds().ok


@pytest.mark.usefixtures("database")
def test_a_node_that_is_down_is_named_by_other_checks(tmp_path: Path) -> None:
    assert list(check_sweeps(_coin(tmp_path), with_database=True)) == []
