"""Chronicles are chained, sealed and exported like the histories of payments."""

from __future__ import annotations

import io
import json

import pytest

from db.connection import database as opened
from db.models import History
from engine import chronicle, installation
from engine.audit import export
from engine.audit.database import verify_database
from engine.audit.form import Filter
from engine.chronicle import Subject
from tests.engine.house import NOW

ANN = Subject("client", "ann", client="ann")
LTC = Subject("currency", "LTC", currency="LTC")


def add(subject: Subject, event: str, reason: str = "why") -> None:
    with opened.atomic():
        chronicle.write(
            subject,
            event,
            to=f"{event}ed",
            actor="staff:ben",
            reason=reason,
            evidence={"act": event},
            now=NOW,
        )


@pytest.fixture
def written(database: str) -> None:
    assert database
    installation.ensure_id()
    for subject, event in ((ANN, "block"), (LTC, "pause"), (ANN, "unblock"), (LTC, "resume")):
        add(subject, event)


@pytest.mark.usefixtures("written")
def test_each_subject_has_a_chain_of_its_own() -> None:
    assert [each.event for each in chronicle.remarks(ANN)] == ["block", "unblock"]
    assert [each.event for each in chronicle.remarks(LTC)] == ["pause", "resume"]
    assert chronicle.remarks(Subject("client", "bob")) == ()
    rows = list(History.select().where(History.payment == ANN.id).order_by(History.seq))
    assert [(row.prev, row.from_state) for row in rows] == [
        (ANN.id, None),
        (rows[0].hash, "blocked"),
    ]
    assert chronicle.last_hash(ANN) == rows[1].hash
    assert chronicle.last_hash(Subject("client", "bob")) == Subject("client", "bob").id
    assert verify_database().ok


def test_ids_are_of_the_form_of_payments_and_differ() -> None:
    subjects = [ANN, LTC, Subject("staff", "ann"), Subject("client", "LTC")]
    ids = {subject.id for subject in subjects}
    assert len(ids) == len(subjects)
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in ids)


@pytest.mark.usefixtures("written")
def test_a_clients_export_holds_its_own_chronicle_and_no_other() -> None:
    out = io.StringIO()
    export.write_jsonl(out, export.measure(Filter(client="ann")), now=NOW)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    kinds = [(line["kind"], line["event"]) for line in lines if line["type"] == "row"]
    assert kinds == [("client", "block"), ("client", "unblock")]


@pytest.mark.usefixtures("written")
def test_a_row_that_is_rewritten_is_found() -> None:
    for trigger in ("history_UPDATE_refused",):
        if opened.obj.__class__.__name__ == "_Sqlite":
            opened.execute_sql(f"DROP TRIGGER {trigger}")
        else:
            opened.execute_sql("ALTER TABLE history DISABLE TRIGGER ALL")
    History.update(reason="another").where(History.payment == ANN.id).execute()
    assert not verify_database().ok
