"""A brake stands for one kind of payment in one currency."""

from __future__ import annotations

import peewee
import pytest

from engine import brakes
from engine.clock import rfc3339
from tests.engine.house import NOW


def put_on(currency: str, kind: str) -> None:
    brakes.put_on(currency=currency, kind=kind, reason="why", staff="ann", now=NOW)


def test_each_kind_and_currency_is_paused_for_itself(database: str) -> None:
    assert database
    put_on("LTC", "deposit")
    put_on("BTC", "withdrawal")
    assert set(brakes.braked("deposit")) == {"LTC"}
    assert set(brakes.braked("withdrawal")) == {"BTC"}
    view = brakes.of_currency("LTC")["deposit"]
    assert (view.reason, view.since) == ("why", rfc3339(NOW))
    brakes.take_off(currency="LTC", kind="withdrawal")
    assert set(brakes.of_currency("LTC")) == {"deposit"}
    brakes.take_off(currency="LTC", kind="deposit")
    assert brakes.of_currency("LTC") == {}
    assert set(brakes.braked("withdrawal")) == {"BTC"}


@pytest.mark.parametrize("kind", ["deposit", "transfer"])
def test_a_brake_is_on_once_and_for_what_can_be_paused(database: str, kind: str) -> None:
    assert database
    if kind in brakes.KINDS:
        put_on("LTC", kind)
    with pytest.raises(peewee.IntegrityError):
        put_on("LTC", kind)


def test_a_brake_says_whether_a_person_or_the_engine_put_it_on(database: str) -> None:
    assert database
    put_on("ETH", "withdrawal")
    brakes.put_on(currency="ETH", kind="sweep", reason="lost", staff=brakes.BY_ENGINE, now=NOW)
    words = {view.words for view in brakes.of_currency("ETH").values()}
    assert words == {"withdrawals paused by staff", "sweeps halted by the engine"}
