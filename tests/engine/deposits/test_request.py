"""Asking for an address: one client, one unused address, one open request, however often."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from db.models import Address, History, Payment
from engine import chains
from engine.chain import Block
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits.expiry import PER_ROUND, expire_requests
from engine.deposits.request import request_deposit
from engine.errors import AddressPoolEmpty, CurrencyUnknown
from tests.engine.house import NOW, add_addresses, house, new_batch
from tests.together import at_once

DAY = timedelta(days=1)


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    made = house(tmp_path, request_ttl="30d")
    chains.ensure(made, NOW)
    return made


def ask(config: Config, client: str = "ann", after: timedelta = timedelta()) -> tuple[str, bool]:
    """The address that the client is given, and whether it is new."""
    view, created = request_deposit(config, client=client, currency="LTC", now=NOW + after)
    assert view.state == "requested"
    assert view.client == client
    return str(view.address), created


def arrive(config: Config, address: str) -> None:
    """What the engine writes when a coin arrives."""
    payment = Payment.get((Payment.address == address) & (Payment.state == "requested"))
    with new_batch(config) as batch:
        batch.move(payment, "see", evidence={}, units=5)
        batch.also(
            lambda: Address.update(used_at=rfc3339(NOW)).where(Address.address == address).execute()
        )


def test_a_first_request_gets_the_oldest_address(config: Config) -> None:
    first, _ = add_addresses(2)
    chains.note_tip("LTC", Block(7, "bb", "aa", 0, 0))
    assert ask(config) == (first, True)
    row = Payment.get()
    assert (row.kind, row.client, row.currency, row.chain) == ("deposit", "ann", "LTC", "LTC")
    assert row.expires_at == rfc3339(NOW + 30 * DAY)
    address = Address.get(Address.client == "ann")
    assert (address.address, address.created_height) == (first, 7)
    [move] = History.select()
    assert (move.actor, move.event) == ("client:ann", "request")


def test_an_unused_address_is_given_again(config: Config) -> None:
    first, _ = add_addresses(2)
    ask(config)
    for days in (0, 1, 29):
        assert ask(config, after=days * DAY) == (first, False)
    assert Payment.select().count() == History.select().count() == 1


def test_after_the_first_arrival_there_is_a_new_address(config: Config) -> None:
    first, second = add_addresses(2)
    ask(config)
    arrive(config, first)
    assert ask(config) == (second, True)
    assert ask(config) == (second, False)
    assert Payment.select().count() == 2


def test_a_request_that_expired_leaves_its_address_to_the_next(config: Config) -> None:
    first, _ = add_addresses(2)
    ask(config)
    later = NOW + 31 * DAY
    assert expire_requests("LTC", lambda: new_batch(config), now=later) == 1
    assert ask(config, after=31 * DAY) == (first, False)
    states = [row.state for row in Payment.select().order_by(Payment.first_seq)]
    assert states == ["expired", "requested"]


def test_clients_do_not_share(config: Config) -> None:
    add_addresses(3)
    given = {ask(config, name)[0] for name in ("ann", "bob", "cid")}
    assert len(given) == 3


def test_an_empty_pool_says_so_and_writes_nothing(config: Config) -> None:
    with pytest.raises(AddressPoolEmpty):
        ask(config)
    assert Payment.select().count() == History.select().count() == 0
    [address] = add_addresses(1)
    assert ask(config) == (address, True)
    with pytest.raises(AddressPoolEmpty):
        ask(config, "bob")
    assert ask(config) == (address, False)


@pytest.mark.parametrize("symbol", ["BTC", "ltc", "", "LTC ", "\x00"])
def test_a_currency_that_is_not_here_is_refused(config: Config, symbol: str) -> None:
    with pytest.raises(CurrencyUnknown):
        request_deposit(config, client="ann", currency=symbol, now=NOW)


def test_an_address_that_somebody_paid_before_it_was_given_is_never_given(config: Config) -> None:
    first, second = add_addresses(2)
    Address.update(used_at=rfc3339(NOW)).where(Address.address == first).execute()
    assert ask(config) == (second, True)
    assert ask(config) == (second, False)


def test_one_client_that_asks_many_times_at_once_has_one_address(config: Config) -> None:
    add_addresses(20)
    outcomes = at_once(12, lambda _: ask(config))
    answers = [each for each in outcomes if not isinstance(each, Exception)]
    assert len(answers) == 12, outcomes
    assert len({address for address, _ in answers}) == 1
    assert [created for _, created in answers].count(True) == 1
    assert Payment.select().count() == History.select().count() == 1
    assert Address.select().where(Address.client == "ann").count() == 1


def test_fifty_clients_at_once_get_fifty_addresses(config: Config) -> None:
    add_addresses(50)
    outcomes = at_once(50, lambda number: ask(config, f"c{number}"))
    answers = [each for each in outcomes if not isinstance(each, Exception)]
    assert len(answers) == 50, outcomes
    assert len({address for address, _ in answers}) == 50
    assert all(created for _, created in answers)
    assert Payment.select().count() == 50


def test_a_request_that_races_with_an_arrival_never_shows_a_used_address_as_new(
    config: Config,
) -> None:
    first, second = add_addresses(2)
    ask(config)

    def act(number: int) -> str:
        if number == 0:
            arrive(config, first)
            return ""
        return request_deposit(config, client="ann", currency="LTC", now=NOW)[0].address or ""

    outcomes = at_once(4, act)
    assert not [each for each in outcomes if isinstance(each, Exception)], outcomes
    assert set(outcomes) <= {"", first, second}
    assert ask(config)[0] == second
    open_now = Payment.select().where(Payment.state == "requested")
    assert [row.address for row in open_now] == [second]


def test_expiry_takes_a_bounded_number_a_round(config: Config) -> None:
    count = PER_ROUND + 3
    with new_batch(config) as batch:
        for number in range(count):
            batch.open(
                kind="deposit",
                client=f"c{number}",
                currency="LTC",
                chain="LTC",
                expires_at=rfc3339(NOW),
                evidence={},
            )
    assert expire_requests("LTC", lambda: new_batch(config), now=NOW) == PER_ROUND
    assert expire_requests("LTC", lambda: new_batch(config), now=NOW) == 3
    assert expire_requests("LTC", lambda: new_batch(config), now=NOW) == 0
