"""Refunds, moves and adjustments at the command line: what staff see, sign and are told."""

from __future__ import annotations

import pytest

from db.models import Address, Order, Payment
from engine.clock import rfc3339, utc_now
from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.engine.approvals.people import People

COLD = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


@pytest.fixture
def staffed(desk: Desk, people: People) -> StaffedDesk:
    return StaffedDesk(desk, people)


def _final(staffed: StaffedDesk, payment: str) -> None:
    with staffed.desk.opened():
        Payment.update(final=True).where(Payment.id == payment).execute()


def _hot_address(staffed: StaffedDesk, address: str) -> None:
    with staffed.desk.opened():
        Address.create(
            chain="LTC",
            address=address,
            script=address,
            purpose="hot",
            created_at=rfc3339(utc_now()),
            created_height=0,
        )


def test_two_persons_refund_a_deposit(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    _final(staffed, payment)
    words = ("refund", payment[:8], "--address", COLD)
    with staffed.engine():
        first = staffed.type_as("ann", *words)
        second = staffed.type_as("ben", *words)
    assert "it takes the signatures of 2 persons" in first.stdout
    assert f"suspense:{payment}" in first.stdout
    assert "in_transit" in first.stdout
    assert "signed, 1 of 2" in first.stdout
    assert second.stdout.splitlines()[-1].startswith(f"done: refund deposit {payment}")
    assert staffed.desk.json("show", payment)["state"] == "refunded"


def test_two_persons_adjust_a_client(staffed: StaffedDesk) -> None:
    staffed.held()  # CR1 is known
    words = ("adjust", "LTC", "client:CR1", "--by", "0.5", "--against", "house", "--reason", "gift")
    with staffed.engine():
        first, second = (staffed.type_as(name, *words) for name in ("ann", "ben"))
    assert "client:CR1" in first.stdout
    assert "-0.5" in first.stdout
    assert second.stdout.splitlines()[-1] == ("done: adjust client:CR1 by +0.5 LTC against house")
    (row,) = staffed.desk.json("status")["currencies"]
    assert (row["balances"]["client:*"], row["balances"]["house"]) == ("0.5", "-0.5")


def test_the_hot_address_is_told_without_a_signature(staffed: StaffedDesk) -> None:
    none = staffed.desk.type("move", "hot", "LTC")
    _hot_address(staffed, COLD)
    told = staffed.desk.type("move", "hot", "LTC")
    assert (none.exit_code, none.stderr.count("\n")) == (1, 1)
    assert (told.exit_code, told.stdout) == (0, f"{COLD}\n")


REASON = ("--reason", "x")


def _adjust(account: str, by: str, against: str = "loss") -> tuple[str, ...]:
    return ("adjust", "LTC", account, "--by", by, "--against", against)


CANNOT: list[tuple[tuple[str, ...], int, str]] = [
    (("refund", "{}"), 2, "--address"),
    (("refund", "{}", "--address", COLD), 1, "not final yet"),
    (("move", "cold", "LTC", "1"), 1, "names no cold address"),
    (("move", "cold", "LTC", "1e3"), 2, "decimal string"),
    (("move", "cold", "XYZ", "1"), 2, "no currency XYZ"),
    (("move", "warm", "LTC"), 2, "No such command"),
    ((*_adjust("client:nix", "1"), *REASON), 1, "nix"),
    ((*_adjust("client:CR1", "1", "bank"), *REASON), 2, "bank"),
    ((*_adjust("client:CR1", "0"), *REASON), 1, "zero"),
    ((*_adjust("client:CR1", "--1"), *REASON), 2, "decimal string"),
    ((*_adjust("\x1b[2J", "1"), *REASON), 1, "adjusted"),
    (_adjust("client:CR1", "1"), 2, "--reason"),
]


def test_what_cannot_be_done_is_one_line(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    with staffed.engine():
        for words, code, said in CANNOT:
            result = staffed.type_as("ben", *(word.replace("{}", payment) for word in words))
            assert (result.exit_code, result.stderr.count("\n")) == (code, 1), (
                words,
                result.stderr,
            )
            assert said in result.stderr
            assert result.stderr.rstrip("\n").isprintable()
    with staffed.desk.opened():
        assert Order.select().count() == 0
