"""What an act is on is found and proved before anybody may sign for it."""

from __future__ import annotations

from typing import Any

import pytest

from db.connection import database as opened
from db.models import History, Payment
from engine.approvals.plan import Proposal
from engine.approvals.subjects import facts_of, require_held, subject_of, title
from engine.config import Config
from engine.errors import ActRefused, PaymentNotFound
from tests.engine.house import add_deposit

COLUMNS: list[dict[str, Any]] = [
    {"units": 6},
    {"units": None},
    {"client": "bob"},
    {"client": None},
    {"currency": "BTC"},
    {"state": "credited"},
    {"last_hash": "0" * 64},
]


def held(config: Config) -> Payment:
    return add_deposit(config, "ann", state="held", units=5, address="rltc1qx")


def found(payment: Payment) -> Payment:
    return subject_of(Proposal(act="note", payment=payment.id))


@pytest.mark.parametrize("changes", COLUMNS, ids=str)
def test_a_payment_altered_by_hand_is_no_subject(
    bench_config: Config, changes: dict[str, Any]
) -> None:
    payment = held(bench_config)
    assert found(payment).id == payment.id
    Payment.update(**changes).where(Payment.id == payment.id).execute()
    with pytest.raises(ActRefused, match="not what its history says"):
        found(payment)


@pytest.mark.parametrize("changes", [{"client": "bob"}, {"units": 6}, {"evidence": "["}], ids=str)
def test_a_payment_whose_history_was_altered_is_no_subject(
    bench_config: Config, changes: dict[str, Any]
) -> None:
    payment = held(bench_config)
    if type(opened.obj).__name__ == "_Sqlite":
        opened.execute_sql("DROP TRIGGER history_UPDATE_refused")
    else:
        opened.execute_sql("ALTER TABLE history DISABLE TRIGGER ALL")
    History.update(**changes).where(History.hash == payment.last_hash).execute()
    with pytest.raises(ActRefused, match="not what its history says"):
        found(payment)


@pytest.mark.usefixtures("bench_config")
@pytest.mark.parametrize("payment", [None, "", "0" * 32, "%"])
def test_what_is_not_there_is_no_subject(payment: str | None) -> None:
    with pytest.raises(PaymentNotFound):
        subject_of(Proposal(act="note", payment=payment))


def test_only_what_is_held_waits_for_staff(bench_config: Config) -> None:
    require_held(held(bench_config))
    for state in ("requested", "pending", "confirmed", "credited", "refused", "vanished"):
        payment = add_deposit(bench_config, None, state=state, units=5)
        with pytest.raises(ActRefused, match=f"the deposit is {state}, not held: .* by engine at"):
            require_held(payment)


def test_facts_name_what_there_is(bench_config: Config) -> None:
    payment = held(bench_config)
    assert facts_of(bench_config, payment) == {
        "payment": payment.id,
        "kind": "deposit",
        "client": "ann",
        "currency": "LTC",
        "network": "regtest",
        "address": "rltc1qx",
        "units": "5",
    }
    assert title(bench_config, payment) == (f"deposit {payment.id} of 0.00000005 LTC of client ann")
    nobodys = add_deposit(bench_config, None)
    assert "client" not in facts_of(bench_config, nobodys)
    assert title(bench_config, nobodys) == f"deposit {nobodys.id} LTC of nobody"
