"""The public JSON of payments, balances, currencies and chains has the keys of the contract."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from engine import chains, queries
from engine.chain import Block, Health, Trust
from engine.config import Config
from engine.ledger import NewEntry, shift
from engine.views import HistoryView
from tests.engine.house import NOW, add_deposit, house, new_batch, post_alone

PAYMENT = (
    "id kind client currency network amount fee address uri state sub_state unsettled reason"
    " confirmations confirmations_required txid index created_at updated_at"
)
CURRENCY = {"symbol", "name", "network", "decimals", "confirmations", "deposits"}


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    made = house(tmp_path, deposit_minimum="0.001", confirmations=[[1, "0.01"], [3, "10"], [6]])
    chains.ensure(made, NOW)
    return made


def test_a_payment_has_the_keys_of_the_contract(config: Config) -> None:
    payment = add_deposit(config, address="rltc1qxyz")
    shown = queries.find_payment(config, payment.id).as_json()
    assert list(shown) == PAYMENT.split()
    assert shown["amount"] is shown["fee"] is shown["txid"] is shown["index"] is None
    assert (shown["sub_state"], shown["reason"], shown["unsettled"]) == (None, None, False)
    assert shown["uri"] == "litecoin:rltc1qxyz"
    assert shown["network"] == "regtest"
    assert json.loads(json.dumps(shown)) == shown


def test_amounts_are_strings_in_whole_coins(config: Config) -> None:
    payment = add_deposit(config, state="pending", units=150_000_001)
    with new_batch(config) as batch:
        batch.touch(payment, fee_units=10)
    shown = queries.find_payment(config, payment.id).as_json()
    assert (shown["amount"], shown["fee"]) == ("1.50000001", "0.0000001")


def test_confirmations_follow_the_tip(config: Config) -> None:
    payment = add_deposit(config, state="pending", units=1)
    with new_batch(config) as batch:
        batch.touch(payment, block_hash="bb", block_height=10, required=3)
    for tip, confirmations in ((9, 0), (10, 1), (12, 3), (1000, 991)):
        chains.note_tip("LTC", Block(tip, f"{tip}", "", 0, 0))
        view = queries.find_payment(config, payment.id)
        assert (view.confirmations, view.confirmations_required) == (confirmations, 3)


def test_before_anything_arrived_the_least_amount_tells_the_confirmations(config: Config) -> None:
    payment = add_deposit(config)
    assert queries.find_payment(config, payment.id).confirmations_required == 1
    [currency] = queries.currencies(config)
    assert currency.as_json()["confirmations"] == 1


def test_the_amount_of_a_currency_that_is_gone_is_not_guessed(
    config: Config, tmp_path: Path
) -> None:
    payment = add_deposit(config, state="credited", units=150_000_000)
    (tmp_path / "later").mkdir()
    later = house(tmp_path / "later")
    later.currencies.pop("LTC")  # type: ignore[attr-defined]  # a mapping that the test may change
    view = queries.find_payment(later, payment.id)
    assert (view.amount, view.network, view.uri) == (None, "", None)
    assert view.state == "credited"


def test_a_client_sees_less_of_a_history_than_staff(config: Config) -> None:
    payment = add_deposit(config)
    evidence = {"txid": "aa", "confirmations": 1, "entry": [["house", "LTC", "1"]], "tip_hash": "x"}
    with new_batch(config) as batch:
        batch.move(payment, "see", evidence=evidence, reason="seen", units=5)
    first, second = queries.history(config, payment.id)
    assert isinstance(first, HistoryView)
    public = second.as_json(public=True)
    assert set(public) == {"event", "from", "to", "at", "reason", "evidence"}
    assert public["evidence"] == {"txid": "aa", "confirmations": 1}
    whole = second.as_json()
    assert whole["evidence"] == evidence
    assert (whole["actor"], whole["seq"], whole["hash"]) == ("engine", 2, second.hash)
    assert (whole["event"], whole["from"], whole["to"]) == ("see", "requested", "pending")
    assert first.as_json()["reason"] is None


def test_a_balance_has_the_keys_of_the_contract(config: Config) -> None:
    post_alone(shift("credit", "LTC", 150_000_000, to="wallet:deposits", out_of="client:ann"))
    [balance] = queries.balances(config, "ann")
    assert balance.as_json() == {
        "currency": "LTC",
        "available": "1.5",
        "pending": "0",
        "in_transit": "0",
    }


def test_a_debt_is_shown_below_zero(config: Config) -> None:
    lines = shift("reverse", "LTC", 5, to="client:ann", out_of="house").lines
    post_alone(NewEntry("reverse", lines, overdraw=True))
    [balance] = queries.balances(config, "ann")
    assert balance.as_json()["available"] == "-0.00000005"


def test_a_currency_says_whether_deposits_are_open_and_why_not(config: Config) -> None:
    [view] = queries.currencies(config)
    shown = view.as_json()
    assert set(shown) >= CURRENCY
    assert (shown["symbol"], shown["name"], shown["decimals"]) == ("LTC", "Litecoin", 8)
    paused = {"state": "paused", "reason": "not contacted yet", "minimum": "0.001"}
    assert shown["deposits"] == paused
    chains.note_health("LTC", Health(Trust.FULL), NOW)
    [view] = queries.currencies(config)
    assert view.as_json()["deposits"] == {"state": "open", "reason": None, "minimum": "0.001"}
    chains.note_trouble("LTC", "the node does not answer", NOW + timedelta(seconds=1))
    [view] = queries.currencies(config)
    assert view.as_json()["deposits"]["reason"] == "the node does not answer"


def test_a_chain_says_how_far_it_is_followed(config: Config) -> None:
    [view] = queries.chains(config)
    assert (view.as_json()["height"], view.as_json()["behind"]) == (None, None)
    chains.note_tip("LTC", Block(7, "bb", "aa", 0, 0))
    chains.note_health("LTC", Health(Trust.FULL, tip=Block(9, "dd", "cc", 0, 0)), NOW)
    [view] = queries.chains(config)
    shown = view.as_json()
    assert (shown["height"], shown["hash"], shown["behind"]) == (7, "bb", 2)
    assert (shown["currency"], shown["state"], shown["reason"]) == ("LTC", "well", None)
