"""Security headers, by who may embed the page and how it is reached."""

from __future__ import annotations

from web.headers import security_headers


def test_by_default_nobody_embeds_the_page_and_nothing_is_inline() -> None:
    headers = security_headers(frame_ancestors=(), secure=False)
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in headers


def test_sites_that_may_embed_it_are_named() -> None:
    headers = security_headers(frame_ancestors=("https://a.example", "https://b"), secure=True)
    assert headers["Content-Security-Policy"].endswith(
        "frame-ancestors https://a.example https://b"
    )
    assert "X-Frame-Options" not in headers
    assert "Strict-Transport-Security" in headers
