"""Clients as support sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from freezegun import freeze_time

from db.models import Client
from engine import client_figures as clients
from engine.clock import rfc3339
from engine.config import Config
from engine.deposits.request import request_deposit
from tests.engine.house import NOW, add_client, house
from tests.web.till import Till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return house(tmp_path)


def test_pages_go_through_all_clients_by_id(config: Config) -> None:
    for name in ("CR3", "CR1", "XY9", "CR2"):
        add_client(name)
    first = clients.page(config, limit=2)
    rest = clients.page(config, after=first[-1].id, limit=9)
    assert [row.id for row in (*first, *rest)] == ["CR1", "CR2", "CR3", "XY9"]
    assert [row.id for row in clients.page(config, skip=1, limit=2)] == ["CR2", "CR3"]
    assert clients.count() == 4


@pytest.mark.parametrize("find", ["CR", "CR3", "cr", "%", "_R3", "CR3'; --", "\U0010ffff"])
def test_an_id_is_found_by_its_beginning_as_it_is_written(config: Config, find: str) -> None:
    for name in ("CR3", "XY9"):
        add_client(name)
    wanted = [name for name in ("CR3", "XY9") if name.startswith(find)]
    assert [row.id for row in clients.page(config, find)] == wanted
    assert clients.count(find) == len(wanted)


@freeze_time(NOW)
def test_a_client_has_balances_addresses_and_what_is_open(config: Config) -> None:
    till = Till(config)
    add_client("ann")
    first, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    till.deposit(first.id, 150_000_000)
    second, _ = request_deposit(config, client="ann", currency="LTC", now=NOW)
    found = clients.figures(config, "ann", NOW)
    assert found is not None
    assert found.line.funds == (("LTC", 8, 150_000_000),)
    assert found.line.open == 0, "a request that nobody paid is no payment under way"
    given = {each.address: each.used_at is not None for each in found.addresses}
    assert given == {first.address: True, second.address: False}
    till.see(second.id, 5)
    assert clients.lines_of(config, ["ann"])[0].open == 1


def test_a_block_is_told_with_its_reason(config: Config) -> None:
    add_client("ann")
    Client.update(blocked=True, blocked_reason="court order", blocked_at=rfc3339(NOW)).execute()
    found = clients.figures(config, "ann", NOW)
    assert found is not None
    assert (found.line.blocked, found.line.blocked_reason) == (True, "court order")
    assert found.blocked_at == rfc3339(NOW)


def test_who_was_never_seen_has_no_figures(config: Config) -> None:
    assert clients.figures(config, "nobody", NOW) is None
