"""Sessions: how long they live, what ends them, and what of them is in the database."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from db.models import Client
from db.models import Session as Row
from engine.errors import TokenRejected
from engine.handshake import Grant
from engine.sessions import AGE_MAX, IDLE, end_session, find_session, live_keys, start_session

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def grant(token_id: str = "one", client: str = "CR1042", action: str = "both") -> Grant:
    return Grant(client, action, None, token_id, NOW + timedelta(seconds=60))


@pytest.mark.usefixtures("database")
def test_the_cookie_is_not_in_the_database() -> None:
    session_id, session = start_session(grant(), replaces=None, now=NOW)
    row = Row.get()
    assert row.id_hash == hashlib.sha256(session_id.encode()).hexdigest() == session.key
    assert session_id not in [str(value) for value in row.__data__.values()]
    assert len(session_id) >= 43


@pytest.mark.usefixtures("database")
def test_a_session_is_found_by_its_cookie_only() -> None:
    session_id, session = start_session(grant(), replaces=None, now=NOW)
    assert find_session(session_id, now=NOW) == session
    for wrong in (session.key, "", None, 5, session_id[:-1], session_id + "x", "ä" * 43, "\0" * 43):
        assert find_session(wrong, now=NOW) is None


@pytest.mark.usefixtures("database")
def test_a_session_ends_when_its_client_does_nothing() -> None:
    session_id, _ = start_session(grant(), replaces=None, now=NOW)
    before = NOW + IDLE - timedelta(seconds=1)
    assert find_session(session_id, now=before, active=False) is not None
    assert find_session(session_id, now=NOW + IDLE, active=False) is None


@pytest.mark.usefixtures("database")
def test_activity_keeps_a_session_and_watching_does_not() -> None:
    session_id, _ = start_session(grant(), replaces=None, now=NOW)
    find_session(session_id, now=NOW + timedelta(minutes=20))
    find_session(session_id, now=NOW + timedelta(minutes=40), active=False)
    assert find_session(session_id, now=NOW + timedelta(minutes=49), active=False) is not None
    assert find_session(session_id, now=NOW + timedelta(minutes=50), active=False) is None


@pytest.mark.usefixtures("database")
def test_no_activity_keeps_a_session_beyond_eight_hours() -> None:
    session_id, _ = start_session(grant(), replaces=None, now=NOW)
    moment = NOW
    while moment < NOW + AGE_MAX - timedelta(minutes=20):
        moment += timedelta(minutes=20)
        found = find_session(session_id, now=moment)
        assert found is not None or moment >= NOW + AGE_MAX
    assert find_session(session_id, now=NOW + AGE_MAX) is None


@pytest.mark.usefixtures("database")
def test_a_new_handshake_ends_the_session_of_the_same_cookie() -> None:
    first, _ = start_session(grant(), replaces=None, now=NOW)
    second, session = start_session(grant("two", "CR0007"), replaces=first, now=NOW)
    assert find_session(first, now=NOW) is None
    assert session.client == "CR0007"
    assert find_session(second, now=NOW) == session


@pytest.mark.usefixtures("database")
def test_a_replayed_token_changes_nothing() -> None:
    first, _ = start_session(grant(), replaces=None, now=NOW)
    with pytest.raises(TokenRejected):
        start_session(grant(client="CR0007"), replaces=first, now=NOW)
    assert find_session(first, now=NOW) is not None
    assert [row.id for row in Client.select()] == ["CR1042"]
    assert Row.select().count() == 1


@pytest.mark.usefixtures("database")
def test_a_client_is_known_from_its_first_sight() -> None:
    start_session(grant("one"), replaces=None, now=NOW)
    start_session(grant("two"), replaces=None, now=NOW + timedelta(days=1))
    row = Client.get()
    assert (row.id, row.blocked) == ("CR1042", False)
    assert row.created_at.startswith("2026-11-01")


@pytest.mark.usefixtures("database")
def test_an_ended_session_stays_ended() -> None:
    session_id, session = start_session(grant(), replaces=None, now=NOW)
    end_session(session_id, now=NOW)
    assert find_session(session_id, now=NOW) is None
    assert live_keys([session.key], now=NOW) == frozenset()


@pytest.mark.usefixtures("database")
def test_live_keys_are_those_of_live_sessions() -> None:
    _, one = start_session(grant("one"), replaces=None, now=NOW)
    _, two = start_session(grant("two"), replaces=None, now=NOW + timedelta(minutes=20))
    later = NOW + timedelta(minutes=31)
    assert live_keys([one.key, two.key, "unknown"], now=later) == {two.key}


@pytest.mark.usefixtures("database")
def test_old_sessions_are_cleared_away() -> None:
    start_session(grant("one"), replaces=None, now=NOW)
    start_session(grant("two"), replaces=None, now=NOW + timedelta(days=3))
    assert Row.select().count() == 1


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("action", "allowed"),
    [("deposit", {"deposit"}), ("withdraw", {"withdraw"}), ("both", {"deposit", "withdraw"})],
)
def test_a_session_allows_what_its_handshake_granted(action: str, allowed: set[str]) -> None:
    _, session = start_session(grant(action=action), replaces=None, now=NOW)
    assert {name for name in ("deposit", "withdraw") if session.allows(name)} == allowed


@pytest.mark.usefixtures("database")
def test_a_csrf_token_belongs_to_its_session() -> None:
    _, one = start_session(grant("one"), replaces=None, now=NOW)
    _, two = start_session(grant("two"), replaces=None, now=NOW)
    assert one.is_csrf(one.csrf)
    assert not one.is_csrf(two.csrf)
    assert not one.is_csrf("")
    assert not one.is_csrf("\udcff")
