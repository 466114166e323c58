"""Bodies, forms and queries: the one form that is read, and everything else refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.bodies import read_form, read_json, read_query, text_field
from web.problems import Refusal

FIELDS = ("currency", "note")


def refused(raw: bytes) -> bool:
    with pytest.raises(Refusal) as caught:
        read_json(raw, fields=FIELDS, required=("currency",))
    assert (caught.value.status_code, caught.value.code) == (400, "body_invalid")
    return True


def test_one_object_with_known_fields_is_read() -> None:
    raw = b'{"currency": "LTC", "note": "x"}'
    assert read_json(raw, fields=FIELDS, required=("currency",)) == {"currency": "LTC", "note": "x"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"LTC"',
        b"5",
        b"{",
        b"{}",
        b'{"currency": "LTC"} {}',
        b'{"currency": "LTC", "currency": "BTC"}',
        b'{"currency": "LTC", "note": {"a": 1, "a": 2}}',
        b'{"currency": "LTC", "other": 1}',
        b'{"note": "x"}',
        b'{"currency": NaN}',
        b'{"currency": Infinity}',
        b'{"currency": -Infinity}',
        b'{"currency": 1e999}',
        b'{"currency": 1.5}',
        b'{"currency": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"currency": "LTC"}',
        b"{'currency': 'LTC'}",
        b'{"currency": ' + b"[" * 40000 + b"]" * 20000,
        b'{"currency": ' + b"[" * 20 + b"]" * 20 + b"}",
        '{"currency": "LTC"}'.encode("utf-16"),
    ],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    assert refused(raw)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        found = read_json(raw, fields=FIELDS, required=("currency",))
    except Refusal as refusal:
        assert refusal.status_code == 400
    else:
        assert "currency" in found


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
        ),
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        read_json(json.dumps(value).encode(), fields=FIELDS, required=("currency",))
    except Refusal as refusal:
        assert refusal.code == "body_invalid"
    else:
        assert isinstance(value, dict)


@pytest.mark.parametrize(
    "value", [None, 5, True, [], {}, "", "x" * 17, "nul\0", "line\n", "\ud800", "\uff2c\uff34", "é"]
)
def test_a_text_is_short_printable_ascii(value: object) -> None:
    with pytest.raises(Refusal):
        text_field({"currency": value}, "currency", length_max=16)


def test_a_form_is_read_with_each_field_once() -> None:
    assert read_form(b"currency=LTC&note=a+b", fields=FIELDS, required=("currency",)) == {
        "currency": "LTC",
        "note": "a b",
    }
    for raw in (
        b"currency=LTC&currency=BTC",
        b"other=1",
        b"",
        b"currency=%ff",
        b"&".join(b"note=%d" % n for n in range(50)),
        b"\xff",
    ):
        with pytest.raises(Refusal):
            read_form(raw, fields=FIELDS, required=("currency",))


def test_a_query_is_read_with_each_parameter_once() -> None:
    assert read_query({"after": [b"12"]}, fields=("after",)) == {"after": "12"}
    for given_ in ({"other": [b"1"]}, {"after": [b"1", b"2"]}, {"after": [b"\xff"]}):
        with pytest.raises(Refusal) as caught:
            read_query(given_, fields=("after",))
        assert caught.value.code == "query_invalid"
