"""What a client reads: every state has a story, and no story promises what is not so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.client_words import deposits as words
from engine.client_words.story import duration_words
from engine.config import Config, load_config
from engine.config.confirmations import Tiers
from engine.deposits.rules import HELD_BY_RULE
from engine.lifecycle import STATES
from engine.queries import PaymentView

TOML = """
[site]
handshake = { algorithm = "HS256", secret = "a secret of at least thirty-two bytes, for tests" }
[currency.LTC]
network = "regtest"
node = "http://user:password@127.0.0.1:1/"
confirmations = 3
deposit_minimum = "0.001"
[currency.BTC]
network = "regtest"
node = "http://user:password@127.0.0.1:1/"
confirmations = [[1, "1"], [3, "10"], [6]]
deposit_minimum = "0.5"
below_minimum = "accumulate"
"""

VIEW = PaymentView(
    id="0" * 32,
    kind="deposit",
    client="CR1042",
    currency="LTC",
    network="regtest",
    decimals=8,
    units=123_456_789_012,
    fee_units=None,
    address="rltc1q",
    uri="litecoin:rltc1q",
    state="pending",
    sub_state="",
    unsettled=False,
    reason="",
    confirmations=2,
    confirmations_required=3,
    txid="a" * 64,
    index="vout:0",
    block_hash="b" * 64,
    block_height=10,
    successor=None,
    created_at="2026-11-01T12:00:00.000000Z",
    updated_at="2026-11-01T12:00:00.000000Z",
    expires_at=None,
    first_seq=1,
    last_seq=2,
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "cashier.toml"
    path.write_text(TOML)
    return load_config(path, role="web")


@pytest.mark.parametrize("state", [*(s.name for s in STATES["deposit"]), "refunded"])
def test_every_state_says_what_happened_and_what_it_means(config: Config, state: str) -> None:
    view = replace(VIEW, state=state)
    story = words.story(view, config.currencies["LTC"])
    assert len(story.headline) > 5
    assert story.headline != state
    assert story.meaning.endswith(".")
    assert story.tone in {"wait", "good", "care", "bad"}


@pytest.mark.parametrize("state", [*(s.name for s in STATES["deposit"]), "refunded"])
def test_every_state_has_one_place_in_the_line(state: str) -> None:
    line = words.steps(replace(VIEW, state=state))
    here = [step for step in line if step.name == state]
    assert len(here) == 1
    assert {step.mark for step in line} <= {"done", "now", "next", "stopped"}


def test_the_line_counts_confirmations_and_never_too_many() -> None:
    assert [(s.name, s.mark, s.note) for s in words.steps(VIEW)] == [
        ("requested", "done", ""),
        ("pending", "now", "2 of 3"),
        ("confirmed", "next", ""),
        ("credited", "next", ""),
    ]
    assert words.steps(replace(VIEW, confirmations=9))[1].note == "3 of 3"


def test_a_pending_deposit_is_told_by_where_its_coin_is(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    told = {
        sub_state: words.story(replace(VIEW, sub_state=sub_state, confirmations=0), litecoin)
        for sub_state in ("", "immature", "not_in_mempool")
    }
    assert len({story.headline for story in told.values()}) == 3
    assert "usually about 2 minutes more" in words.story(VIEW, litecoin).meaning


def test_where_nodes_tell_only_of_blocks_nothing_is_promised_before(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    assert words.sighting_words(litecoin) == "A payment shows here within seconds of being sent."
    ether = replace(litecoin, family="evm", coin=replace(litecoin.coin, block_s=12))
    assert "as soon as it is in a block, usually within about a minute" in words.sighting_words(
        ether
    )
    story = words.story(replace(VIEW, state="requested"), ether)
    assert words.sighting_words(ether) in story.meaning


def test_what_the_network_has_to_call_final_counts_towards_no_number(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    final = replace(litecoin, confirmations=Tiers(((64, None),), finalized=True))
    final = replace(final, coin=replace(litecoin.coin, block_s=12))
    assert words.confirmation_words(final) == (
        "Credited when the network calls it final, usually after about 13 minutes."
    )
    view = replace(VIEW, confirmations=10, confirmations_required=64)
    assert words.story(view, final).meaning == (
        "10 confirmations so far; the network has to call it final, usually about 11 minutes more."
    )


def test_a_credited_deposit_whose_block_left_stays_in_the_balance() -> None:
    story = words.story(replace(VIEW, state="credited", unsettled=True), None)
    assert "stays in your balance" in story.meaning


def test_below_the_minimum_names_it_and_the_way_out(config: Config) -> None:
    held = replace(VIEW, state="held", reason="below the minimum")
    story = words.story(held, config.currencies["LTC"])
    assert "the minimum is 0.001 LTC" in story.meaning
    assert story.asks
    kept = words.story(
        replace(held, currency="BTC", sub_state="accumulating"), config.currencies["BTC"]
    )
    assert "same address" in kept.meaning


def test_a_client_is_not_told_that_it_is_blocked() -> None:
    story = words.story(replace(VIEW, state="held", reason="the client is blocked"), None)
    assert "blocked" not in story.meaning
    other = words.story(replace(VIEW, state="held", reason=HELD_BY_RULE), None)
    assert HELD_BY_RULE in other.meaning


def test_terms_are_said_with_their_numbers(config: Config) -> None:
    litecoin, bitcoin = config.currencies["LTC"], config.currencies["BTC"]
    assert words.confirmation_words(litecoin) == (
        "Credited after 3 confirmations, usually about 8 minutes."
    )
    assert words.confirmation_words(bitcoin) == (
        "Confirmations needed: 1 up to 1 BTC, 3 up to 10 BTC, else 6 (about 60 minutes)."
    )
    assert words.minimum_words(litecoin).startswith("Minimum 0.001 LTC")
    assert "added up" in words.minimum_words(bitcoin)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "about a minute"),
        (75, "about a minute"),
        (450, "about 8 minutes"),
        (7200, "about 2 hours"),
        (400_000, "about 5 days"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: int, said: str) -> None:
    assert duration_words(seconds) == said


def test_amounts_and_times_are_whole() -> None:
    assert words.amount_words(VIEW) == "1,234.56789012 LTC"
    assert words.amount_words(replace(VIEW, units=None)) == ""
    assert words.moment_words(VIEW.created_at) == "1 Nov 2026, 12:00:00 UTC"


def test_who_was_refused_reads_why(config: Config) -> None:
    view = replace(VIEW, state="refused", reason="we could not tell where it came from")
    story = words.story(view, config.currencies["LTC"])
    assert "not credited: we could not tell where it came from." in story.meaning
    assert "not credited." in words.story(replace(view, reason=""), None).meaning
