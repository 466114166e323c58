"""What holds for every request: headers, ids, sessions, methods, and no fault that talks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.connection import database
from engine.config import Config
from tests.web.conftest import Configure, token_for
from tests.web.running import Visitor, running
from web.app import ROUTES

PRIVATE = ("/v1/currencies", "/v1/payments", "/v1/payments/" + "0" * 32, "/v1/balances")
PATHS = [
    "/",
    "/cashier",
    "/cashier/withdraw",
    "/cashier/history",
    "/cashier/payments/x",
    "/v1/handshake",
    "/v1/deposits",
    "/v1/withdrawals",
    "/v1/withdrawals/x/cancel",
    "/v1/feed",
    *PRIVATE,
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/static/page.css",
    "/nothing",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_security_headers_and_an_id(stranger: Visitor, path: str) -> None:
    headers = stranger.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Server"] == "cashier"
    assert "Access-Control-Allow-Origin" not in headers
    assert len(headers["X-Request-Id"]) == 16
    if not path.startswith("/static"):
        assert headers["Cache-Control"] == "no-store"


def test_two_requests_have_two_ids(stranger: Visitor) -> None:
    ids = {stranger.get("/healthz").headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("path", PRIVATE)
def test_what_is_private_needs_a_session(stranger: Visitor, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status, answer.code) == (401, "session_missing")
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize(
    "cookie",
    ["x", "A" * 43, "é", '"', "\\", "=", "a" * 5000, "%00", "' OR 1=1 --", "__proto__"],
)
def test_any_cookie_that_is_no_session_is_none(stranger: Visitor, cookie: str) -> None:
    answer = stranger.get("/v1/balances", Cookie=f"cashier={cookie.encode().decode('latin-1')}")
    assert (answer.status, answer.code) == (401, "session_missing")


def test_a_wrong_method_names_the_right_ones(client: Visitor) -> None:
    answer = client.ask("DELETE", "/v1/payments", headers={"X-CSRF-Token": client.csrf})
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"
    assert client.ask("BREW", "/healthz").status == 405


@pytest.mark.usefixtures("till")
def test_a_head_is_answered_like_a_get_without_the_body(client: Visitor) -> None:
    pages = ("/", "/cashier", "/cashier/withdraw", "/cashier/history", "/docs")
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", *pages):
        shown, peeked = client.get(path), client.ask("HEAD", path)
        assert (peeked.status, peeked.body) == (shown.status, b""), path
        assert peeked.headers["Content-Type"] == shown.headers["Content-Type"], path
        assert int(peeked.headers["Content-Length"]) > 0 or path == "/", path


def test_a_head_uses_up_no_token(stranger: Visitor, config: Config) -> None:
    token = token_for(config)
    assert stranger.ask("HEAD", f"/cashier?token={token}").status == 405
    assert not stranger.cookies
    assert stranger.get(f"/cashier?token={token}").status == 303


def test_an_unknown_path_is_a_problem_or_a_page(stranger: Visitor) -> None:
    assert stranger.get("/v1/nothing").code == "not_found"
    page = stranger.get("/nothing", Accept="text/html")
    assert page.status == 404
    assert "There is nothing at this address" in page.text


@pytest.mark.usefixtures("till")
def test_a_database_that_does_not_answer_is_a_503_that_says_so(client: Visitor) -> None:
    database.execute_sql("ALTER TABLE payment RENAME TO gone")
    answer = client.get("/v1/payments")
    assert (answer.status, answer.code) == (503, "database_error")
    assert int(answer.headers["Retry-After"]) > 0
    assert "payment" not in answer.json["detail"]
    page = client.get("/cashier", Accept="text/html")
    assert page.status == 503
    assert "Traceback" not in page.text


def test_behind_https_cookies_and_headers_are_strict(configure: Configure) -> None:
    config = configure(
        web='public_url = "https://cashier.example"\nframe_ancestors = ["https://t.example"]'
    )
    with running(config) as port:
        headers = Visitor(port).get("/healthz", Host="cashier.example").headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "frame-ancestors https://t.example" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers


@given(
    path=st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=80
    ),
    query=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=80),
)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_path_and_query_is_answered_below_500(client: Visitor, path: str, query: str) -> None:
    for prefix in ("/", "/v1/payments/", "/cashier/payments/", "/static/"):
        answer = client.get(f"{prefix}{path}?{query}")
        assert answer.status < 500
        assert b"Traceback" not in answer.body


@given(
    name=st.sampled_from(
        ["Accept", "Content-Type", "X-CSRF-Token", "X-Forwarded-For", "Origin", "Cookie", "Referer"]
    ),
    value=st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"),
        max_size=60,
    ),
    raw=st.binary(max_size=80),
)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_header_and_body_is_answered_below_500(
    client: Visitor, name: str, value: str, raw: bytes
) -> None:
    headers = {"X-CSRF-Token": client.csrf, name: value}
    for path in ("/v1/deposits", "/v1/withdrawals", "/v1/handshake", "/cashier"):
        answer = client.ask("POST", path, raw, headers)
        assert 400 <= answer.status < 500, (path, answer.text)
        assert answer.headers["Content-Type"].startswith(("application/problem+json", "text/html"))


@pytest.mark.usefixtures("till")
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("text/plain", 415),
        ("application/xml", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=x", 400),
        ("application/json; charset=utf-8", 422),
        ("APPLICATION/JSON", 422),
    ],
)
def test_a_body_is_json_or_a_form(client: Visitor, kind: str, status: int) -> None:
    answer = client.ask(
        "POST",
        "/v1/deposits",
        b'{"currency": "XYZ"}',
        {"Content-Type": kind, "X-CSRF-Token": client.csrf},
    )
    assert answer.status == status
    assert answer.code


def test_every_route_is_tried_here() -> None:
    """A new route joins the list above, so that its headers and its refusals are looked at."""
    import re

    tried = [pattern for pattern, _ in ROUTES if any(re.fullmatch(pattern, p) for p in PATHS)]
    assert len(tried) == len(ROUTES)
