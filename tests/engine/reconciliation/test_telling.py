"""Sums and evidence in words: every line adds up, and no field of evidence is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.reconciliation import timing
from engine.reconciliation.kinds import KINDS
from engine.reconciliation.standing import BreakView, SumView
from engine.reconciliation.telling import evidence_lines, figure, short_hash, sum_lines
from engine.reconciliation.timing import Timing

COIN = 10**8


def _sum(*items: Timing, node: int, residual: int = 0) -> SumView:
    accounts = {"wallet:deposits": 24 * COIN, "wallet:hot": 1180 * COIN}
    at = "2026-10-30T12:00:00.000000Z"
    return SumView("LTC", 8, 2_741_003, "0f" * 32, at, node, 1204 * COIN, accounts, items, residual)


def _break(**evidence: Any) -> BreakView:
    return BreakView(
        *("1" * 32, "amount_differs", "LTC", 8, "about", 5, evidence, "staff", "cure"),
        *((), "open", "2026-10-30T12:00:00.000000Z", "2026-10-30T12:00:00.000000Z", "", 7),
    )


def test_the_lines_add_up_by_their_signs() -> None:
    view = _sum(
        Timing(timing.NOT_DEEP, 50_010_021, 2),
        Timing(timing.SENDS, -3 * COIN, 1),
        node=1204 * COIN + 50_010_021 - 3 * COIN,
    )
    node, kept, hot, deposits, sends, expected, difference = sum_lines(view)
    assert (node.units, expected.units) == (view.node, view.node)
    assert (kept.text, hot.text) == ("books: deposits", "books: hot")
    assert kept.units + hot.units == view.books
    assert deposits.text == "+ deposits mined, not yet deep enough (2)"
    assert (sends.text, sends.units) == ("- withdrawals mined, not yet settled (1)", 3 * COIN)
    assert (deposits.item, node.item) == (timing.NOT_DEEP, "")
    assert expected.text == "= books and timing"
    assert figure(difference, 8) == "0"


def test_accounts_stand_in_one_line_where_there_is_room() -> None:
    view = replace(_sum(node=COIN), accounts={"wallet:deposits": COIN, "wallet:hot": 0})
    assert sum_lines(view)[1].text == "books: deposits 1.00000000 + hot 0.00000000"
    assert sum_lines(replace(view, accounts={}))[1].text == "books: no wallet account yet"


def test_a_difference_has_all_its_decimals() -> None:
    *_, difference = sum_lines(_sum(node=1204 * COIN + 1, residual=1))
    assert figure(difference, 8) == "0.00000001"


def test_a_block_is_known_by_both_ends_of_its_hash() -> None:
    assert short_hash("00000" + "a" * 55 + "7c1e") == "00000…7c1e"


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ({"units": "150000000"}, [("amount", "1.5")]),
        ({"client": "1042", "owes": "-7"}, [("client", "1042"), ("owes us", "-0.00000007")]),
        ({"node": None}, [("node has", "nothing of it")]),
        ({"node": {"units": "1", "height": 9}}, [("node has", "amount 0.00000001, block 9")]),
        ({"block": {"height": 7, "hash": "ab" * 32}}, [("in block", "7 ababa…abab")]),
        ({"block": None, "reason": ""}, []),
        ({"mend": {"units": None}}, [("will say", "that it never was")]),
        ({"mend": {"units": "3"}}, [("will say", "0.00000003")]),
        ({"attempts": [["a1", "t1", "sent"]]}, [("attempts", "a1 t1 sent")]),
        ({"change": [["vout:1", "addr", "150000000"]]}, [("change", "vout:1 addr 1.5")]),
        ({"blocked": True}, [("blocked", "yes")]),
        ({"came_back": {"tx:0": "5"}}, [("came back", "tx:0 0.00000005")]),
        ({"some_day": 3, "txid": "t"}, [("chain tx", "t"), ("some day", "3")]),
    ],
)
def test_evidence_is_said_in_words(evidence: dict[str, Any], said: list[tuple[str, str]]) -> None:
    found = list(evidence_lines(_break(**evidence)))
    assert found == said


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_says_what_it_means(kind: str) -> None:
    assert KINDS[kind].means
    assert KINDS[kind].cure
