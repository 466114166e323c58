"""A database that was restored from an older copy has forgotten what it paid, and must not pay
again: the node has less than such books explain, which is looked at before anything is signed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from db.attempts import Attempt
from db.findings import Reconciliation
from db.models import Client, Payment
from engine import address_pool, chains
from engine.chain import Unspent
from engine.clock import rfc3339, utc_now
from engine.config import Config, load_config
from engine.deposits.request import request_deposit
from engine.errors import TipMoved
from engine.reconciliation.cover import LESS_THERE, NOT_COMPARED
from engine.reconciliation.reconciler import OVERTAKEN_MAX, Reconciler
from tests.engine.deposits.life import COIN, write_config
from tests.engine.running import running
from tests.engine.wishes import Wish, ask
from tests.nodes.fake import FakeChain
from tests.nodes.ports import wait_until

COINS = 3
PAYEE = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"


def _house(folder: Path, url: str) -> Config:
    table: dict[str, object] = {"confirmations": 1, "poll": 0.2, "address_pool": 3}
    table |= {"batch.every": 0, "withdrawal.minimum": "0.01"}
    return load_config(write_config(folder, url, {"LTC": table}), role="engine")


def _fund(config: Config, node: FakeChain) -> None:
    chains.ensure(config, utc_now())
    address_pool.refill("LTC", node, target=1, now=utc_now(), guard=lambda: None)
    Client.create(id="ann", created_at=rfc3339(utc_now()))
    view, _ = request_deposit(config, client="ann", currency="LTC", now=utc_now())
    node.valid.add(PAYEE)
    for _ in range(COINS):
        node.pay(str(view.address), COIN)
    node.mine(2)


def _credited() -> int:
    return Payment.select().where(Payment.state == "credited").count()


def _compared() -> int:
    return int(Reconciliation.get().height)


def _copy(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _state(payment: str) -> tuple[str, str]:
    row = Payment.get_by_id(payment)
    return row.state, row.reason


def _paid(node: FakeChain, address: str) -> int:
    return sum(tx.outputs.count((address, COIN)) for tx in node.txs.values())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_paid_is_not_paid_again_from_a_copy_that_forgot_it(
    database: str, tmp_path: Path
) -> None:
    config, node = _house(tmp_path, database), FakeChain("LTC")
    _fund(config, node)
    copy = str(tmp_path / "copy.db")
    with running(config, {"LTC": node}):
        wait_until(lambda: _credited() == COINS, what="the credits")
    payment = ask(config, Wish("ann", PAYEE, "1", "key"))
    _copy(urlsplit(database).path, copy)
    with running(config, {"LTC": node}):
        wait_until(lambda: _state(payment)[0] == "pending", what="the send")
        node.mine(2)
        wait_until(lambda: _state(payment)[0] == "credited", what="the end")
    assert _paid(node, PAYEE) == 1
    _copy(copy, urlsplit(database).path)
    assert (_state(payment)[0], Attempt.select().count()) == ("requested", 0), "it has forgotten"
    with running(config, {"LTC": node}):
        wait_until(lambda: _state(payment) == ("requested", LESS_THERE), what="the pause")
        node.mine(1)
        wait_until(
            lambda: Reconciliation.get().height == len(node.active) - 1, what="a second look"
        )
    assert (_state(payment), Attempt.select().count()) == (("requested", LESS_THERE), 0)
    assert _paid(node, PAYEE) == 1, "nobody is paid twice"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_paid_before_books_and_chain_were_compared(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, node = _house(tmp_path, database), FakeChain("LTC")
    _fund(config, node)
    with running(config, {"LTC": node}):
        wait_until(lambda: _credited() == COINS, what="the credits")
    payment = ask(config, Wish("ann", PAYEE, "1", "key"))
    with monkeypatch.context() as patched, running(config, {"LTC": node}):
        patched.setattr(Reconciler, "follow", lambda *_: None)
        wait_until(lambda: _state(payment) == ("requested", NOT_COMPARED), what="the reason")
    with running(config, {"LTC": node}):
        wait_until(lambda: _state(payment) == ("pending", ""), what="the send after it")


class HurriedChain(FakeChain):
    """A node on which another block comes before its coins are listed."""

    overtaken = 0

    def coins(self, at: str) -> list[Unspent]:
        self.overtaken += 1
        raise TipMoved(f"another block came after {at}")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_blocks_that_come_too_fast_to_compare_keep_nobody_waiting_for_ever(
    database: str, tmp_path: Path
) -> None:
    config, node = _house(tmp_path, database), HurriedChain("LTC")
    _fund(config, node)
    with running(config, {"LTC": node}):
        wait_until(lambda: _credited() == COINS, what="the credits")
        payment = ask(config, Wish("ann", PAYEE, "1", "key"))
        wait_until(lambda: _state(payment) == ("pending", ""), what="the send")
    assert node.overtaken >= OVERTAKEN_MAX
