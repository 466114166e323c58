"""What confirms an act, what it shows of the entry, and how a change is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import acts
from engine.approvals.plan import Plan, Proposal
from engine.ledger import Line, NewEntry
from tests.engine.house import house

PAYMENT = "ab" * 14 + "c0de"


def _plan(act: str, **fields: str) -> Plan:
    return Plan(
        act=act,
        subject=PAYMENT,
        history_hash="0" * 64,
        says="x",
        fields=fields,
        carry_out=lambda _doing: None,
    )


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        (_plan("approve", payment=PAYMENT, kind="withdrawal", address="rltc1qend5"), "end5"),
        (_plan("approve", payment=PAYMENT, kind="deposit", address="rltc1qend5"), "c0de"),
        (_plan("refund", payment=PAYMENT, kind="deposit", address="rltc1qend5"), "end5"),
        (_plan("refuse", payment=PAYMENT, kind="withdrawal", address="rltc1qend5"), "c0de"),
        (_plan("move", address="rltc1qcold"), "cold"),
        (_plan("pause", currency="LTC"), "yes"),
        (_plan("adjust", currency="LTC", units="5"), "yes"),
        (_plan("note", payment=PAYMENT), ""),
    ],
)
def test_what_leaves_is_confirmed_by_where_it_goes(plan: Plan, word: str) -> None:
    assert acts.confirmation(plan)[0] == word


def test_an_act_says_what_it_still_needs() -> None:
    assert acts.missing(Proposal(act="refuse")) == "reason"
    assert acts.missing(Proposal(act="refuse", reason="x")) == ""
    assert acts.missing(Proposal(act="approve")) == ""


def test_an_entry_is_shown_in_whole_coins(tmp_path: Path) -> None:
    lines = (Line("suspense:x", "LTC", 150_000_000), Line("house", "LTC", -150_000_000))
    assert acts.entry_lines(house(tmp_path), NewEntry("book", lines)) == (
        ("suspense:x", "LTC", "1.50000000"),
        ("house", "LTC", "-1.50000000"),
    )


def test_what_changed_is_named() -> None:
    old, new = _plan("approve", units="5"), _plan("approve", units="6")
    assert acts.changes(old, new) == ("units: 5 -> 6",)
    assert acts.changes(old, old) == ()


@pytest.mark.parametrize(
    ("proposal", "title", "asked"),
    [
        (Proposal(act="pause", currency="LTC"), "pause LTC", "Every client reads it"),
        (
            Proposal(act="pause", currency="LTC", kind="deposit"),
            "pause LTC deposits",
            "Every client",
        ),
        (Proposal(act="refuse", payment=PAYMENT), "refuse abababab", "The client reads it"),
        (Proposal(act="note", payment=PAYMENT), "note abababab", "clients never do"),
        (Proposal(act="block", client="CR1042"), "block CR1042", "Staff and auditors read it"),
    ],
)
def test_who_reads_a_reason_is_said_before_it_is_written(
    proposal: Proposal, title: str, asked: str
) -> None:
    assert acts.named(proposal) == title
    assert asked in acts.prompt(proposal, acts.missing(proposal))
