"""Staff decide on payments at the command line: what they see, sign and are told."""

from __future__ import annotations

import pytest

from db.models import Order
from engine.audit.database import verify_database
from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.engine.approvals.people import People


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


@pytest.fixture
def staffed(desk: Desk, people: People) -> StaffedDesk:
    return StaffedDesk(desk, people, book_above="1")


def test_an_approval_shows_the_entry_and_posts_just_that(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    with staffed.engine():
        result = staffed.type_as("ben", "approve", payment[:8])
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"suspense:{payment}" in result.stdout
    assert "client:CR1" in result.stdout
    assert "-1.5" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        f"done: approve deposit {payment} of 1.5 LTC of client CR1"
    )
    told = staffed.desk.json("show", payment)
    assert told["state"] == "credited"
    assert told["entries"][-1]["postings"][-1]["account"] == "client:CR1"
    (approval,) = told["approvals"]
    assert (approval["staff"], approval["act"], approval["state"]) == ("ben", "approve", "used")
    assert "ben" in staffed.desk.type("show", payment).stdout
    with staffed.desk.opened():
        assert verify_database().ok


def test_a_second_decision_is_one_line_and_exit_1(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    with staffed.engine():
        refused = staffed.type_as("ann", "refuse", payment, "--reason", "stolen")
        late = staffed.type_as("ben", "approve", payment)
    assert refused.exit_code == 0
    assert "no entry will be posted" in refused.stdout
    assert (late.exit_code, late.stdout, late.stderr.count("\n")) == (1, "", 1)
    assert "is refused, not held: refuse by staff:ann at " in late.stderr


def test_two_persons_book_what_is_above_the_limit(staffed: StaffedDesk) -> None:
    payment = staffed.held(client=None)
    needs = [staffed.desk.type("payments", "--state", "held").stdout]
    with staffed.engine():
        first = staffed.type_as("ann", "book", payment, "--to", "house")
        needs.append(staffed.desk.type("payments", "--state", "held").stdout)
        (approval,) = staffed.desk.json("show", payment)["approvals"]
        second = staffed.type_as("ben", "book", payment, "--to", "house")
    assert "it takes the signatures of 2 persons" in first.stdout
    assert "signed, 1 of 2: it waits for another person's signature" in first.stdout
    assert approval["state"] == "waiting"
    assert ["2 persons to book it" in needs[0], "1 more person to book" in needs[1]] == [True, True]
    assert "done: book" in second.stdout
    told = staffed.desk.json("show", payment)
    assert (told["state"], told["client"]) == ("credited", None)
    assert {each["staff"]: each["state"] for each in told["approvals"]} == {
        "ann": "used",
        "ben": "used",
    }


def test_a_note_is_shown_with_its_author(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    with staffed.engine():
        assert staffed.type_as("ann", "note", payment, "called CR1").exit_code == 0
    (note,) = staffed.desk.json("show", payment)["notes"]
    assert (note["staff"], note["text"]) == ("ann", "called CR1")
    assert "called CR1" in staffed.desk.type("show", payment).stdout


def test_without_an_engine_nothing_is_signed(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    result = staffed.type_as("ben", "approve", payment)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "no engine is running" in result.stderr
    with staffed.desk.opened():
        assert Order.select().count() == 0


def test_a_script_must_say_that_it_wants_no_question(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    key = str(staffed.people.key("ben"))
    with staffed.engine():
        result = staffed.desk.type("approve", payment, "--as", "ben", "--key", key)
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    with staffed.desk.opened():
        assert Order.select().count() == 0


CANNOT: list[tuple[tuple[str, ...], int, str]] = [
    (("approve", "ffffff"), 2, "no payment has the id"),
    (("approve",), 2, "Missing argument"),
    (("book", "{}"), 2, "--to"),
    (("refuse", "{}"), 2, "--reason"),
    (("book", "{}", "--to", "fees:service"), 1, "booked to house or client:ID"),
    (("book", "{}", "--to", "client:nix"), 1, "there is no client nix"),
    (("book", "{}", "--to", "house"), 1, "belongs to client CR1"),
    (("refuse", "{}", "--reason", ""), 1, "needs a reason"),
    (("refuse", "{}", "--reason", "\x1b[2J"), 1, "reason is not of its form"),
    (("note", "{}", "x" * 501), 1, "reason is not of its form"),
]


def test_what_cannot_be_signed_is_one_line(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    with staffed.engine():
        for words, code, said in CANNOT:
            result = staffed.type_as("ben", *(word.replace("{}", payment) for word in words))
            assert (result.exit_code, result.stderr.count("\n")) == (code, 1), words
            assert said in result.stderr
            assert result.stderr.rstrip("\n").isprintable()
    with staffed.desk.opened():
        assert Order.select().count() == 0


def test_only_known_staff_with_their_own_key_sign(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    with staffed.engine():
        unknown = staffed.desk.type("approve", payment, "--as", "zoe", "--yes")
        role = staffed.type_as("sue", "note", payment, "hello")
        key = str(staffed.people.key("cleo"))
        other = staffed.desk.type("approve", payment, "--as", "ben", "--key", key, "--yes")
        none = str(staffed.desk.path)
        toml = staffed.desk.type("approve", payment, "--as", "ben", "--key", none, "--yes")
    assert (unknown.exit_code, "no staff zoe is in cashier.toml" in unknown.stderr) == (2, True)
    assert (role.exit_code, "sue is support: to note is for payments" in role.stderr) == (1, True)
    assert (other.exit_code, "not one of ben over this order" in other.stderr) == (1, True)
    assert (toml.exit_code, toml.stderr.count("\n")) == (1, 1)
    assert toml.stderr.startswith("ssh-keygen did not sign: ")
    assert staffed.desk.json("show", payment)["approvals"] == []
