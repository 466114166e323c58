"""What a client reads of a withdrawal: every state has a story, and none tells the house's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.client_words import withdrawals as words
from engine.config import Config, load_config
from engine.lifecycle import STATES
from engine.sender.proof import UNPROVED_BALANCE, UNPROVED_HISTORY
from engine.sender.sender import NO_FUNDS
from engine.withdrawals.decide import HELD_AMOUNT
from tests.engine.client_words.test_deposits import TOML
from tests.engine.client_words.test_deposits import VIEW as DEPOSIT

VIEW = replace(
    DEPOSIT, kind="withdrawal", state="requested", units=150_000_000, fee_units=100_000, reason=""
)


RULE = """
[[rule]]
name = "r"
kind = "withdrawal"
currency = "LTC"
above = "7"
then = "hold"
reason = "Larger than usual"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "cashier.toml"
    limits = '{ fee = "0.001", minimum = "0.01", daily_limit = "9", hold_new_address = true }'
    path.write_text(
        TOML.replace("confirmations = 3\n", f"confirmations = 3\nwithdrawal = {limits}\n") + RULE
    )
    return load_config(path, role="web", environ={})


@pytest.mark.parametrize("state", [state.name for state in STATES["withdrawal"]])
def test_every_state_has_a_story_and_a_place(config: Config, state: str) -> None:
    view = replace(VIEW, state=state)
    story = words.story(view, config.currencies["LTC"])
    assert story.headline[0].isupper()
    assert story.meaning.endswith(".")
    assert story.tone in {"wait", "good", "care", "bad"}
    line = words.steps(view)
    assert state in {step.name for step in line}
    assert [step.mark for step in line].count("now") <= 1
    assert words.story(view, None).meaning


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (NO_FUNDS, "the cashier's wallet is being filled up"),
        ("waiting: the wallet is locked", "has to be unlocked"),
        ("waiting: the fee would be too high", "fees are unusually high"),
        ("waiting for ETH to pay the network's fee", "the cashier's wallet is being filled up"),
        ("LTC is paused: node is syncing", "withdrawals are paused"),
        ("the node is catching up", "our node is catching up"),
        ("connection refused at 10.0.0.5:9332", "cannot send it at this moment"),
    ],
)
def test_why_it_waits_is_said_in_client_words(config: Config, reason: str, said: str) -> None:
    story = words.story(replace(VIEW, sub_state="waiting", reason=reason), config.currencies["LTC"])
    assert said in story.meaning
    assert "10.0.0.5" not in story.meaning
    assert "1.501 LTC are set aside" in story.meaning


def test_what_is_sent_and_stuck_says_that_fees_have_risen(config: Config) -> None:
    sent = replace(VIEW, state="pending", confirmations=0)
    plain = words.story(sent, config.currencies["LTC"])
    dear = "waiting: the network's fee rate is above fee_rate_max now"
    stuck = words.story(replace(sent, reason=dear), config.currencies["LTC"])
    assert (
        stuck.meaning == f"{plain.meaning} The network's fees have risen since: it may take longer."
    )
    assert "longer" not in plain.meaning


@pytest.mark.parametrize("reason", [UNPROVED_HISTORY, UNPROVED_BALANCE])
def test_a_doubt_of_the_house_is_not_told(config: Config, reason: str) -> None:
    story = words.story(replace(VIEW, state="held", reason=reason), config.currencies["LTC"])
    assert reason not in story.meaning


@pytest.mark.parametrize("reason", [HELD_AMOUNT, "Larger than usual"])
def test_what_a_rule_says_is_told(config: Config, reason: str) -> None:
    story = words.story(replace(VIEW, state="held", reason=reason), config.currencies["LTC"])
    assert story.meaning.endswith(f"look at it first: {reason}.")


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (150_100_000, "1.501 LTC are back in your balance, the fee included."),
        (150_040_000, "1.5004 LTC are back in your balance; 0.0006 LTC of the fee are kept, "),
        (None, "The amount is back in your balance."),
    ],
)
def test_what_came_back_of_a_failed_one_is_told_to_the_last_unit(
    config: Config, returned: int | None, said: str
) -> None:
    view = replace(VIEW, state="failed")
    story = words.story(view, config.currencies["LTC"], returned=returned)
    assert said in story.meaning
    assert story.asks


def test_who_sends_one_by_one_waits_for_no_others(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    assert "usually within 30 seconds" in words.story(VIEW, litecoin).meaning
    ether = replace(litecoin, family="evm")
    assert "usually within 10 seconds" in words.story(VIEW, ether).meaning


def test_terms_name_fee_minimum_and_limits(config: Config) -> None:
    litecoin, bitcoin = config.currencies["LTC"], config.currencies["BTC"]
    assert words.fee_words(litecoin).startswith("Fee 0.001 LTC")
    assert words.fee_words(bitcoin) == "No fee."
    assert words.minimum_words(litecoin) == "Minimum 0.01 LTC."
    assert words.minimum_words(bitcoin) == "Minimum 0.00000549 BTC."
    assert words.limit_words(litecoin) == (
        "At most 9 LTC in 24 hours.",
        "The first withdrawal to an address waits for a person.",
    )
    assert words.limit_words(bitcoin) == ()
