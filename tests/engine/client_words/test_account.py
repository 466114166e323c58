"""The account that support gives: every state is told, in words that a client understands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time

from db.models import Chain
from engine import brakes, queries
from engine.client_words.account import account, told
from engine.config import load_config
from engine.deposits.request import request_deposit
from engine.lifecycle import STATES
from engine.views import CurrencyView
from tests.engine.client_words.test_deposits import TOML, VIEW
from tests.engine.house import NOW, add_client, house
from tests.web.till import Till

INNER = ("suspense", "sub_state", "posting", "ledger", "units", "lease", "None", "{", "wallet:")


@pytest.fixture
def currency(tmp_path: Path) -> CurrencyView:
    path = tmp_path / "cashier.toml"
    path.write_text(TOML)
    config = load_config(path, role="console")
    return CurrencyView(config.currencies["LTC"], None)


@pytest.mark.parametrize(
    ("kind", "state"),
    [(kind, each.name) for kind in ("deposit", "withdrawal") for each in STATES[kind]],
)
def test_every_state_is_told_without_words_of_the_house(
    currency: CurrencyView, kind: str, state: str
) -> None:
    view = replace(VIEW, kind=kind, state=state, units=150_000_000, fee_units=0, sub_state="")
    text = told(view, currency)
    assert text.startswith(f"{kind.capitalize()} of 1.5 LTC")
    assert view.id in text
    assert len(text.splitlines()) >= 2
    assert not [word for word in INNER if word in text]


@pytest.mark.usefixtures("database")
@freeze_time(NOW)
def test_an_account_has_the_balance_and_what_is_under_way(tmp_path: Path) -> None:
    config = house(tmp_path)
    till = Till(config)
    add_client("ann")
    first, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    till.deposit(first.id, 150_000_000)
    second, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    till.see(second.id, 20_000_000)
    text = account(config, "ann", NOW)
    assert text.startswith("Balance: 1.5 LTC, 0.2 LTC on the way in.")
    assert "The amount is in your balance" in text
    assert "on its way into a block" in text
    assert text.index(second.id) < text.index(first.id)


@pytest.mark.usefixtures("database")
@freeze_time(NOW)
def test_a_pause_is_told_without_its_inner_reason(tmp_path: Path) -> None:
    config = house(tmp_path)
    till = Till(config)
    add_client("ann")
    asked, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    till.see(asked.id, 20_000_000)
    Chain.update(state="paused", reason="HTTP 401 at 10.0.0.7").execute()
    brakes.put_on(currency="LTC", kind="withdrawal", reason="audit", staff="cleo", now=NOW)
    text = account(config, "ann", NOW)
    assert "Crediting of LTC is paused at the moment" in text
    assert "10.0.0.7" not in text


@pytest.mark.usefixtures("database")
@freeze_time(NOW)
def test_who_did_nothing_lately_is_told_so(tmp_path: Path) -> None:
    config = house(tmp_path)
    till = Till(config)
    add_client("ann")
    asked, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    till.deposit(asked.id, 150_000_000)
    later = account(config, "ann", NOW + timedelta(days=8))
    assert later.splitlines()[0] == "Balance: 1.5 LTC."
    assert "no payment under way" in later


@pytest.mark.usefixtures("database")
@freeze_time(NOW)
def test_a_request_that_nobody_paid_is_told_only_while_it_is_all(tmp_path: Path) -> None:
    config = house(tmp_path)
    till = Till(config)
    add_client("ann")
    asked, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    assert "Waiting for your coins" in account(config, "ann", NOW)
    till.deposit(asked.id, 150_000_000)
    again, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    assert again.id not in account(config, "ann", NOW)
    assert queries.find_payment(config, again.id).state == "requested"
