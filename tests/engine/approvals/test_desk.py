"""Whoever signs learns before the key is asked for what stands against the act."""

from __future__ import annotations

import pytest

from db.models import Chain, Order
from engine import installation
from engine.approvals import desk
from engine.approvals.form import signed_bytes
from engine.approvals.office import Office
from engine.approvals.openssh import namespace, verifies
from engine.approvals.plan import Plan, Proposal
from engine.audit.seals import installation_id
from engine.clock import rfc3339, utc_now
from engine.config import Config
from engine.errors import ActRefused, EngineAbsent, SigningFailed
from tests.engine.approvals.people import People
from tests.engine.house import add_client

BLOCK = Proposal(act="block", client="CR1", reason="police")


@pytest.fixture
def config(bench_config: Config, people: People) -> Config:
    installation.ensure_id()
    add_client("CR1")
    Chain.create(symbol="LTC", since="", beat_at=rfc3339(utc_now()))
    return people.join(bench_config, "ann", "sue")


def prepared(config: Config, by: str = "ann") -> Plan:
    return desk.prepare(config, BLOCK, staff=by, now=utc_now())


def test_a_plan_is_signed_as_it_was_shown(config: Config, people: People) -> None:
    plan = prepared(config)
    form, signature = desk.sign_plan(
        config, plan, staff="ann", key=people.key("ann"), now=utc_now()
    )
    fields = plan.form_fields()
    assert {name: form[name] for name in fields} == fields
    space = namespace(installation_id())
    message = signed_bytes(form)
    keys = [people.public["ann"]]
    assert verifies(message, signature, name="ann", keys=keys, space=space)


def test_a_role_that_may_not_is_told_before_signing(config: Config) -> None:
    with pytest.raises(ActRefused, match="sue is support"):
        prepared(config, by="sue")


def test_without_an_engine_there_is_no_plan(config: Config) -> None:
    Chain.update(beat_at=None).execute()
    with pytest.raises(EngineAbsent, match="no engine is running"):
        prepared(config)


def test_without_a_key_in_force_there_is_nothing_to_sign_with(
    config: Config, people: People
) -> None:
    plan = prepared(config)
    bare = people.join(config, "sue")
    with pytest.raises(SigningFailed, match=r"no key of ann in cashier\.toml is in force"):
        desk.sign_plan(bare, plan, staff="ann", key=None, now=utc_now())


def test_an_order_that_no_engine_takes_up_is_withdrawn(
    config: Config, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "WAIT_S", 1)
    plan = prepared(config)
    form, signature = desk.sign_plan(
        config, plan, staff="ann", key=people.key("ann"), now=utc_now()
    )
    with pytest.raises(EngineAbsent, match="the order is withdrawn and nothing was done"):
        desk.submit(form, signature)
    order = Order.get()
    assert (order.state, order.staff, order.act) == ("refused", "ann", "block")
    assert set(Office(config, guard=lambda: None).acts()) > {"block"}
