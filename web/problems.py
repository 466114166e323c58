"""Errors as clients get them: RFC 9457 problem details with a stable `code`."""

from __future__ import annotations

import json
from http.client import responses
from typing import Any

from tornado.web import HTTPError

from engine.errors import (
    AddressPoolEmpty,
    AmountError,
    BalanceInsufficient,
    CashierError,
    CurrencyUnknown,
    DatabaseError,
    KeyReused,
    PaymentNotFound,
    StaleState,
    StillRunning,
    TokenRejected,
    TooLate,
    WithdrawalRefused,
)

MEDIA_TYPE = "application/problem+json"

# What the engine's errors are in HTTP. An error that is not here is a fault of ours: 500.
STATUS: dict[type[CashierError], int] = {
    TokenRejected: 401,
    PaymentNotFound: 404,
    StaleState: 409,
    StillRunning: 409,
    TooLate: 409,
    AmountError: 422,
    BalanceInsufficient: 422,
    CurrencyUnknown: 422,
    KeyReused: 422,
    WithdrawalRefused: 422,
    AddressPoolEmpty: 503,
    DatabaseError: 503,
}
RETRY_AFTER_S: dict[type[CashierError], int] = {
    AddressPoolEmpty: 10,
    DatabaseError: 2,
    StillRunning: 2,
}

# Codes of what Tornado itself refuses, by status.
CODES = {
    400: "request_malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "body_too_large",
    431: "headers_too_large",
}


class Refusal(HTTPError):
    """A request that we refuse: `status`, a stable `code`, and a sentence for the client."""

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(status, "%s", code)
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


def as_refusal(error: BaseException | None, *, status: int) -> Refusal:
    """Any error as a Refusal: ours keep their code, Tornado's get one, the rest is a 500 that
    tells nothing."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, CashierError):
        for kind, known in STATUS.items():
            if isinstance(error, kind):
                return Refusal(known, error.code, str(error), retry_after_s=RETRY_AFTER_S.get(kind))
    elif status != 500:
        return Refusal(status, CODES.get(status, "request_refused"), phrase(status))
    return Refusal(500, "internal_error", "the cashier could not answer; its staff is told")


def phrase(status: int) -> str:
    """The standard phrase of a status, such as `Not Found`."""
    return responses.get(status, "Refused")


def body_of(refusal: Refusal, *, request_id: str) -> dict[str, Any]:
    """The members of the problem document."""
    return {
        "type": "about:blank",
        "title": phrase(refusal.status_code),
        "status": refusal.status_code,
        "code": refusal.code,
        "detail": refusal.detail,
        "request_id": request_id,
    }


def raw_answer(status: int, *, request_id: str) -> bytes:
    """A whole HTTP/1.1 answer, for a request that never became one; the connection closes."""
    refusal = Refusal(status, CODES[status], phrase(status))
    body = json.dumps(body_of(refusal, request_id=request_id)).encode()
    lines = (
        f"HTTP/1.1 {status} {phrase(status)}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        f"X-Request-Id: {request_id}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
