"""The tables of alerts refuse what must not be, whoever writes."""

from __future__ import annotations

import peewee
import pytest

from db.alerts import Alert, AlertDelivery
from db.connection import database as opened

pytestmark = pytest.mark.usefixtures("database")


def add(number: int, *, gone_at: str | None = None) -> str:
    row = dict.fromkeys(("kind", "currency", "subject", "text", "details", "first_seen"), "x")
    Alert.insert(**row, id=str(number), gone_at=gone_at).execute()
    return str(number)


def test_a_fact_is_open_once_and_may_come_back() -> None:
    add(1, gone_at="then")
    add(2, gone_at="later")
    add(3)
    with pytest.raises(peewee.IntegrityError), opened.atomic():
        add(4)


def test_a_sink_gets_an_alert_that_there_is_once() -> None:
    for alert, good in ((add(1), True), ("1", False), ("nothing", False)):
        if good:
            AlertDelivery.insert(alert=alert, sink="webhook", next_at="now").execute()
            continue
        with pytest.raises(peewee.IntegrityError), opened.atomic():
            AlertDelivery.insert(alert=alert, sink="webhook", next_at="now").execute()
