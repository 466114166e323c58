"""The table of routes: what the contract names is there, and what is not built yet is not."""

from __future__ import annotations

import re

import pytest

from web.app import ROUTES


def found(path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern, _ in ROUTES)


@pytest.mark.parametrize(
    "path",
    [
        "/cashier",
        "/v1/handshake",
        "/v1/currencies",
        "/v1/deposits",
        "/v1/payments",
        "/v1/payments/x",
        "/v1/balances",
        "/v1/withdrawals",
        "/v1/withdrawals/x/cancel",
        "/v1/feed",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
    ],
)
def test_the_contract_is_routed(path: str) -> None:
    assert found(path)


@pytest.mark.parametrize("path", ["/v1/withdrawals/x", "/v1/site/events", "/static/../app.py"])
def test_what_is_not_there_is_not_routed(path: str) -> None:
    assert not found(path)
