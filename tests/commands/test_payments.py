"""Payments are found by whatever somebody holds in hand, and told whole."""

from __future__ import annotations

import pytest

from db.models import Payment
from engine.config import Config
from engine.deposits.request import request_deposit
from tests.commands.desk import Desk
from tests.engine.house import NOW, add_client, add_deposit
from tests.web.till import Till

PAYMENT_KEYS = [
    *("id", "kind", "client", "currency", "network", "amount", "fee", "address", "uri", "state"),
    *("sub_state", "unsettled", "reason", "confirmations", "confirmations_required", "txid"),
    *("index", "created_at", "updated_at"),
]


def credited(config: Config, client: str = "ann", units: int = 150_000_000) -> str:
    """A deposit that went the whole way, with its entries; its id."""
    add_client(client)
    payment = request_deposit(config, client=client, currency="LTC", now=NOW)[0]
    Till(config).deposit(payment.id, units)
    return payment.id


@pytest.fixture
def payment(desk: Desk) -> str:
    with desk.opened() as config:
        Till(config)
        return credited(config)


def test_a_list_is_newest_first_and_goes_on_where_it_ended(desk: Desk) -> None:
    with desk.opened() as config:
        made = [add_deposit(config, f"c{number}").id for number in range(7)]
    seen: list[str] = []
    words: tuple[str, ...] = ()
    while True:
        page = desk.json("payments", "--limit", "3", *words)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        words = ("--after", page["next"])
    assert seen == made[::-1]


def test_a_list_holds_only_what_was_asked_for(desk: Desk, payment: str) -> None:
    with desk.opened() as config:
        held = add_deposit(config, "bob", state="held", units=5, txid="ab" * 32, idx="vout:0").id
    asked = {
        ("--state", "held"): [held],
        ("--client", "ann"): [payment],
        ("--client", "nobody"): [],
        ("--currency", "LTC"): [held, payment],
        ("--find", "ab" * 32): [held],
        ("--find", "ababab"): [held],
        ("--find", payment): [payment],
        ("--find", "ann"): [payment],
        ("--find", "%"): [],
        ("--state", "held", "--client", "ann"): [],
    }
    for words, ids in asked.items():
        assert [item["id"] for item in desk.json("payments", *words)["items"]] == ids, words


def test_a_payment_in_json_is_what_the_contract_says(desk: Desk, payment: str) -> None:
    (item,) = desk.json("payments")["items"]
    assert list(item) == PAYMENT_KEYS
    assert (item["amount"], item["state"], item["client"]) == ("1.5", "credited", "ann")
    assert list(desk.json("show", payment)) == [
        *PAYMENT_KEYS,
        *("history", "entries", "attempts", "approvals", "notes"),
    ]


def test_show_tells_every_move_and_every_entry(desk: Desk, payment: str) -> None:
    told = desk.json("show", payment)
    assert [move["to"] for move in told["history"]] == [
        *("requested", "pending", "confirmed", "credited")
    ]
    assert told["entries"][-1]["postings"] == [
        {
            "account": f"suspense:{payment}",
            "currency": "LTC",
            "units": "150000000",
            "amount": "1.5",
        },
        {"account": "client:ann", "currency": "LTC", "units": "-150000000", "amount": "-1.5"},
    ]
    shown = desk.type("show", payment).stdout
    for word in ("credited", "client:ann", "-1.5", told["txid"], told["address"]):
        assert word in shown


def test_the_start_of_an_id_is_enough_where_only_one_begins_so(desk: Desk, payment: str) -> None:
    assert desk.json("show", payment[:6])["id"] == payment
    with desk.opened() as config:
        other = add_deposit(config, "bob").id
        Payment.update(id=payment[:8] + "0" * 24).where(Payment.id == other).execute()
    result = desk.type("show", payment[:6])
    assert result.exit_code == 2
    assert "more than one payment" in result.stderr
    assert desk.json("show", payment)["id"] == payment


@pytest.mark.parametrize(
    "text", ["nix", "ffffffff", "", "%%%%%%", "ann", "\x1b[2J" * 3, "a" * 5000]
)
def test_an_id_that_is_none_is_one_line(desk: Desk, payment: str, text: str) -> None:
    result = desk.type("show", "--", text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.rstrip("\n").isprintable()
    assert payment not in result.stderr


@pytest.mark.parametrize(
    "words", [("--after", "x"), ("--after", "-1"), ("--currency", "XXX"), ("--limit", "201")]
)
def test_a_question_that_has_no_answer_is_one_line(desk: Desk, words: tuple[str, ...]) -> None:
    result = desk.type("payments", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_a_reason_cannot_drive_the_terminal(desk: Desk) -> None:
    with desk.opened() as config:
        bad = add_deposit(config, "bob", state="held", units=5, reason="\x1b]0;x\x07[red]\nline").id
    shown = desk.type("show", bad).stdout
    assert r"\x1b]0;x\x07[red]\nline" in shown
    assert "\x1b" not in shown
