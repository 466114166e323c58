"""The format of the lines is frozen: these bytes never change."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785

from engine.audit.form import (
    Filter,
    LineError,
    SealBody,
    check_header,
    check_moment,
    check_row,
    check_seal,
    dump_line,
    exact_canonical,
    exact_row_hash,
    filter_of,
    header_line,
    parse_line,
    shown,
)
from engine.history import row_hash
from tests.engine.audit.histories import INSTALLATION, KEY, make_rows

HEADER = header_line(
    installation=INSTALLATION,
    key=KEY.public,
    at="2026-11-09T12:00:00.000000Z",
    part=Filter(client="ann"),
    rows=2,
    seals=1,
)
SEAL = SealBody(
    number=1,
    installation=INSTALLATION,
    key=KEY.public,
    first_seq=1,
    last_seq=2,
    count=2,
    root="ab" * 32,
    prev=INSTALLATION,
    at="2026-11-08T12:00:00.000000Z",
).sign(KEY)


def test_a_seal_line_is_these_bytes() -> None:
    assert dump_line(SEAL) == (
        '{"type":"seal","v":1,"number":1,"installation":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",'
        '"key":"ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=","first_seq":1,'
        '"last_seq":2,"count":2,"root":"' + "ab" * 32 + '",'
        '"prev":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f","at":"2026-11-08T12:00:00.000000Z",'
        f'"signature":"{SEAL["signature"]}","hash":"{SEAL["hash"]}"' + "}\n"
    )
    check_seal(SEAL)


def test_a_header_is_hashed_as_canonical_json_without_its_hash() -> None:
    rest = {name: value for name, value in HEADER.items() if name != "hash"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    assert HEADER["hash"] == hashlib.sha256(text.encode()).hexdigest()
    check_header(HEADER)
    assert filter_of(HEADER) == Filter(client="ann")


@pytest.mark.parametrize("name", [name for name in SEAL if name != "type"])
def test_a_seal_with_another_field_value_is_refused(name: str) -> None:
    wrongs: list[Any] = [0, 3, "", "x", None, True, SEAL["root"][:-2] + "ff", [], 2**60]
    for wrong in wrongs:
        with pytest.raises(LineError):
            check_seal({**SEAL, name: wrong})


@pytest.mark.parametrize("name", [name for name in HEADER if name != "type"])
def test_a_header_with_another_field_value_is_refused(name: str) -> None:
    other = {"from": None, "to": None, "client": "bob"}
    wrongs: list[Any] = [0, 3, "", "x", False, [], {}, other]
    for wrong in wrongs:
        with pytest.raises(LineError):
            check_header({**HEADER, name: wrong})


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "is not a JSON object with a type"),
        (b"{}", "is not a JSON object with a type"),
        (b'{"type":1}', "is not a JSON object with a type"),
        (b'{"type":"row","type":"seal"}', "has the same key twice"),
        (b'{"type":"row","evidence":{"a":1,"a":2}}', "has the same key twice"),
        (b'{"type":"row","a":1.0}', "holds the number 1.0, which is no integer"),
        (b'{"type":"row","a":1e3}', "holds the number 1e3"),
        (b'{"type":"row","a":NaN}', "holds the number NaN"),
        (b'{"type":"row","a":-Infinity}', "holds the number -Infinity"),
        (b'{"type":"row","a":' + b"9" * 5000 + b"}", "is not JSON"),
        (b'{"type":"row","a":' + b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_two_readers_could_take_for_two_things_is_refused(raw: bytes, what: str) -> None:
    with pytest.raises(LineError, match=what):
        parse_line(raw)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seq", 0),
        ("seq", -1),
        ("seq", 2**53),
        ("seq", True),
        ("seq", "1"),
        ("payment", ""),
        ("payment", "a" * 65),
        ("payment", "a b"),
        ("payment", "\ud800"),
        ("hash", "AB" * 32),
        ("at", "2026-11-09"),
        ("at", "2026-11-09T12:00:00Z"),
        ("evidence", []),
        ("client", 1),
        ("reason", None),
        ("units", 5),
    ],
)
def test_a_row_of_another_form_is_refused(name: str, value: Any) -> None:
    row = make_rows(1)[0]
    check_row(row)
    with pytest.raises(LineError):
        check_row({**row, name: value})


def test_fields_that_are_missing_or_strange_are_named() -> None:
    row = make_rows(1)[0]
    with pytest.raises(LineError, match="has a field colour that does not belong there"):
        check_row({**row, "colour": "red"})
    del row["actor"]
    with pytest.raises(LineError, match="lacks actor"):
        check_row(row)


def test_canonical_json_follows_all_rules_of_its_standard() -> None:
    value: Any = {
        "\ue000": 1,
        "\U0001f600": "\x7f\u2028é",
        "b": [True, None, '\x1f\n"\\\\'],
        "a": -5,
    }
    assert exact_canonical(value) == rfc8785.dumps(value)
    assert exact_canonical({"a": 2**53 - 1}) == b'{"a":9007199254740991}'
    for wrong in ({"a": 2**53}, {"a": [1, -(2**60)]}, {"a": "\ud800"}):
        with pytest.raises(ValueError, match=r"exceeds safe integer|surrogates|non-UTF-8"):
            exact_canonical(wrong)
    row = make_rows(1)[0]
    assert exact_row_hash(row) == row_hash(row) == row["hash"]


def test_text_from_a_file_is_shown_safely() -> None:
    assert shown("abc") == "abc"
    assert shown("\x1b[31m") == r"'\x1b[31m'"
    assert len(shown("x" * 1000)) < 100
    check_moment("2026-11-09T12:00:00.000000Z")
