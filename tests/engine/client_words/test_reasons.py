"""A client reads why its withdrawal waits or ended, and nothing that is the house's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.approvals.mends import NEVER_WAS
from engine.client_words import deposits
from engine.client_words.reasons import as_client_sees, rows_as_client_sees
from engine.client_words.withdrawals import story
from engine.config import Config
from engine.deposits import rules
from engine.deposits.verdicts import ASKED_LATER, PAUSED
from engine.queries import HistoryView
from engine.sender.by_nonce.settle import FAILED, GONE, TAKEN, UNCLEAR
from engine.sender.by_nonce.signing import LESS_THERE, REJECTED, no_gas, no_own_funds
from engine.sender.proof import UNPROVED_BALANCE
from engine.sender.sender import NO_FUNDS
from engine.withdrawals.decide import HELD_AMOUNT
from tests.engine.client_words.test_withdrawals import VIEW, config

__all__ = ["config"]

FILLED_UP = "the cashier's wallet is being filled up"
ROW = HistoryView(1, "hold", "requested", "held", "2026-10-30T12:00:00Z", "x", "", "r", {}, "h")


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("requested", NO_FUNDS, FILLED_UP),
        ("requested", no_gas("ETH"), FILLED_UP),
        ("requested", no_own_funds("ETH"), FILLED_UP),
        ("requested", f"waiting: {LESS_THERE}", "the cashier checks its books first"),
        (
            "requested",
            "connection refused at 10.0.0.5",
            "the cashier cannot send it at this moment",
        ),
        ("pending", "waiting: the network's fee is above what may be paid now", "fees"),
        ("pending", FAILED, FAILED),
        ("pending", UNCLEAR, ""),
        ("pending", TAKEN, ""),
        ("credited", TAKEN, ""),
        ("held", HELD_AMOUNT, HELD_AMOUNT),
        ("held", "Larger than usual", "Larger than usual"),
        ("held", UNPROVED_BALANCE, ""),
        ("held", "on our list of thieves", ""),
        ("refused", REJECTED, REJECTED),
        ("failed", GONE, GONE),
    ],
)
def test_only_what_is_meant_for_clients_is_told(
    config: Config, state: str, reason: str, told: str
) -> None:
    seen = as_client_sees(config, replace(VIEW, state=state, sub_state="", reason=reason))
    assert told in seen.reason
    assert bool(told) == bool(seen.reason)
    assert as_client_sees(config, seen) == seen
    assert seen.as_json()["reason"] == (seen.reason or None)


def test_the_story_is_the_same_whoever_reads_it(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    for state, reason, words in (
        ("requested", NO_FUNDS, FILLED_UP),
        ("held", HELD_AMOUNT, HELD_AMOUNT),
        ("pending", FAILED, "it comes back into your balance"),
    ):
        view = replace(VIEW, state=state, sub_state="waiting", reason=reason)
        assert words in story(view, litecoin).meaning
        assert story(as_client_sees(config, view), litecoin) == story(view, litecoin)


def test_what_staff_wrote_for_each_other_is_not_in_the_history(config: Config) -> None:
    rows = [
        replace(ROW, reason=HELD_AMOUNT),
        replace(ROW, event="release", to_state="requested", reason="asked his wife by phone"),
        replace(ROW, event="hold", reason="on our list of thieves"),
        replace(ROW, event="refuse", to_state="refused", reason="Ask support"),
    ]
    seen = rows_as_client_sees(config, VIEW, rows)
    assert [row.reason for row in seen] == [HELD_AMOUNT, "", "", "Ask support"]


@pytest.mark.parametrize(
    ("state", "sub_state", "reason", "told"),
    [
        ("held", "", rules.HELD_BELOW_MINIMUM, True),
        ("held", "", "Larger than usual", True),
        ("held", "", rules.HELD_BLOCKED, False),
        ("held", "", rules.HELD_DOUBTED, False),
        ("held", "", "on our list of thieves", False),
        ("pending", "", rules.HELD_OLD_COIN, False),
        ("pending", "", rules.BLOCK_LEFT, True),
        ("vanished", "", rules.REPLACED, True),
        ("vanished", "", NEVER_WAS, False),
        ("confirmed", PAUSED, "the network is being upgraded", True),
        ("confirmed", PAUSED, rules.HELD_OLD_COIN, False),
        ("confirmed", "unchecked", ASKED_LATER.reason, False),
        ("credited", "", rules.LATE, True),
        ("credited", "", "asked her wife by phone", False),
        ("refused", "", "These coins are not yours", True),
    ],
)
def test_of_a_deposit_only_what_is_meant_for_clients_is_told(
    config: Config, state: str, sub_state: str, reason: str, told: bool
) -> None:
    view = replace(VIEW, kind="deposit", state=state, sub_state=sub_state, reason=reason)
    seen = as_client_sees(config, view)
    assert seen.reason == (reason if told else "")
    litecoin = config.currencies["LTC"]
    assert deposits.story(seen, litecoin) == deposits.story(view, litecoin)
    assert told or reason not in deposits.story(view, litecoin).meaning


def test_what_staff_look_into_is_not_in_the_history_of_a_deposit(config: Config) -> None:
    view = replace(VIEW, kind="deposit", state="credited")
    rows = [
        replace(ROW, event="request", to_state="requested"),
        replace(ROW, event="hold", reason="on our list of thieves"),
        replace(ROW, event="release", to_state="credited", reason="asked her wife by phone"),
    ]
    assert {row.reason for row in rows_as_client_sees(config, view, rows)} == {""}


def test_other_payments_are_for_no_client_and_stay_as_they_are(config: Config) -> None:
    view = replace(VIEW, kind="transfer", reason=NO_FUNDS)
    assert as_client_sees(config, view) == view
    assert rows_as_client_sees(config, view, [ROW]) == (ROW,)
