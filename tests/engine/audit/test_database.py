"""Whatever is done to the tables by hand is found, and the first bad row is named."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from db.connection import connected
from db.models import History
from engine.audit import seals, trust
from engine.audit.database import verify_database
from engine.audit.report import Report
from engine.errors import AuditError
from engine.history import canonical, row_hash
from tests.engine.audit.histories import (
    KEY,
    OTHER_KEY,
    START,
    export_jsonl,
    make_rows,
    payment_id,
    seal_up_to,
    store,
    store_more,
)
from tests.engine.audit.tampering import tamper

P4 = payment_id(4)


@pytest.fixture
def filled(database: str) -> str:
    """24 rows, 10 under the first seal, 10 under the second, 4 not sealed."""
    rows = make_rows(6)
    store([])
    seal_up_to(10, rows[:20])
    store_more(rows[20:])
    return database


def _problems(report: Report) -> str:
    return "\n".join(map(str, report.problems))


@pytest.mark.usefixtures("filled")
def test_an_untouched_database_verifies() -> None:
    report = verify_database()
    assert report.problems == ()
    assert (report.rows, report.seals, report.unsealed) == (24, 2, 4)
    assert report.verdict.startswith("consistent, not authenticated")
    assert verify_database(key=KEY.public).authenticated


@pytest.mark.usefixtures("database")
def test_a_new_database_verifies() -> None:
    with pytest.raises(AuditError, match="has no id yet"):
        verify_database()
    store([])
    assert verify_database().ok


@pytest.mark.usefixtures("filled")
def test_another_key_than_the_trusted_one_is_found() -> None:
    assert "is not signed by the trusted key" in _problems(verify_database(key=OTHER_KEY.public))


@pytest.mark.parametrize(
    ("statements", "first"),
    [
        (["UPDATE history SET amount = '9' WHERE seq = 5"], f"seq 5, payment {P4}: the row does"),
        (["UPDATE history SET actor = 'eve' WHERE seq = 24"], "seq 24, payment"),
        (["UPDATE history SET evidence = '{}' WHERE seq = 14"], "seq 14, payment"),
        (["UPDATE history SET evidence = 'nonsense' WHERE seq = 5"], "seq 5: the row cannot be"),
        (["DELETE FROM history WHERE seq = 5"], "seq 6, payment"),
        (["DELETE FROM history WHERE seq > 22"], "rows were counted up to 24, the last is 22"),
        (["DELETE FROM history WHERE seq > 15"], "seq 16 to 20 are missing though sealed"),
        (["UPDATE history SET seq = -5 WHERE seq = 5"], "seq -5, payment"),
        (["UPDATE history SET seq = 30 WHERE seq = 5"], "seq 6, payment"),
        (
            [
                "UPDATE history SET seq = 99 WHERE seq = 5",
                "UPDATE history SET seq = 5 WHERE seq = 6",
                "UPDATE history SET seq = 6 WHERE seq = 99",
            ],
            "seq 5, payment",
        ),
        (["UPDATE payment SET state = 'refused' WHERE idx IS NULL"], "payment: seq"),
        (["UPDATE payment SET units = '1' WHERE client = 'ann'"], "payment: seq"),
        (["UPDATE payment SET client = 'eve' WHERE client = 'ann'"], "payment: seq"),
        ([f"DELETE FROM payment WHERE id = '{P4}'"], f"payment: payment {P4}: the payment has a"),
        (["UPDATE counter SET value = 23 WHERE name = 'seq'"], "rows were counted up to 23"),
        (["DELETE FROM counter"], "rows were counted up to nothing"),
        (["UPDATE posting SET units = '1' WHERE entry = 13 AND line = 0"], "seq 13, payment"),
        (["UPDATE posting SET account = 'client:eve' WHERE entry = 13"], "seq 13, payment"),
        (["DELETE FROM posting WHERE entry = 13"], "seq 13, payment"),
        (["DELETE FROM entry WHERE id = 13"], "seq 13, payment"),
        (["UPDATE entry SET event = 'gift' WHERE id = 13"], "seq 13, payment"),
        (["INSERT INTO posting VALUES (5, 0, 'client:eve', 'LTC', '-5')"], "seq 5, payment"),
        (["INSERT INTO entry VALUES (99, 'now', 'gift', NULL)"], "seq 99: an entry stands"),
        (["UPDATE balance SET units = '-9' WHERE account = 'client:ann'"], "balance: client:ann"),
        (["DELETE FROM balance WHERE account = 'client:ann'"], "balance: client:ann"),
        (["INSERT INTO balance VALUES ('client:eve', 'LTC', '-9')"], "balance: client:eve LTC"),
        (["DELETE FROM seal WHERE number = 1"], "seal: a seal has number 2 after 0"),
        (["UPDATE seal SET root = hash WHERE number = 1"], "seal: a seal does not match its hash"),
        (["UPDATE seal SET at = 'now' WHERE number = 2"], "seal: a seal does not match its hash"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_what_was_done_by_hand_is_named(statements: list[str], first: str) -> None:
    tamper(*statements)
    report = verify_database()
    assert not report.ok
    assert str(report.problems[0]).startswith(first)


def _forge(seq: int, *, amount: str) -> None:
    """Rewrite a row and everything in the tables that hangs on its hash, seals apart."""
    record = History.get_by_id(seq)
    row = {
        "seq": seq,
        "payment": record.payment,
        "kind": record.kind,
        "client": record.client,
        "currency": record.currency,
        "units": None if record.units is None else str(record.units),
        "amount": amount,
        "event": record.event,
        "from": record.from_state,
        "to": record.to_state,
        "at": record.at,
        "actor": record.actor,
        "reason": record.reason,
        "rule": record.rule,
        "evidence": {"confirmations": 3, "address": "rltc1q0"},
        "prev": record.prev,
    }
    forged = row_hash(row)
    evidence = canonical(row["evidence"]).decode()
    tamper(
        f"UPDATE history SET amount = '{amount}', hash = '{forged}', evidence = '{evidence}'"
        f" WHERE seq = {seq}",
        f"UPDATE payment SET last_hash = '{forged}' WHERE last_seq = {seq}",
    )


@pytest.mark.usefixtures("filled")
def test_a_row_forged_with_all_its_hashes_breaks_its_seal() -> None:
    _forge(19, amount="9")
    assert verify_database(key=KEY.public).ok is False
    assert "seal 2 does not hold rows 11 to 20 as they are now" in _problems(verify_database())


@pytest.mark.usefixtures("filled")
def test_a_forged_unsealed_row_is_found_by_an_anchor(tmp_path: Path) -> None:
    anchor = trust.read_anchor(export_jsonl(tmp_path / "export.jsonl"))
    assert verify_database(anchor=anchor).authenticated
    _forge(24, amount="9")
    assert verify_database().ok
    report = verify_database(anchor=anchor)
    assert "seq 24" in str(report.problems[0])
    assert "another one than in the anchor" in str(report.problems[0])


@pytest.mark.usefixtures("filled")
def test_an_older_copy_is_found_by_an_anchor(tmp_path: Path) -> None:
    seals.seal(now=START + timedelta(days=20), key=KEY)
    anchor = trust.read_anchor(export_jsonl(tmp_path / "export.jsonl"))
    tamper("DELETE FROM seal WHERE number = 3")
    assert verify_database(key=KEY.public).ok
    assert "seal 3 of the anchor is missing" in _problems(verify_database(anchor=anchor))


@pytest.mark.usefixtures("filled")
def test_a_history_written_anew_under_another_key_is_found(tmp_path: Path) -> None:
    anchor = trust.read_anchor(export_jsonl(tmp_path / "export.jsonl"))
    tamper("DELETE FROM seal")
    seals.seal(now=START, key=OTHER_KEY)
    assert verify_database().ok
    assert not verify_database(key=KEY.public).ok
    assert "seal 1 is another one than in the anchor" in _problems(verify_database(anchor=anchor))


@pytest.mark.usefixtures("database")
def test_an_engine_that_writes_meanwhile_does_not_disturb() -> None:
    rows = make_rows(12)
    store(rows[:24])

    def write_more() -> None:
        with connected():
            store_more(rows[24:])

    def at_first_batch(_step: int) -> None:
        thread = threading.Thread(target=write_more)
        thread.start()
        thread.join()

    report = verify_database(progress=at_first_batch)
    assert report.problems == ()
    assert report.rows == 24
    assert verify_database().rows == 48
