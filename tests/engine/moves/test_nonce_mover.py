"""The engine's own threads move the house's coins: a deposit becomes payable by itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from db.connection import connected
from db.models import Payment
from engine import chains
from engine.daemon import Daemon
from tests.engine.sweeps.life import ETHER, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.ports import PATIENCE_S, wait_until

pytestmark = pytest.mark.node


def _state(payment: str) -> str:
    with connected():
        return str(Payment.get_by_id(payment).state)


def test_a_deposit_is_swept_and_paid_out_by_the_running_engine(
    database: str, anvil: Anvil, tmp_path: Path
) -> None:
    house = SweepingHouse.founded(tmp_path, database, anvil, poll=0.05)
    house.fund(ETHER // 10)
    house.pay_in("ann", ETHER)
    house.mine(2)
    wish = house.withdraw("ann", ETHER)
    house.lease.release()
    house.on.chain.close()
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=Daemon(house.config).run, args=(stop,), kwargs={"on_ready": ready.set}
    )
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        wait_until(lambda: _is_paid_soon(anvil, wish.id), what="the withdrawal")
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def _is_paid_soon(anvil: Anvil, payment: str) -> bool:
    """Whether it is paid; another block is found when the engine knows the last one. Found faster,
    they would leave the states behind that the node keeps."""
    if chains.followed_height("ETH") == anvil.height():
        anvil.mine()
    return _state(payment) == "credited"
