"""The checks before a debit, in their strict order, and what a withdrawal costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from db.models import Client
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import AmountError, BalanceInsufficient, CashierError, WithdrawalRefused
from engine.ledger import WALLET_DEPOSITS, client_account, shift
from engine.withdrawals.quote import Quote, available, quote
from tests.engine.house import NOW, house, post_alone
from tests.engine.withdrawals.purse import COIN, LIMITS, SEGWIT, ask, fund

GOOD: dict[str, Any] = {"currency": "LTC", "address": SEGWIT, "amount": "1"}


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    fund("ann")
    return house(tmp_path, withdrawal={**LIMITS, "daily_limit": "5"})


def wish(config: Config, **changed: Any) -> Quote:
    return quote(config, client="ann", now=NOW, **{**GOOD, **changed})


def code(config: Config, **changed: Any) -> str:
    with pytest.raises(CashierError) as refused:
        wish(config, **changed)
    return refused.value.code


def test_a_quote_adds_the_fee(config: Config) -> None:
    found = wish(config, address=SEGWIT.upper())
    assert (found.address, found.units, found.fee) == (SEGWIT, COIN, 100_000)
    assert found.total == COIN + 100_000


def test_the_first_thing_wrong_is_what_is_said(config: Config) -> None:
    Client.create(id="ann", created_at=rfc3339(NOW), blocked=True)
    wrong: dict[str, Any] = {"currency": "XYZ", "amount": 1, "address": "nowhere"}
    assert code(config, **wrong) == "currency_unknown"
    wrong["currency"] = "LTC"
    assert code(config, **wrong) == "amount_invalid"
    wrong["amount"] = "0.000000001"
    assert code(config, **wrong) == "amount_precision"
    wrong["amount"] = "0.009"
    assert code(config, **wrong) == "amount_below_minimum"
    wrong["amount"] = "100"
    assert code(config, **wrong) == "address_invalid"
    wrong["address"] = SEGWIT
    assert code(config, **wrong) == "client_blocked"
    Client.update(blocked=False).execute()
    assert code(config, **wrong) == "limit_exceeded"


@pytest.mark.parametrize("currency", [None, 1, [], {}, "", "ltc", "LTC ", "XYZ", "\0", "L" * 9999])
def test_an_unknown_currency_is_named_as_such(config: Config, currency: object) -> None:
    assert code(config, currency=currency) == "currency_unknown"


@pytest.mark.parametrize(
    "amount",
    [
        None,
        1,
        1.5,
        True,
        [],
        {},
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1e3",
        "1,5",
        ".5",
        "1.",
        "01",
        "\uff11",
    ],
)
def test_an_amount_of_another_form_is_refused(config: Config, amount: object) -> None:
    with pytest.raises(AmountError):
        wish(config, amount=amount)


def test_what_no_node_would_relay_is_below_the_minimum(database: str, tmp_path: Path) -> None:
    assert database
    fund("ann")
    config = house(tmp_path, withdrawal={})
    for amount in ("0", "0.00000001", "0.00000546", "0.00005489"):
        assert code(config, amount=amount) == "amount_below_minimum"
    assert wish(config, amount="0.0000549").units == 5_490


def test_the_whole_balance_needs_the_fee_too(config: Config) -> None:
    fund("bob", COIN)
    with pytest.raises(BalanceInsufficient, match=r"1\.001 LTC are needed.*1 LTC are available"):
        quote(config, client="bob", now=NOW, **GOOD)
    assert quote(config, client="bob", now=NOW, **{**GOOD, "amount": "0.999"}).total == COIN


def test_the_limit_of_a_day_counts_what_was_asked_for(config: Config) -> None:
    ask(config, amount="4")
    assert wish(config, amount="1").units == COIN
    with pytest.raises(WithdrawalRefused, match="at most 5 LTC can be withdrawn in 24 hours"):
        wish(config, amount="1.00000001")


def test_what_a_client_has_may_be_below_zero(config: Config) -> None:
    assert available("ann", config.currencies["LTC"]) == 10 * COIN
    account = client_account("owes")
    taken_back = shift("reverse", "LTC", COIN, to=account, out_of=WALLET_DEPOSITS)
    fund("ann")
    post_alone(replace(taken_back, overdraw=True))
    assert available("owes", config.currencies["LTC"]) == -COIN
