"""What a currency is checked for, beside its node."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.models import Chain
from engine import chains
from engine.clock import rfc3339
from engine.config import Config
from engine.preflight.currency import check_currency, check_node
from engine.preflight.finding import Finding
from tests.engine.house import NOW, add_addresses, house
from tests.nodes.litecoind import Litecoind


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:  # noqa: ARG001  # opened for this thread
    return house(tmp_path, address_pool=4, node="http://user:password@127.0.0.1:1/")


def pool(config: Config) -> Finding:
    found = check_currency(config.currencies["LTC"], now=NOW, with_database=True)
    return next(finding for finding in found if finding.check == "address pool")


def test_a_pool_that_the_engine_never_filled_is_no_fault(config: Config) -> None:
    assert pool(config).ok
    assert "0 of 4" in pool(config).what


def test_a_pool_that_ran_empty_is_one(config: Config) -> None:
    chains.ensure(config, NOW)
    Chain.update(beat_at=rfc3339(NOW)).execute()
    assert not pool(config).ok
    add_addresses(3)
    assert pool(config).ok
    assert "3 of 4" in pool(config).what


def test_without_a_database_the_node_is_still_asked(tmp_path: Path) -> None:
    currency = house(tmp_path, node="http://user:password@127.0.0.1:1/").currencies["LTC"]
    found = list(check_currency(currency, now=NOW, with_database=False))
    assert [(finding.check, finding.ok) for finding in found] == [("node", False)]


def test_a_start_names_only_what_is_wrong_with_the_node(config: Config) -> None:
    (found,) = check_node(config.currencies["LTC"], now=NOW, with_database=True)
    assert str(found.problem) == (
        "currency.LTC.node: connection refused at 127.0.0.1:1; is litecoind running?"
    )


@pytest.mark.node
def test_a_cold_address_must_be_watched(litecoind: Litecoind, tmp_path: Path) -> None:
    address = litecoind.stranger()
    cold = {"address": address}
    currency = house(tmp_path, cold=cold, node=litecoind.url()).currencies["LTC"]

    def found() -> Finding:
        checks = check_currency(currency, now=NOW, with_database=False)
        return next(finding for finding in checks if finding.check == "cold address")

    assert not found().ok
    assert found().cure.startswith(f"importaddress {address}")
    litecoind.cashier("importaddress", address, "cold", False)
    assert found().ok
    assert found().what == f"{address} is watched by the node's wallet"


def test_without_a_cold_wallet_nothing_is_checked(config: Config) -> None:
    checks = check_currency(config.currencies["LTC"], now=NOW, with_database=True)
    assert "cold address" not in {finding.check for finding in checks}
