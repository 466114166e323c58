"""Cookies: their attributes by how browsers reach us."""

from __future__ import annotations

from web.cookies import CookieRules


def test_a_plain_local_page_has_a_lax_cookie() -> None:
    line = CookieRules(secure=False, embedded=False).set_session("id")
    assert line == "cashier=id; Path=/; HttpOnly; SameSite=Lax"


def test_behind_https_no_other_host_can_set_it() -> None:
    line = CookieRules(secure=True, embedded=False).set_session("id")
    assert line == "__Host-cashier=id; Path=/; HttpOnly; Secure; SameSite=Lax"


def test_embedded_it_says_that_it_may_travel_and_only_there() -> None:
    line = CookieRules(secure=True, embedded=True).set_session("id")
    assert line.endswith("; Secure; SameSite=None; Partitioned")


def test_the_question_is_answered_soon_and_here_or_not_at_all() -> None:
    rules = CookieRules(secure=True, embedded=False)
    assert rules.set_entry("nonce").endswith("SameSite=Strict; Max-Age=300")
    assert rules.set_entry("").endswith("Max-Age=0")
    assert rules.entry != rules.session
