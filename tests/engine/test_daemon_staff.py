"""The running engine carries out what staff signed, and nothing that they did not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from db.models import Client, Order
from engine import installation
from engine.approvals import desk
from engine.approvals.plan import Proposal
from engine.clock import utc_now
from engine.config import load_config
from engine.daemon import Daemon
from engine.errors import OrderRefused
from tests.engine.approvals.people import People
from tests.engine.deposits.life import write_config
from tests.engine.house import add_client
from tests.nodes.fake import FakeChain
from tests.nodes.ports import PATIENCE_S


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path / "people")


def test_a_signed_act_is_carried_out_by_the_running_engine(
    database: str, tmp_path: Path, people: People
) -> None:
    table: dict[str, object] = {"confirmations": 2, "poll": 1, "address_pool": 3}
    path = write_config(tmp_path, database, {"LTC": table})
    config = people.join(load_config(path, role="engine"))
    installation.ensure_id()
    add_client("CR1")
    stop, ready = threading.Event(), threading.Event()
    daemon = Daemon(config, opener=lambda _currency: FakeChain("LTC"))
    thread = threading.Thread(target=daemon.run, args=(stop,), kwargs={"on_ready": ready.set})
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        proposal = Proposal(act="block", client="CR1", reason="police")
        plan = desk.prepare(config, proposal, staff="ann", now=utc_now())
        form, forged = desk.sign_plan(
            config, plan, staff="ann", key=people.key("ben"), now=utc_now()
        )
        with pytest.raises(OrderRefused, match="not one of ann over this order"):
            desk.submit(form, forged)
        assert not Client.get_by_id("CR1").blocked
        form, signature = desk.sign_plan(
            config, plan, staff="ann", key=people.key("ann"), now=utc_now()
        )
        assert desk.submit(form, signature)["done"] is True
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert Client.get_by_id("CR1").blocked
    assert sorted(row.state for row in Order.select()) == ["done", "refused"]
