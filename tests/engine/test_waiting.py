"""What a payment waits for, in words; every open state has some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine import queries
from engine.config import Config
from engine.deposits import rules
from engine.lifecycle import STATES
from engine.queries import OPEN_STATES, PaymentView
from engine.waiting import owner_of, waits_for
from tests.engine.house import add_client, add_deposit, house


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:  # noqa: ARG001  # opened for this thread
    return house(tmp_path, book_above="1")


@pytest.fixture
def view(config: Config) -> PaymentView:
    add_client("ann")
    payment = add_deposit(config, "ann", state="held", units=1)
    return queries.find_payment(config, payment.id)


def _said(config: Config, view: PaymentView, **changes: object) -> str:
    changed = replace(view, **changes)  # type: ignore[arg-type]  # fields of a view by name
    return waits_for(config, [changed])[view.id]


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("state", OPEN_STATES)
def test_whatever_is_open_waits_for_something(
    config: Config, view: PaymentView, kind: str, state: str
) -> None:
    assert _said(config, view, kind=kind, state=state)
    assert owner_of(replace(view, kind=kind, state=state)) != "nobody"


def test_blocks_are_counted(config: Config, view: PaymentView) -> None:
    pending = replace(view, state="pending", confirmations_required=3)
    said = [_said(config, replace(pending, confirmations=n)) for n in range(5)]
    assert said == ["its first block", "2 more blocks", "1 more block", "the engine", "the engine"]


def test_a_coin_of_nobody_waits_for_someone_to_book_it(config: Config, view: PaymentView) -> None:
    assert _said(config, view, client=None) == "someone to book it"
    assert _said(config, view, reason=rules.HELD_BELOW_MINIMUM) == "someone to book it"
    large = _said(config, view, client=None, units=10**9)
    assert large == "2 persons to book it"


def test_a_held_payment_waits_for_staff(config: Config, view: PaymentView) -> None:
    assert _said(config, view) == "an approval"
    assert _said(config, view, unsettled=True) == "its coin to settle"


def test_a_withdrawal_says_why_it_is_not_sent(config: Config, view: PaymentView) -> None:
    asked = replace(view, kind="withdrawal", state="requested")
    assert _said(config, asked) == "the sender"
    assert _said(config, asked, reason="the hot wallet has too little") == (
        "the hot wallet has too little"
    )
    assert _said(config, asked, reason="waiting for funds") == "funds"
    assert _said(config, asked, sub_state="sending") == "its chain tx to be seen"


def test_a_withdrawal_that_is_sent_says_why_no_more_is_offered(
    config: Config, view: PaymentView
) -> None:
    sent = replace(view, kind="withdrawal", state="pending", confirmations=0)
    assert _said(config, sent, reason="") == "its first block"
    dear = "the network's fee rate is above fee_rate_max now"
    assert _said(config, sent, reason=f"waiting: {dear}") == dear


def test_what_is_at_its_end_waits_for_nothing(config: Config, view: PaymentView) -> None:
    assert _said(config, view, state="credited") == ""
    assert _said(config, view, state="refused") == "to be paid back"
