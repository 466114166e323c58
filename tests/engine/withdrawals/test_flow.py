"""Sums and counts behind limits: whose, since when, and what does not count."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from db.models import Payment
from engine.config import Config
from engine.rules import DAY, HOUR
from engine.withdrawals.cancel import cancel_withdrawal
from engine.withdrawals.flow import WithdrawalFlow
from tests.engine.house import NOW, house, new_batch
from tests.engine.withdrawals.purse import COIN, LIMITS, PUBKEY, SEGWIT, ask, fund


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    fund("ann")
    fund("bob")
    return house(tmp_path, withdrawal=LIMITS)


def flow(client: str = "ann", address: str = SEGWIT, units: int = 0) -> WithdrawalFlow:
    return WithdrawalFlow(currency="LTC", client=client, address=address, now=NOW, units=units)


def test_a_window_ends_to_the_microsecond(config: Config) -> None:
    ask(config, now=NOW - HOUR)
    assert flow().of_client(HOUR) == 0
    ask(config, now=NOW - HOUR + timedelta(microseconds=1))
    assert flow().of_client(HOUR) == COIN
    assert flow().of_client(DAY) == 2 * COIN
    assert (flow().count(HOUR), flow().count(DAY)) == (1, 2)


def test_a_client_has_its_own_sum_and_all_have_one(config: Config) -> None:
    ask(config, amount="1")
    ask(config, client="bob", amount="2")
    assert (flow("ann").of_client(DAY), flow("bob").of_client(DAY)) == (COIN, 2 * COIN)
    assert flow().of_all(DAY) == 3 * COIN
    assert flow("ann", units=5).of_client(DAY) == COIN + 5
    assert flow("ann", units=5).count(DAY) == 2


def test_fees_and_what_came_back_do_not_count(config: Config) -> None:
    taken_back = ask(config, amount="4")
    cancel_withdrawal(config, taken_back.id, client="ann", now=NOW)
    ask(config, amount="1")
    assert flow().of_client(DAY) == COIN
    assert flow().count(DAY) == 1


def test_a_clock_that_was_set_back_forgets_nothing(config: Config) -> None:
    ask(config, now=NOW + DAY)
    assert flow().of_client(HOUR) == COIN


def test_an_address_is_new_until_it_was_paid(config: Config) -> None:
    payment = ask(config)
    assert flow().is_new_address()
    row = Payment.get_by_id(payment.id)
    with new_batch(config) as batch:
        batch.move(row, "send", evidence={})
    assert not flow().is_new_address()
    assert flow(address=PUBKEY).is_new_address()
    assert flow("bob").is_new_address()


def test_looking_back_sees_what_was_asked_before(config: Config) -> None:
    first = ask(config, amount="1")
    ask(config, amount="2")
    then = WithdrawalFlow.of(Payment.get_by_id(first.id))
    assert (then.of_client(DAY), then.of_all(DAY), then.count(DAY)) == (COIN, COIN, 1)


def test_sums_are_exact_beyond_what_numbers_of_a_database_hold(config: Config) -> None:
    fund("rich", 4 * 10**25)
    big = "1" + "0" * 17
    ask(config, client="rich", amount=big)
    ask(config, client="rich", amount=f"{big}.00000001")
    assert flow("rich").of_client(DAY) == 2 * 10**25 + 1
