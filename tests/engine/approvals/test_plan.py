"""A form and its plan say the same, in both directions; equal acts of two persons add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.approvals.form import FIELDS, check, entry_hash, new_form, parse, same_act, signed_bytes
from engine.approvals.plan import Doing, Plan, Proposal, proposal_of
from engine.errors import ActRefused
from engine.ledger import shift
from tests.engine.house import NOW

ENTRY = shift("book", "LTC", 5, to="suspense:x", out_of="house")


def nothing(_doing: Doing) -> None:
    """Carries out nothing."""


def plan(**fields: str) -> Plan:
    given = {"payment": "a" * 32, "kind": "deposit", "client": "CR1", "currency": "LTC", **fields}
    return Plan(
        act="book",
        subject="a" * 32,
        history_hash="b" * 64,
        says="",
        fields=given,
        entry=ENTRY,
        carry_out=nothing,
    )


def test_a_form_holds_what_applies_and_no_more() -> None:
    form = new_form(plan(account="house").form_fields(), staff="ann", now=NOW)
    assert set(form) == {
        *("v", "act", "payment", "kind", "client", "currency", "account"),
        *("entry_hash", "history_hash", "staff", "at", "nonce"),
    }
    assert form["entry_hash"] == entry_hash(ENTRY)
    assert parse(signed_bytes(form).decode()) == form
    assert set(form) - {"v"} <= set(FIELDS)


def test_a_payments_client_and_kind_are_no_part_of_what_is_proposed() -> None:
    form = new_form(plan(account="house").form_fields(), staff="ann", now=NOW)
    assert proposal_of(form) == Proposal(act="book", payment="a" * 32, account="house")
    block = {"act": "block", "client": "CR1", "reason": "x", "history_hash": "c" * 32}
    assert proposal_of(block) == Proposal(act="block", client="CR1", reason="x")


def test_two_nonces_are_never_the_same_and_two_persons_sign_one_act() -> None:
    fields = plan().form_fields()
    one = new_form({**fields, "reason": "a"}, staff="ann", now=NOW)
    two = new_form({**fields, "reason": "b"}, staff="ben", now=NOW + timedelta(minutes=3))
    assert one["nonce"] != two["nonce"]
    assert same_act(one) == same_act(two)
    assert signed_bytes(one) != signed_bytes(two)
    other = new_form(plan(account="client:CR1").form_fields(), staff="ann", now=NOW)
    assert same_act(other) != same_act(one)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("v", 2),
        ("v", True),
        ("v", "1"),
        ("act", "Approve"),
        ("payment", "A" * 32),
        ("units", "01"),
        ("units", "-1"),
        ("units", "\u0661"),
        ("history_hash", "a" * 33),
        ("reason", ""),
        ("reason", "a\nb"),
        ("reason", "\u202e"),
        ("at", "2026-11-22"),
        ("nonce", "a" * 31),
        ("staff", "ann, ben"),
        ("staff", "*"),
        ("sum", "1"),
    ],
)
def test_a_field_out_of_shape_makes_no_form(name: str, bad: object) -> None:
    form = new_form(plan().form_fields(), staff="ann", now=NOW)
    with pytest.raises(ActRefused):
        check({**form, name: bad})


def test_who_proposed_or_signed_cannot_be_the_next_to_sign() -> None:
    two = replace(plan(), persons=2, barred=frozenset({"ann"}))
    assert two.objection("ann", ()) == "ann proposed this sum: another person must approve it"
    assert two.objection("ben", ["ben"]) == "ben has signed this already (1 of 2)"
    assert two.objection("cleo", ["ben"]) == ""
