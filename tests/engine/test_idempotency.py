"""A repeated request is answered, not carried out again: whoever asks, crashes or comes late."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from db.connection import database as db
from db.models import Idempotency, Payment
from engine.config import Config
from engine.errors import KeyReused, StillRunning
from engine.idempotency import RUNNING_MAX, Claim, Stored, claim, fingerprint, read_key
from tests.engine.house import NOW, house
from tests.engine.withdrawals.purse import COIN, ask, fund, has
from tests.together import at_once

LATER = NOW + RUNNING_MAX + timedelta(seconds=1)


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    fund("ann")
    return house(tmp_path)


def taken(key: str = "k", print_: str = "p", scope: str = "s", *, late: bool = False) -> Claim:
    found = claim(scope=scope, key=key, fingerprint=print_, now=LATER if late else NOW)
    assert isinstance(found, Claim)
    return found


@pytest.mark.usefixtures("config")
def test_the_first_answer_is_given_for_ever() -> None:
    taken().keep(422, {"code": "é"})
    for days in (0, 1, 4000):
        again = claim(scope="s", key="k", fingerprint="p", now=NOW + timedelta(days=days))
        assert again == Stored(422, '{"code":"é"}')


@pytest.mark.usefixtures("config")
def test_another_request_with_the_key_is_refused() -> None:
    first = taken()
    for _ in range(2):
        with pytest.raises(KeyReused):
            claim(scope="s", key="k", fingerprint="other", now=LATER)
        if Idempotency.get().status is None:
            first.keep(201, {})
    assert taken(scope="another client").scope == "another client"
    assert taken(key="K").key == "K"


@pytest.mark.usefixtures("config")
def test_while_the_first_runs_the_second_is_told() -> None:
    taken()
    for moment in (NOW, NOW - timedelta(seconds=5), NOW + RUNNING_MAX):
        with pytest.raises(StillRunning):
            claim(scope="s", key="k", fingerprint="p", now=moment)


def test_what_a_crash_left_is_taken_over_and_the_late_one_writes_nothing(config: Config) -> None:
    slow = taken()
    second = taken(late=True)
    with pytest.raises(StillRunning):
        ask(config, idempotency=slow)
    assert (Payment.select().count(), has()) == (0, 10 * COIN)
    ask(config, idempotency=second)
    assert isinstance(claim(scope="s", key="k", fingerprint="p", now=LATER), Stored)
    assert Payment.select().count() == 1


@pytest.mark.usefixtures("config")
def test_a_released_key_is_free_at_once_and_an_answered_one_is_not() -> None:
    first = taken()
    first.release()
    second = taken()
    second.keep(201, {})
    second.release()
    assert isinstance(claim(scope="s", key="k", fingerprint="p", now=NOW), Stored)


def test_payment_and_answer_are_stored_as_one(config: Config) -> None:
    view = ask(config, idempotency=taken())
    found = claim(scope="s", key="k", fingerprint="p", now=NOW)
    assert isinstance(found, Stored)
    assert found.status == 201
    assert f'"id":"{view.id}"' in found.body


@pytest.mark.parametrize("dies", ["before the commit", "after the commit"])
def test_a_crash_between_never_doubles(config: Config, dies: str) -> None:
    """The work dies with its database transaction open, or with nobody left to tell the answer."""
    first = taken()

    class Died(BaseException):
        pass

    with pytest.raises(Died):
        if dies == "before the commit":
            with db.atomic():
                ask(config, idempotency=first)
                raise Died
        ask(config, idempotency=first)
        raise Died
    again = claim(scope="s", key="k", fingerprint="p", now=LATER)
    if isinstance(again, Claim):
        ask(config, idempotency=again)
    assert Payment.select().count() == 1
    assert has() == 9 * COIN


@pytest.mark.usefixtures("config")
def test_of_many_at_once_one_may_work() -> None:
    outcomes = at_once(8, lambda _: claim(scope="s", key="k", fingerprint="p", now=NOW))
    assert sum(isinstance(each, Claim) for each in outcomes) == 1
    assert sum(isinstance(each, StillRunning) for each in outcomes) == 7
    outcomes = at_once(
        8,
        lambda n: claim(scope="s", key="k", fingerprint="p", now=LATER + timedelta(seconds=n / 99)),
    )
    assert sum(isinstance(each, Claim) for each in outcomes) == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ("x" * 255, "x" * 255),
        ("~!", "~!"),
        *((wrong, None) for wrong in ("", '""', '"', 'a"b', '"a', "a b", "é", "\0", "x" * 256)),
        *(
            (wrong, None)
            for wrong in ("a\n", "\tb", '"a b"', '"a\\"', "\x7f", '"' + "x" * 256 + '"')
        ),
    ],
)
def test_a_key_is_visible_ascii_bare_or_quoted(text: str, key: str | None) -> None:
    assert read_key(text) == key


def test_a_fingerprint_tells_requests_apart_and_not_spellings() -> None:
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    different = [{"a": "1"}, {"a": 1}, {"a": None}, {}, [], {"a": "\ud800"}, {"a": "é"}]
    assert len({fingerprint(each) for each in different}) == len(different)
