"""The frozen form of a history row: its columns, its canonical JSON and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from db.models import History
from engine.history import COLUMNS, canonical, record_hash, row_hash, row_of
from tests.engine.house import add_deposit, house

# Frozen: whoever changes these makes every exported file unverifiable.
ROW: dict[str, Any] = {
    "seq": 7,
    "payment": "00" * 16,
    "kind": "deposit",
    "client": "ann",
    "currency": "LTC",
    "units": "150000000",
    "amount": "1.5",
    "event": "credit",
    "from": "confirmed",
    "to": "credited",
    "at": "2026-10-30T12:00:00.000000Z",
    "actor": "engine",
    "reason": "",
    "rule": "0123456789abcdef",
    "evidence": {"txid": "ab", "confirmations": 3, "entry": [["client:ann", "LTC", "-1"]]},
    "prev": "00" * 32,
}
WRITTEN = (
    '{"actor":"engine","amount":"1.5","at":"2026-10-30T12:00:00.000000Z","client":"ann",'
    '"currency":"LTC","event":"credit","evidence":{"confirmations":3,"entry":[["client:ann","LTC",'
    '"-1"]],"txid":"ab"},"from":"confirmed","kind":"deposit",'
    '"payment":"00000000000000000000000000000000",'
    f'"prev":"{"00" * 32}","reason":"","rule":"0123456789abcdef","seq":7,"to":"credited",'
    '"units":"150000000"}'
)

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=126), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_a_row_hashes_as_it_always_did() -> None:
    assert row_hash(ROW) == hashlib.sha256(WRITTEN.encode()).hexdigest()
    assert row_hash({**ROW, "hash": "anything"}) == row_hash(ROW)


def test_the_columns_are_those_of_the_design() -> None:
    assert ", ".join(COLUMNS) == (
        "seq, payment, kind, client, currency, units, amount, event, from, to, at, actor, reason,"
        " rule, evidence, prev, hash"
    )


@given(value=plain)
def test_our_canonical_json_is_that_of_the_standard(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {"a": {1}}, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical({"value": value})


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "hash"])
def test_a_change_in_any_column_changes_the_hash(name: str) -> None:
    assert row_hash({**ROW, name: "other"}) != row_hash(ROW)


def test_a_stored_row_comes_back_as_the_row_that_was_hashed(database: str, tmp_path: Any) -> None:
    assert database
    big = 2**200 + 1
    add_deposit(house(tmp_path), "ann", state="credited", units=big, reason="zwölf ₿ \x1b[1m")
    rows = [row_of(record) for record in History.select().order_by(History.seq)]
    assert len(rows) == 4
    for row in rows:
        assert tuple(row) == COLUMNS
        assert row_hash(row) == row["hash"]
        assert json.loads(canonical(row)) == row
    assert [row["units"] for row in rows] == [None, str(big), str(big), str(big)]
    assert rows[0]["prev"] == rows[0]["payment"]
    assert [row["prev"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]


@given(
    st.dictionaries(st.text(st.characters(max_codepoint=126), max_size=6), plain, max_size=4),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from([None, 0, 10**40]),
)
def test_a_stored_row_hashes_as_its_public_form(
    evidence: dict[str, Any], reason: str, units: int | None
) -> None:
    public = ROW | {
        "evidence": evidence,
        "reason": reason,
        "client": '"evidence":0',
        "from": None,
        "units": None if units is None else str(units),
    }
    stored = public | {
        "evidence": canonical(evidence).decode(),
        "units": units,
        "from_state": None,
        "to_state": "credited",
    }
    assert record_hash(stored) == row_hash(public)
