"""The engine's own threads on an EVM chain: addresses, deposits, withdrawals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.attempts import Attempt
from db.connection import connected
from db.findings import Reconciliation
from db.models import Address, Payment
from db.models import Chain as ChainRow
from engine.address_pool import unused_count
from engine.clock import utc_now
from engine.daemon import Daemon
from engine.families.evm.addresses import written
from engine.moves.addresses import hot_address
from engine.ours import StoredOurs
from engine.withdrawals.request import request_withdrawal
from tests.engine.families.evm.life import ETHER, EvmHouse
from tests.nodes.anvil import Anvil
from tests.nodes.ports import PATIENCE_S, wait_until

pytestmark = pytest.mark.node


def _state(payment: str) -> str:
    with connected():
        return str(Payment.get_by_id(payment).state)


def _agrees(units: int) -> bool:
    """Whether so much is in the wallet accounts, and node and books say the same."""
    with connected():
        row = Reconciliation.get_or_none(Reconciliation.currency == "ETH")
        return row is not None and (row.node_units, row.residual_units) == (units, 0)


@contextmanager
def _running(house: EvmHouse) -> Iterator[None]:
    """The house's engine at work, instead of the test."""
    house.lease.release()
    house.on.chain.close()
    stop, ready = threading.Event(), threading.Event()
    daemon = Daemon(house.config)
    thread = threading.Thread(target=daemon.run, args=(stop,), kwargs={"on_ready": ready.set})
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        wait_until(lambda: unused_count("ETH") >= 3, what="addresses")
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_deposit_is_credited_by_the_running_engine(
    database: str, anvil: Anvil, tmp_path: Path
) -> None:
    house = EvmHouse.open(tmp_path, database, anvil, confirmations=2, poll=0.05)
    with _running(house):
        assert len(StoredOurs("ETH").addresses()) == Address.select().count()
        view = house.request("ann")
        anvil.pay(str(view.address), ETHER)
        anvil.mine(2)
        wait_until(lambda: _state(view.id) == "credited", what="the credit")
        wait_until(lambda: _agrees(ETHER), what="books and node at one block")
    assert house.owed("ann") == ETHER


def test_a_withdrawal_is_paid_by_the_running_engine(
    database: str, anvil: Anvil, tmp_path: Path
) -> None:
    house = EvmHouse.open(tmp_path, database, anvil, confirmations=2, poll=0.05)
    with _running(house):
        view = house.request("ann")
        anvil.pay(str(view.address), ETHER)
        anvil.pay(str(hot_address("ETH")), ETHER)
        anvil.mine(2)
        wait_until(lambda: _state(view.id) == "credited", what="the credit")
        to = written(f"0x{int(str(view.address), 16) ^ 1:040x}")
        asked = request_withdrawal(
            house.config, client="ann", currency="ETH", address=to, amount="0.5", now=utc_now()
        ).id
        wait_until(lambda: _state(asked) == "pending", what="the broadcast")
        anvil.mine(2)
        wait_until(lambda: _state(asked) == "credited", what="the settlement")
        cost = int(Attempt.get().paid_units or 0)
        wait_until(lambda: _agrees(ETHER + ETHER // 2 - cost), what="books and node")
        assert int(ChainRow.get().fee_rate or 0) > 0
    assert house.node.balance(to) == ETHER // 2
