"""A story as lines: nothing of it is markup, evidence short or whole, links named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console import telling
from engine.approvals.views import ApprovalView, Note
from engine.story import AttemptView, Story, story_of
from engine.views import HistoryView
from tests.console.houses import FilledHouse
from tests.console.terminal import NOW


@pytest.fixture
def told(house: FilledHouse) -> Story:
    with house.connected():
        return story_of(house.desk.config(), house.paid["held"], role="approver")


def _text(told: Story, *, whole: bool = False) -> str:
    return "\n".join(line.plain for line in telling.story(told, whole_evidence=whole))


def _move(**evidence: object) -> HistoryView:
    at = "2026-10-30T12:00:00.000000Z"
    return HistoryView(
        1, "confirm", "pending", "confirmed", at, "engine", "", "r1", evidence, "0" * 64
    )


def test_the_summary_says_what_it_waits_for(told: Story) -> None:
    lines = [line.plain for line in telling.summary(told, NOW, 80)]
    assert lines[1] == "! held for 03:00 · waits for an approval · staff acts next"
    assert lines[2] == "because the client is blocked"


@pytest.mark.parametrize(
    ("reason", "waits", "said"),
    [
        ("waiting for funds in the hot wallet", "funds in the hot wallet", "waits for funds in"),
        ("waiting: the fee is above fee_max now", "the fee is above fee_max now", "waits: the fee"),
        ("behind 12ab, which waits", "behind 12ab, which waits", "waits: behind 12ab"),
        ("", "the sender", "waits for the sender"),
        ("", "", "waits for nothing"),
    ],
)
def test_a_reason_to_wait_is_said_once_and_as_a_sentence(
    told: Story, reason: str, waits: str, said: str
) -> None:
    view = replace(told.view, kind="withdrawal", state="requested", reason=reason)
    lines = telling.summary(replace(told, view=view, waits=waits), NOW, 80)
    text = "\n".join(line.plain for line in lines)
    assert said in lines[1].plain
    assert "because" not in text


def test_evidence_is_one_line_or_all_of_it(told: Story) -> None:
    signed = [{"staff": "ben"}, {"staff": "cleo"}]
    move = _move(block_height=1000, confirmations=3, required=3, approvals=signed, node="n")
    assert "block 1,000 · 3 of 3 deep · signed by ben, cleo" in _text(
        replace(told, history=(move,))
    )
    whole = _text(replace(told, history=(move,)), whole=True)
    assert "node n" in whole
    assert "rule r1" in whole


def test_an_amount_of_many_decimals_is_never_cut(told: Story) -> None:
    units, amount = -1_234_567_890_123_456_789, "-1.234567890123456789"
    entry = told.entries[0]
    posting = replace(entry.postings[0], currency="ETH", units=units, amount=amount)
    view = replace(told.view, currency="ETH", decimals=18)
    text = _text(replace(told, view=view, entries=(replace(entry, postings=(posting,)),)))
    assert f" {amount} ETH" in text


def test_very_long_stories_show_their_newest_moves(told: Story) -> None:
    text = _text(replace(told, history=(_move(),) * (telling.MOVES_MOST + 5)))
    assert f"5 older moves: cashier show {told.view.id}" in text


def test_chain_txs_signatures_notes_and_links_are_told(told: Story) -> None:
    attempt = AttemptView(
        txid="ab" * 32,
        number=1,
        state="sent",
        paid="1.5",
        fee="0.1",
        fee_currency="LTC",
        others=2,
        sends=3,
        error="[red]min relay fee[/]",
        created_at="2026-10-30T12:00:00.000000Z",
        block_height=7,
    )
    at = "2026-10-30T12:00:00.000000Z"
    signature = ApprovalView("book", "ben", at, "client:CR1", "why", "waiting", "n", "s")
    text = _text(
        replace(
            told,
            attempts=(attempt,),
            approvals=(signature,),
            notes=(Note(at, "ann", "\x1b[2Jhello"),),
            refunded_by="f" * 32,
        )
    )
    assert "sent · block 7 · pays 2 more" in text
    assert "the node said: [red]min relay fee[/]" in text
    assert "ben book to client:CR1 · waiting · why" in text
    assert "ann: \\x1b[2Jhello" in text
    assert f"paid back by  {'f' * 32}" in text


def test_a_chain_tx_by_number_tells_its_fee_in_the_chains_coin(told: Story) -> None:
    attempt = AttemptView(
        txid="0x" + "ab" * 32,
        number=1,
        state="sent",
        paid="4.000000",
        fee="0.000630000000000000",
        fee_currency="ETH",
        others=0,
        sends=1,
        error="",
        created_at="2026-10-30T12:00:00.000000Z",
        block_height=None,
        at_most=True,
        source="0xHot",
        nonce=1007,
        gas=52_000,
    )
    text = _text(replace(told, attempts=(attempt,)))
    assert "number 1,007 of 0xHot · gas 52,000" in text
    assert "pays 4.000000 · fee at most 0.000630000000000000 ETH · sent 1x" in text


def test_why_not_is_only_told_where_it_is_staffs_turn(told: Story) -> None:
    assert "not now" in _text(told)
    assert "not now" not in _text(replace(told, owner="engine"))
