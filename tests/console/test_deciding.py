"""Lines to decide on: what does not fit goes on below its label, and nothing is left out."""

from __future__ import annotations

from dataclasses import replace

from console import deciding
from console.deciding import together
from engine.approvals.case import Offered, Sum
from engine.approvals.plan import Proposal
from engine.approvals.queue import Waiting
from tests.console.terminal import NOW

ROW = Waiting(
    id="a" * 32,
    since="2026-10-30T12:00:00.000000Z",
    act="refund",
    kind="refund",
    client="CR1",
    currency="LTC",
    decimals=8,
    units=5,
    why="deposit of 0.00000005 LTC",
    signed=("ann",),
    persons=2,
    proposal=Proposal(act="refund", payment="b" * 32, address="rltc1qaddress"),
)


def test_text_goes_on_beside_its_label_and_not_below_it() -> None:
    shown = together([("held by", "one two three four", "")], 25).plain.split("\n")
    assert [line[:13].strip() for line in shown] == ["held by", ""]
    assert [line[13:] for line in shown] == ["one two", "three four"]


def test_an_empty_text_keeps_its_label() -> None:
    assert together([("reason", "", "")], 40).plain.strip() == "reason"


def test_who_is_missing_is_counted_by_the_larger_of_both_rules() -> None:
    (told,) = deciding.who_signs(ROW, Offered(persons=3))
    assert told == ("it takes", "3 persons · signed: ann · 2 missing", "")
    (alone,) = deciding.who_signs(replace(ROW, signed=(), persons=1), Offered())
    assert alone[1] == "1 person · signed: nobody yet · 1 missing"


def test_what_stands_against_it_is_said_by_whose_fault_it_is() -> None:
    told = list(deciding.who_signs(ROW, Offered(why_not="paused", not_you="you booked it")))
    assert [(each[0], each[1]) for each in told[1:]] == [
        ("not now", "paused"),
        ("not you", "you booked it"),
    ]


def test_a_half_signed_refund_is_only_signed_and_leads_to_its_payment() -> None:
    assert deciding.acts_on(ROW) == ("sign",)
    assert deciding.act_of(ROW, "sign") == "refund"
    assert deciding.proposal_on(ROW, "sign") == ROW.proposal
    assert deciding.payment_of(ROW) == "b" * 32
    assert deciding.payment_of(replace(ROW, act="cure")) == ""


def test_sums_say_nothing_rather_than_zero() -> None:
    assert deciding.of_sum(Sum(), ROW) == "nothing"
    assert deciding.of_sum(Sum(2, 150_000_000), ROW) == "2: 1.5 LTC"


def test_what_left_says_when_and_how() -> None:
    assert deciding.gone(ROW, "release by staff:ben, now sending", NOW) == (
        "refund aaaaaaaa left at 12:00:41: release by staff:ben, now sending"
    )
