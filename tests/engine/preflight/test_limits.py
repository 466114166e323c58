"""On a main network a coin must be worth more than its spending."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.preflight.limits import check_limits
from tests.engine.house import house

LIMITS = {"approve_above": "5", "daily_limit": "50", "total_daily": "500"}
ON_MAIN = {"network": "main", "node": "http://127.0.0.1:1/", "withdrawal": LIMITS}


def secret_file(folder: Path) -> dict[str, object]:
    (folder / "secret").write_text("x" * 40)
    return {"site": {"handshake": {"algorithm": "HS256", "secret": "file:secret"}}}


@pytest.mark.parametrize(
    ("minimum", "ok"), [("0", False), ("0.00000443", False), ("0.00000444", True), ("1", True)]
)
def test_a_minimum_below_the_cost_of_spending_fails(tmp_path: Path, minimum: str, ok: bool) -> None:
    tables = secret_file(tmp_path)
    config = house(tmp_path, tables=tables, deposit_minimum=minimum, **ON_MAIN)
    (found,) = check_limits(config.currencies["LTC"])
    assert found.ok is ok
    assert found.key == "currency.LTC.deposit_minimum"
    assert bool(found.cure) is not ok


def test_development_coins_are_worth_nothing_anyway(tmp_path: Path) -> None:
    assert not list(check_limits(house(tmp_path).currencies["LTC"]))
