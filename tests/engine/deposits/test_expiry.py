"""Requests expire when their time is over, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from db.models import History, Payment
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits.expiry import expire_requests
from engine.history import row_of
from tests.engine.house import NOW, PATH_TO, add_deposit, house, new_batch

SECOND = timedelta(seconds=1)


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path)


def expire(config: Config, chain: str = "LTC") -> int:
    return expire_requests(chain, lambda: new_batch(config), now=NOW)


def test_a_request_expires_at_its_moment_and_not_before(config: Config) -> None:
    due = add_deposit(config, "ann", expires_at=rfc3339(NOW), address="a1")
    add_deposit(config, "bob", expires_at=rfc3339(NOW + SECOND))
    add_deposit(config, "cid")
    assert expire(config) == 1
    row = Payment.get(Payment.state == "expired")
    assert (row.id, row.final) == (due.id, True)
    move = row_of(History.get(History.event == "expire"))
    assert move["actor"] == "engine"
    assert move["evidence"] == {"expires_at": rfc3339(NOW), "address": "a1"}
    assert "nobody paid" in move["reason"]
    assert expire(config) == 0


def test_what_has_its_coin_does_not_expire(config: Config) -> None:
    past = rfc3339(NOW - SECOND)
    for number, state in enumerate(sorted(set(PATH_TO) - {"requested", "expired"})):
        add_deposit(config, f"c{number}", state=state, units=1, expires_at=past)
    assert expire(config) == 0


def test_requests_of_another_chain_are_left_to_it(config: Config) -> None:
    add_deposit(config, "ann", chain="BTC", expires_at=rfc3339(NOW - SECOND))
    assert expire(config) == 0
    assert expire(config, chain="BTC") == 1


def test_requests_of_several_clients_expire_together(config: Config) -> None:
    for number in range(5):
        add_deposit(config, f"c{number}", expires_at=rfc3339(NOW - number * SECOND))
    assert expire(config) == 5
    assert Payment.select().where(Payment.state == "expired").count() == 5
