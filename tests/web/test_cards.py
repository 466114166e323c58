"""What the page is made of: the chosen currency, the address in groups, what is under way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import History, Payment
from engine import queries
from engine.client_words.account import account
from engine.clock import utc_now
from engine.config import Config
from engine.deposits.request import request_deposit
from engine.handshake import Grant
from engine.sessions import Session, start_session
from engine.withdrawals.request import request_withdrawal
from tests.web.conftest import BTC, Configure
from tests.web.till import Till
from web.cards import DepositModel, address_groups, card_of, deposit_model, open_first

ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"


def session(currency: str | None = None, action: str = "both") -> Session:
    grant = Grant("CR1042", action, currency, f"t-{currency}-{action}", utc_now())
    return start_session(grant, replaces=None, now=utc_now())[1]


def model(config: Config, visitor: Session, wanted: str | None = None) -> DepositModel:
    return deposit_model(config, visitor, wanted=wanted, now=utc_now())


def ask(config: Config, currency: str = "LTC") -> str:
    return request_deposit(config, client="CR1042", currency=currency, now=utc_now())[0].id


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=90))
def test_groups_are_the_address_and_its_ends_are_compared(address: str) -> None:
    address = address.removeprefix("0x")
    groups = address_groups(address)
    assert "".join(text for text, _ in groups) == address
    compared = "".join(text for text, is_compared in groups if is_compared)
    assert compared.startswith(address[:8])
    assert compared.endswith(address[-8:])


def test_what_stands_before_a_colon_is_one_group_and_not_compared() -> None:
    groups = address_groups("bchreg:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a")
    assert groups[0] == ("bchreg:", False)
    assert groups[1] == ("qpm2", True)


def test_what_every_evm_address_begins_with_is_not_compared() -> None:
    groups = address_groups("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
    assert groups[:3] == (("0x", False), ("7099", True), ("7970", True))
    assert groups[-3:] == (("0e0d", False), ("17dc", True), ("79C8", True))


@pytest.fixture
def two(configure: Configure) -> Config:
    """Two currencies, and a till that is ready."""
    config = configure(currencies=BTC)
    Till(config)
    return config


def test_the_currency_is_what_was_chosen_named_or_asked_for_last(two: Config) -> None:
    def chosen(visitor: Session, wanted: str | None = None) -> str | None:
        terms = model(two, visitor, wanted).terms
        return None if terms is None else terms.symbol

    assert chosen(session()) is None
    assert chosen(session("BTC")) == "BTC"
    assert chosen(session("BTC", "deposit"), "LTC") == "LTC"
    assert chosen(session(None, "deposit"), "XYZ") is None
    ask(two)
    assert chosen(session(None, "withdraw")) == "LTC"


def test_an_address_is_ready_where_the_currency_is_settled(two: Config) -> None:
    open_first(two, session(), now=utc_now())
    open_first(two, session("LTC", "withdraw"), now=utc_now())
    assert Payment.select().count() == 0
    open_first(two, session("LTC"), now=utc_now())
    open_first(two, session("LTC", "deposit"), now=utc_now())
    assert Payment.select().count() == 1


def test_what_ended_is_shown_for_a_day(config: Config, till: Till) -> None:
    payment = ask(config)
    till.deposit(payment, 5_000_000)
    visitor = session()
    assert [card.view.id for card in model(config, visitor).cards] == [payment]
    later = utc_now() + timedelta(days=2)
    assert deposit_model(config, visitor, wanted=None, now=later).cards == ()


def test_a_request_has_its_place_and_no_card(config: Config, till: Till) -> None:
    payment = ask(config)
    shown = model(config, session())
    assert shown.cards == ()
    assert shown.place is not None
    assert shown.place.payment.id == payment
    assert shown.waits
    till.see(payment, 1)
    shown = model(config, session("LTC"))
    assert shown.place is None
    assert [card.view.id for card in shown.cards] == [payment]
    assert shown.again


def test_only_a_pause_that_concerns_the_client_is_shown(two: Config) -> None:
    till = Till(two, addresses=0)
    till.chain("BTC", height=1, state="paused", reason="no peers")
    assert model(two, session(), "LTC").pauses == ()
    assert [pause.symbol for pause in model(two, session("BTC")).pauses] == ["BTC"]
    ask(two, "BTC")
    assert [pause.symbol for pause in model(two, session("LTC"), "LTC").pauses] == ["BTC"]


def test_balances_show_what_is_not_empty(two: Config) -> None:
    till = Till(two, addresses=0)
    assert len(model(two, session()).balances) == 2
    till.deposit(ask(two), 150_000_000)
    assert model(two, session("LTC")).balances == (("LTC", "1.50000000", "", ""),)


def test_a_card_says_when_its_coin_was_seen_not_when_it_was_asked_for(config: Config) -> None:
    till = Till(config)
    payment = ask(config)
    till.see(payment, 50_000_000)
    (card,) = model(config, session()).cards
    seen = History.get((History.payment == payment) & (History.event == "see"))
    assert card.seen == seen.at > card.view.created_at


def test_a_withdrawal_that_failed_says_what_came_back(configure: Configure) -> None:
    config = configure(currencies='withdrawal = { fee = "0.001" }')
    till = Till(config)
    till.fund(300_000_000)
    asked = request_withdrawal(
        config, client="CR1042", currency="LTC", address=ADDRESS, amount="1", now=utc_now()
    )
    till.move(asked.id, "sign", attempt="a" * 32, sub_state="sending")
    till.send(asked.id, height=1001)
    assert queries.returned(queries.find_payment(config, asked.id)) is None
    till.fail(asked.id, kept=40_000)
    view = queries.find_payment(config, asked.id)
    assert queries.returned(view) == 100_060_000
    story = card_of(config, view).story
    assert "1.0006 LTC are back in your balance; 0.0004 LTC of the fee are kept" in story.meaning
    assert story.meaning in account(config, "CR1042", utc_now())
