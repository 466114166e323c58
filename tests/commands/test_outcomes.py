"""`cashier reconcile --fix BREAK --paid` or `--not-paid`: just where persons must say which."""

from __future__ import annotations

import pytest

from db.findings import Break
from engine.clock import utc_now
from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.commands.test_fix import people
from tests.engine.approvals.people import People
from tests.engine.approvals.unanswered import unanswered

__all__ = ["people"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def staffed(desk: Desk, people: People) -> StaffedDesk:
    return StaffedDesk(desk, people)


@pytest.fixture
def broken(staffed: StaffedDesk) -> str:
    with staffed.desk.opened() as config:
        return unanswered(config, utc_now())[1]


def test_two_persons_say_that_it_did_not_pay(staffed: StaffedDesk, broken: str) -> None:
    words = ("reconcile", "--fix", broken[:8])
    with staffed.engine():
        first = staffed.type_as("ann", *words, "--not-paid")
        other = staffed.type_as("ben", *words, "--paid")
        second = staffed.type_as("ben", *words, "--not-paid")
    assert (first.exit_code, second.exit_code) == (0, 0), (first.output, second.output)
    assert "it did not pay" in first.stdout
    assert "client:CR1" in first.stdout, "the entry that it leads to"
    assert "signed, 1 of 2" in first.stdout
    assert other.exit_code == 1
    assert "ann signed that it did not pay" in other.stderr
    assert second.stdout.splitlines()[-1].endswith(": it did not pay")
    with staffed.desk.opened():
        row = Break.get_by_id(broken)
        assert row.closed_by == "cured by staff:ben"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say --paid or --not-paid"),
        (("--paid", "--not-paid"), "it did pay or it did not"),
    ],
)
def test_without_one_answer_nothing_is_signed(
    staffed: StaffedDesk, broken: str, words: tuple[str, ...], said: str
) -> None:
    result = staffed.type_as("ann", "reconcile", "--fix", broken, *words)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("word", ["--paid", "--not-paid"])
def test_an_answer_is_for_no_other_break(staffed: StaffedDesk, broken: str, word: str) -> None:
    with staffed.desk.opened():
        entry = '[["loss", "LTC", "5"], ["wallet:hot", "LTC", "-5"]]'
        Break.update(kind="unknown_spend", evidence="{}", entry=entry).execute()
    result = staffed.type_as("ann", "reconcile", "--fix", broken, word)
    assert result.exit_code == 2
    assert "are for sends of which no node tells" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_answer_without_a_break_is_wrong_use(staffed: StaffedDesk) -> None:
    result = staffed.desk.type("reconcile", "--paid")
    assert result.exit_code == 2
    assert "--fix BREAK" in result.stderr


def test_the_break_says_what_is_known_and_what_to_do(staffed: StaffedDesk, broken: str) -> None:
    result = staffed.desk.type("reconcile")
    assert result.exit_code == 1
    assert broken in result.stdout
    assert "to be said: it paid or it did not pay" in result.stdout
    assert "--paid or --not-paid" in result.stdout
