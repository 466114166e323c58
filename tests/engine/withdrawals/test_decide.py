"""Go, hold or refuse: rules first, then limits, and nothing passes over a hook that says no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.models import Payment
from engine.config import Currency
from engine.risk import NO_ANSWER, Answer
from engine.rules import DAY, HOUR
from engine.withdrawals.decide import (
    GO,
    HELD_AMOUNT,
    HELD_NEW_ADDRESS,
    HELD_TOTAL,
    Risk,
    Verdict,
    decide,
    recheck,
)
from tests.engine.house import house
from tests.engine.test_rules import Figures
from tests.engine.withdrawals.purse import COIN, ask, fund

NO: Risk = (Answer.REFUSE, "on a list")
SILENT: Risk = (Answer.HOLD, NO_ANSWER)
YES: Risk = (Answer.ALLOW, "")


def currency(folder: Path, *rules: dict[str, Any], **limits: Any) -> Currency:
    tables = {
        "rule": [
            {"name": f"r{at}", "kind": "withdrawal", "currency": "LTC", **rule}
            for at, rule in enumerate(rules)
        ]
    }
    return house(folder, tables=tables, withdrawal=limits).currencies["LTC"]


def verdict(
    settings: Currency, units: int = COIN, risk: Risk | None = None, **flow: Any
) -> Verdict:
    return decide(settings, client="ann", units=units, flow=Figures(**flow), risk=risk)


def test_without_limits_it_goes(tmp_path: Path) -> None:
    assert verdict(currency(tmp_path)) is GO
    assert verdict(currency(tmp_path), risk=YES) is GO


def test_limits_of_the_currency_hold(tmp_path: Path) -> None:
    settings = currency(
        tmp_path,
        approve_above="2",
        approvals_required=2,
        hold_new_address=True,
        total_hourly="5",
        total_daily="20",
    )
    assert verdict(settings, 2 * COIN) is GO
    assert verdict(settings, 2 * COIN + 1) == Verdict("hold", HELD_AMOUNT, "approve_above", 2)
    assert verdict(settings, new=True) == Verdict("hold", HELD_NEW_ADDRESS, "hold_new_address", 2)
    assert verdict(settings, all={HOUR: 5 * COIN, DAY: 20 * COIN}) is GO
    assert verdict(settings, all={HOUR: 5 * COIN + 1}).rule == "total_hourly"
    assert verdict(settings, all={DAY: 20 * COIN + 1}) == Verdict(
        "hold", HELD_TOTAL, "total_daily", 2
    )


def test_a_rule_holds_with_its_own_count_of_persons(tmp_path: Path) -> None:
    settings = currency(
        tmp_path,
        {"above": "1", "then": "hold", "approvals_required": 3, "reason": "Larger than usual"},
        approve_above="1",
    )
    assert verdict(settings, 2 * COIN) == Verdict("hold", "Larger than usual", "r0", 3)


def test_an_allow_passes_over_the_limits_of_one_withdrawal_only(tmp_path: Path) -> None:
    settings = currency(
        tmp_path,
        {"clients": ["ann"], "then": "allow"},
        approve_above="1",
        hold_new_address=True,
        total_daily="20",
    )
    assert verdict(settings, 9 * COIN, new=True) is GO
    assert verdict(settings, 9 * COIN, all={DAY: 21 * COIN}).rule == "total_daily"
    assert verdict(settings, risk=SILENT) == Verdict("hold", NO_ANSWER, "risk", 1)
    assert verdict(settings, risk=NO) == Verdict("refuse", "on a list", "risk")


def test_a_refusal_comes_before_every_hold(tmp_path: Path) -> None:
    settings = currency(tmp_path, {"above": "5", "then": "refuse"}, approve_above="1")
    assert verdict(settings, 6 * COIN).event == "refuse"
    assert verdict(settings, 2 * COIN, risk=NO).event == "refuse"
    assert verdict(settings, 2 * COIN, risk=SILENT).rule == "approve_above"


@pytest.mark.usefixtures("database")
def test_what_should_have_been_held_is_found_whatever_its_row_says(tmp_path: Path) -> None:
    lax = house(tmp_path, withdrawal={})
    fund("ann")
    first = ask(lax, amount="3").id
    second = ask(lax, amount="2").id
    strict = currency(tmp_path, approve_above="2", total_daily="4")
    assert recheck(strict, Payment.get_by_id(first)).rule == "approve_above"
    assert recheck(strict, Payment.get_by_id(second)).rule == "total_daily"
    assert recheck(lax.currencies["LTC"], Payment.get_by_id(first)) is GO
