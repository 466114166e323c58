"""The engine's own threads on an EVM chain: addresses, deposits, and nobody who would send."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from db.connection import connected
from db.findings import Reconciliation
from db.models import Address, Payment
from engine.address_pool import unused_count
from engine.daemon import Daemon
from engine.ours import StoredOurs
from tests.engine.families.evm.life import ETHER, EvmHouse
from tests.nodes.anvil import Anvil
from tests.nodes.ports import wait_until

pytestmark = pytest.mark.node


def _state(payment: str) -> str:
    with connected():
        return str(Payment.get_by_id(payment).state)


def _agrees() -> bool:
    """Whether the whole deposit is in the wallet accounts, and node and books say the same."""
    with connected():
        row = Reconciliation.get_or_none(Reconciliation.currency == "ETH")
        return row is not None and (row.node_units, row.residual_units) == (ETHER, 0)


def test_a_deposit_is_credited_by_the_running_engine(
    database: str, anvil: Anvil, tmp_path: Path
) -> None:
    house = EvmHouse.open(tmp_path, database, anvil, confirmations=2, poll=0.05)
    house.lease.release()
    house.on.chain.close()
    stop, ready = threading.Event(), threading.Event()
    daemon = Daemon(house.config)
    thread = threading.Thread(target=daemon.run, args=(stop,), kwargs={"on_ready": ready.set})
    thread.start()
    try:
        assert ready.wait(20)
        wait_until(lambda: unused_count("ETH") >= 3, what="addresses")
        assert len(StoredOurs("ETH").addresses()) == Address.select().count()
        view = house.request("ann")
        anvil.pay(str(view.address), ETHER)
        anvil.mine(2)
        wait_until(lambda: _state(view.id) == "credited", what="the credit")
        wait_until(_agrees, what="books and node at one block")
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert house.owed("ann") == ETHER
