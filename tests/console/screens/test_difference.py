"""One break by keys: what it means, what proves it, and the entry that cures it."""

from __future__ import annotations

import pytest

from console.screens.difference import DifferenceScreen
from tests.commands.desk import Desk
from tests.console.snapshots import assert_looks
from tests.console.sums import SumHouse
from tests.console.terminal import LARGE, SMALL, Terminal, at_terminal
from tests.engine.approvals.people import People


@pytest.fixture
def planted(desk: Desk, people: People) -> SumHouse:
    return SumHouse(desk, people)


def _open(shown: Terminal, planted: SumHouse, kind: str = "unknown_spend") -> None:
    shown.app.push_screen(DifferenceScreen(planted.breaks[kind]))


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_it_looks_as_it_did(planted: SumHouse, size: tuple[int, int]) -> None:
    async def steps(shown: Terminal) -> None:
        _open(shown, planted)
        await shown.sees("wallet:deposits")
        await assert_looks(shown, "difference")

    at_terminal(planted.path, steps, size=size, **planted.sits("ann"))


def test_a_break_shows_meaning_evidence_cure_and_entry(planted: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        _open(shown, planted)
        await shown.sees(
            "a chain tx that is no attempt of ours spends coins of ours",
            "coins spent",
            "came back",
            "secure the wallet's keys first; then the entry below cures it",
            "c cure",
            "loss",
        )
        await shown.press("y")
        assert "coins spent" in shown.app.clipboard

    at_terminal(planted.path, steps, size=LARGE, **planted.sits("ann"))


def test_the_other_persons_signature_and_ones_own_are_told(planted: SumHouse) -> None:
    planted.sign("cure", "ann", payment=planted.breaks["unknown_spend"])

    async def ann(shown: Terminal) -> None:
        _open(shown, planted)
        await shown.sees("by ann", "ann has signed this already (1 of 2)")
        await shown.press("c")
        assert len(shown.app.screen_stack) == 2

    async def ben(shown: Terminal) -> None:
        _open(shown, planted)
        await shown.sees("c cure")
        await shown.press("c")
        await shown.sees("entry that will be posted")

    at_terminal(planted.path, ann, size=LARGE, **planted.sits("ann"))
    at_terminal(planted.path, ben, size=LARGE, **planted.sits("ben"))


def test_a_break_that_another_two_cured_says_so(planted: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        _open(shown, planted)
        await shown.sees("c cure")
        for name in ("ann", "cleo"):
            planted.sign("cure", name, payment=planted.breaks["unknown_spend"])
        await shown.sees("closed: cured by staff:cleo")
        assert "c cure" not in shown.text

    at_terminal(planted.path, steps, size=LARGE, **planted.sits("ben"))


def test_what_does_not_fit_is_read_on_by_keys(planted: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        _open(shown, planted)
        await shown.sees("chain tx")
        await shown.press("pagedown")
        assert "unknown_spend of" not in shown.text
        await shown.press("pageup", "down", "up")
        assert "unknown_spend of" in shown.text

    at_terminal(planted.path, steps, size=(80, 14), **planted.sits("ann"))


def test_a_break_that_is_not_there_is_said(planted: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        shown.app.push_screen(DifferenceScreen("0" * 32))
        await shown.sees("there is no such break any more")
        await shown.press("c", "enter")
        assert len(shown.app.screen_stack) == 2

    at_terminal(planted.path, steps, **planted.sits("ann"))
