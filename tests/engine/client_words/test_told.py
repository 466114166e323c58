"""Which reasons are for clients: those for everybody, those of rules, what the network did."""

from __future__ import annotations

from engine.client_words.told import CHAIN_REASONS, brake_reason, is_told_hold
from engine.config import Config
from engine.deposits import rules
from engine.withdrawals.decide import HELD_AMOUNT
from tests.engine.client_words.test_withdrawals import config

__all__ = ["config"]


def test_a_hold_is_told_by_a_rule_s_words_or_by_those_for_everybody(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    assert is_told_hold("withdrawal", "Larger than usual", litecoin)
    assert is_told_hold("withdrawal", HELD_AMOUNT, None)
    assert is_told_hold("deposit", rules.HELD_BELOW_MINIMUM, None)
    assert not is_told_hold("withdrawal", "Larger than usual", None)
    assert not is_told_hold("deposit", rules.HELD_BLOCKED, litecoin)


def test_a_hold_without_a_reason_tells_none(config: Config) -> None:
    assert not is_told_hold("deposit", "", config.currencies["LTC"])


def test_a_deposit_s_own_reason_is_not_taken_for_the_brake_s() -> None:
    assert brake_reason("the network is being upgraded") == "the network is being upgraded"
    assert not any(map(brake_reason, CHAIN_REASONS | {rules.HELD_OLD_COIN, rules.HELD_DOUBTED}))
