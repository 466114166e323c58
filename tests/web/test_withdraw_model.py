"""What the withdrawal page is made of: what can be taken, what is under way, what is foreseen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.clock import utc_now
from engine.config import Config
from engine.handshake import Grant
from engine.sessions import Session, start_session
from engine.withdrawals.request import request_withdrawal
from tests.web.conftest import BTC, Configure
from tests.web.till import Till
from web.problems import Refusal
from web.withdraw_model import ALL, Filled, WithdrawModel, mended, review_of, withdraw_model

COIN = 100_000_000
ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
TERMS = 'withdrawal = { fee = "0.001", hold_new_address = true }'


@pytest.fixture
def config(configure: Configure) -> Config:
    return configure(currencies=f"{TERMS}\n{BTC}")


@pytest.fixture
def till(config: Config) -> Till:
    return Till(config)


@pytest.fixture
def visitor() -> Session:
    grant = Grant("CR1042", "both", None, "t-1", utc_now())
    return start_session(grant, replaces=None, now=utc_now())[1]


def model(
    config: Config, visitor: Session, wanted: str | None = "LTC", amount: str = ""
) -> WithdrawModel:
    filled = Filled(amount=amount)
    return withdraw_model(config, visitor, wanted=wanted, filled=filled, now=utc_now())


def test_all_is_the_balance_without_the_fee(config: Config, till: Till, visitor: Session) -> None:
    shown = model(config, visitor, amount=ALL)
    assert shown.terms is not None
    assert (shown.terms.most, shown.filled.amount) == ("", "")
    till.fund(COIN)
    assert model(config, visitor, amount=ALL).filled.amount == "0.999"


def test_what_dust_is_left_cannot_be_taken(config: Config, till: Till, visitor: Session) -> None:
    till.fund(100_000 + 5_489)
    terms = model(config, visitor).terms
    assert terms is not None
    assert terms.most == ""
    till.fund(100_000)  # the smallest deposit that is credited
    terms = model(config, visitor).terms
    assert terms is not None
    assert terms.most == "0.00105489"


def test_only_withdrawals_are_on_it(config: Config, till: Till, visitor: Session) -> None:
    till.fund(3 * COIN)
    assert model(config, visitor).cards == ()
    request_withdrawal(
        config, client="CR1042", currency="LTC", address=ADDRESS, amount="1", now=utc_now()
    )
    [card] = model(config, visitor).cards
    assert card.cancellable
    assert "".join(text for text, _ in card.groups) == ADDRESS


def test_only_a_pause_that_concerns_the_client_is_shown(
    config: Config, till: Till, visitor: Session
) -> None:
    till.chain("BTC", height=1, state="paused", reason="no peers")
    assert model(config, visitor, "LTC").pauses == ()
    [pause] = model(config, visitor, "BTC").pauses
    assert pause.text == "Withdrawals of BTC are paused: no peers."


def test_a_review_foresees_what_will_hold_it(config: Config, till: Till, visitor: Session) -> None:
    till.fund(3 * COIN)
    shown = review_of(
        config, visitor, currency="LTC", address=ADDRESS.upper(), amount="2", now=utc_now()
    )
    assert (shown.address, shown.figure, shown.total) == (
        ADDRESS,
        "2.00000000 LTC",
        "2.00100000 LTC",
    )
    assert shown.left == "0.99900000 LTC"
    assert "first withdrawal to an address" in shown.waits
    assert shown.refused == ""


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("address_own", "address"),
        ("amount_precision", "amount"),
        ("balance_insufficient", "amount"),
        ("limit_exceeded", "amount"),
        ("client_blocked", ""),
        ("currency_unknown", ""),
    ],
)
def test_a_refusal_stands_at_the_field_that_it_is_about(code: str, field: str) -> None:
    found = mended(Refusal(422, code, "it is wrong"), address="a", amount="1")
    assert found == replace(Filled("a", "1"), field=field, problem="It is wrong")
