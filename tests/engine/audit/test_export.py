"""The formats are frozen: fixed rows, key and clock give exactly the golden files, and somebody
who only read docs/auditors.md can verify them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from engine.audit import export, seals
from engine.audit.export import measure, parse_moment, write_csv_rows, write_jsonl
from engine.audit.form import Filter
from engine.audit.lines import beside
from engine.audit.verify import verify
from engine.errors import AuditError
from tests.engine.audit.histories import (
    KEY,
    START,
    export_csv,
    export_jsonl,
    make_rows,
    read_lines,
    seal_up_to,
    store,
    store_more,
)
from tests.engine.audit.tampering import tamper

GOLDEN = Path(__file__).parent / "golden"
ROWS = make_rows(3)


@pytest.fixture
def filled(database: str) -> str:
    """12 rows: 5 under the first seal, 5 under the second, 2 not sealed."""
    store([])
    seal_up_to(5, ROWS[:10])
    store_more(ROWS[10:])
    return database


@pytest.mark.usefixtures("filled")
def test_json_lines_are_the_golden_bytes(tmp_path: Path) -> None:
    path = export_jsonl(tmp_path / "histories.jsonl")
    assert path.read_bytes() == (GOLDEN / "histories.jsonl").read_bytes()


@pytest.mark.usefixtures("filled")
def test_csv_is_the_golden_bytes(tmp_path: Path) -> None:
    path = export_csv(tmp_path / "histories.csv")
    assert path.read_bytes() == (GOLDEN / "histories.csv").read_bytes()
    assert beside(path).read_bytes() == beside(GOLDEN / "histories.csv").read_bytes()


@pytest.mark.parametrize("name", ["histories.jsonl", "histories.csv"])
def test_the_golden_files_verify(name: str) -> None:
    assert verify(GOLDEN / name, key=KEY.public).authenticated


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _canonical(line: dict[str, Any], *without: str) -> bytes:
    """RFC 8785 for what our lines hold: no fractions, and keys in ASCII."""
    kept = {name: value for name, value in line.items() if name not in without}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return _sha256(b"\x00" + leaves[0])
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return _sha256(b"\x01" + _root(leaves[:split]) + _root(leaves[split:]))


def test_an_auditor_can_verify_it_with_the_description_alone() -> None:
    header, *rest = read_lines(GOLDEN / "histories.jsonl")
    rows = [line for line in rest if line["type"] == "row"]
    tails: dict[str, str] = {}
    for row in rows:
        content = _canonical(row, "type", "sealed", "proof", "hash")
        assert row["hash"] == _sha256(content).hex()
        assert row["prev"] == tails.get(row["payment"], row["payment"])
        tails[row["payment"]] = row["hash"]
    prev = header["installation"]
    key = base64.b64decode(header["key"].removeprefix("ed25519:"))
    for seal in rest[len(rows) :]:
        leaves = [
            bytes.fromhex(row["hash"])
            for row in rows
            if seal["first_seq"] <= row["seq"] <= seal["last_seq"]
        ]
        assert seal["root"] == _root(leaves).hex()
        assert seal["prev"] == prev
        prev = _sha256(_canonical(seal, "hash")).hex()
        assert seal["hash"] == prev
        Ed25519PublicKey.from_public_bytes(key).verify(
            base64.b64decode(seal["signature"]), _canonical(seal, "signature", "hash")
        )
    assert header["hash"] == _sha256(_canonical(header, "hash")).hex()


PARTS = [
    Filter(client="ann"),
    Filter(since=ROWS[3]["at"]),
    Filter(until=ROWS[9]["at"]),
    Filter(since=ROWS[3]["at"], until=ROWS[9]["at"], client="bob"),
    Filter(client="nobody"),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("part", PARTS, ids=str)
def test_a_part_holds_exactly_what_was_asked_and_verifies(tmp_path: Path, part: Filter) -> None:
    path = export_jsonl(tmp_path / "part.jsonl", part)
    found = [line["seq"] for line in read_lines(path) if line["type"] == "row"]
    assert found == [
        row["seq"]
        for row in ROWS
        if (part.since or "") <= row["at"] < (part.until or "9")
        and part.client in {None, row["client"]}
    ]
    assert verify(path, key=KEY.public).authenticated
    assert verify(export_csv(tmp_path / "part.csv", part), key=KEY.public).authenticated


@pytest.mark.usefixtures("database")
def test_the_part_of_a_client_begins_where_its_coins_were_nobodys(tmp_path: Path) -> None:
    rows = make_rows(3)
    booked = [row for row in rows if row["client"] is None]
    tamper_last = {**booked[-1], "client": "ann"}
    tamper_last.pop("hash")
    last = {**tamper_last, "hash": export_hash(tamper_last)}
    store([row for row in rows if row["seq"] < 12])
    store_more([last])
    seals.seal(now=START, key=KEY)
    path = export_jsonl(tmp_path / "part.jsonl", Filter(client="ann"))
    found = [line for line in read_lines(path) if line["type"] == "row"]
    assert [line["client"] for line in found if line["payment"] == last["payment"]] == [
        None,
        None,
        None,
        "ann",
    ]
    assert verify(path, key=KEY.public).authenticated


def export_hash(row: dict[str, Any]) -> str:
    return _sha256(_canonical(row)).hex()


@pytest.mark.usefixtures("filled")
def test_rows_that_come_during_an_export_are_left_for_the_next(tmp_path: Path) -> None:
    extent = measure(Filter())
    more = make_rows(4)[12:]
    tamper("UPDATE counter SET value = 12 WHERE name = 'seq'")
    out = io.StringIO()

    def write_more(_step: int) -> None:
        if more:
            tamper(
                "INSERT INTO history SELECT 13, 'x', kind, client, currency, units, amount, event,"
                " from_state, to_state, at, actor, reason, rule, evidence, 'x', 'x'"
                " FROM history WHERE seq = 12"
            )
            more.clear()
            seals_before.append(len(list(seals.read_seals())))

    seals_before: list[int] = []
    write_jsonl(out, extent, now=START, progress=write_more)
    path = tmp_path / "histories.jsonl"
    path.write_text(out.getvalue(), encoding="utf-8")
    assert seals_before == [2]
    assert verify(path, key=KEY.public).rows == 12


@pytest.mark.usefixtures("filled")
def test_csv_to_a_pipe_has_the_rows_alone() -> None:
    out = io.StringIO(newline="")
    write_csv_rows(out, None, measure(Filter()), now=START)
    assert out.getvalue().encode() == (GOLDEN / "histories.csv").read_bytes()


@pytest.mark.usefixtures("filled")
def test_many_rows_come_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_BATCH", 5)
    steps: list[int] = []
    with (tmp_path / "histories.jsonl").open("w", encoding="utf-8", newline="") as file:
        write_jsonl(
            file, measure(Filter()), now=START.replace(month=11, day=9), progress=steps.append
        )
    assert steps == [5, 5, 2]
    written = (tmp_path / "histories.jsonl").read_bytes()
    assert written == (GOLDEN / "histories.jsonl").read_bytes()


@pytest.mark.usefixtures("filled")
def test_an_export_of_a_changed_database_is_made_and_does_not_verify(tmp_path: Path) -> None:
    tamper("UPDATE history SET amount = '9' WHERE seq = 5")
    report = verify(export_jsonl(tmp_path / "changed.jsonl"))
    assert report.problems[0].seq == 5


@pytest.mark.usefixtures("filled")
def test_an_export_of_a_database_with_a_hole_is_made_and_does_not_verify(tmp_path: Path) -> None:
    tamper("DELETE FROM posting", "DELETE FROM entry", "DELETE FROM history WHERE seq = 3")
    report = verify(export_jsonl(tmp_path / "hole.jsonl"))
    assert "seq 3 is missing" in str(report.problems[0])


@pytest.mark.usefixtures("filled")
def test_a_row_that_cannot_be_read_is_named() -> None:
    tamper("UPDATE history SET evidence = 'nonsense' WHERE seq = 5")
    with pytest.raises(AuditError, match=r"history row 5 of payment .* cannot be read"):
        write_jsonl(io.StringIO(), measure(Filter()), now=START)


@pytest.mark.usefixtures("database")
def test_an_empty_history_exports_and_verifies(tmp_path: Path) -> None:
    store([])
    report = verify(export_jsonl(tmp_path / "empty.jsonl"))
    assert (report.ok, report.rows, report.seals) == (True, 0, 0)
    assert verify(export_csv(tmp_path / "empty.csv")).ok


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-01", "2026-10-01T00:00:00.000000Z"),
        ("2026-10-01T12:30:00Z", "2026-10-01T12:30:00.000000Z"),
        ("2026-10-01T12:30:00.25+02:00", "2026-10-01T10:30:00.250000Z"),
        ("2026-10-01t12:30:00z", "2026-10-01T12:30:00.000000Z"),
    ],
)
def test_dates_and_times_are_utc(text: str, moment: str) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "today", "2026-13-01", "2026-10-01T12:30:00", "20261001", "2026-W40", "٢٠٢٦-10-01"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a date like 2026-10-01|month must be|day"):
        parse_moment(text)
