"""Errors as clients get them: a status, a stable code, and nothing of our insides."""

from __future__ import annotations

import json

import pytest
from tornado.web import HTTPError

from engine import errors
from web.problems import CODES, STATUS, Refusal, as_refusal, body_of, raw_answer


@pytest.mark.parametrize("kind", list(STATUS))
def test_an_error_of_the_engine_keeps_its_code_and_not_its_detail(
    kind: type[errors.CashierError],
) -> None:
    with_codes = {errors.TokenRejected, errors.AmountError, errors.WithdrawalRefused}
    more = {"code": "one_of_several"} if kind in with_codes else {}
    error = kind("said to the client", detail="10.0.0.5 refused", **more)
    refusal = as_refusal(error, status=500)
    assert (refusal.status_code, refusal.code) == (STATUS[kind], error.code)
    assert "10.0.0.5" not in json.dumps(body_of(refusal, request_id="x"))


@pytest.mark.parametrize(
    "error", [ValueError("secret"), errors.LedgerError("secret"), errors.NodeDown("secret"), None]
)
def test_what_was_not_expected_is_a_500_that_tells_nothing(error: BaseException | None) -> None:
    refusal = as_refusal(error, status=500)
    assert (refusal.status_code, refusal.code) == (500, "internal_error")
    assert "secret" not in refusal.detail


def test_what_tornado_refuses_gets_a_code() -> None:
    assert as_refusal(HTTPError(404), status=404).code == "not_found"
    assert as_refusal(HTTPError(418), status=418).code == "request_refused"
    kept = Refusal(403, "csrf_invalid", "no")
    assert as_refusal(kept, status=403) is kept


@pytest.mark.parametrize("status", list(CODES))
def test_a_raw_answer_is_a_whole_answer(status: int) -> None:
    head, _, body = raw_answer(status, request_id="abc").partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body)["code"] == CODES[status]
