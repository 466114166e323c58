"""Acts to their real end: signed at consoles, carried out by a whole engine on a chain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from db.connection import connected
from db.findings import Break
from tests.commands.desk import Desk
from tests.console.living import COIN, STRANGER, LivingDesk
from tests.console.terminal import LARGE, Terminal
from tests.engine.approvals.people import People
from tests.nodes.ports import wait_until


@pytest.fixture
def living(desk: Desk, people: People) -> Iterator[LivingDesk]:
    made = LivingDesk(desk, people)
    with made.engine():
        made.fund(5 * COIN)
        yield made


async def _sign(shown: Terminal, word: str) -> None:
    """Confirm what the dialog shows, by typing what it asks for."""
    await shown.sees(f"Type {word}")
    await shown.type(word)
    await shown.press("enter")


def test_a_held_withdrawal_that_two_persons_approve_is_paid(living: LivingDesk) -> None:
    payment = living.ask("2")
    assert living.state(payment) == "held"

    async def ben(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("signed: nobody yet · 2 missing")
        await shown.press("a")
        await _sign(shown, STRANGER[-4:])
        await shown.sees("signed, 1 of 2: it waits for another person's signature")
        await shown.press("enter")
        await shown.sees("signed: ben · 1 missing", "ben has signed this already (1 of 2)")
        await shown.press("a")
        assert len(shown.app.screen_stack) == 1
        assert living.state(payment) == "held"

    async def cleo(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("signed: ben · 1 missing")
        await shown.press("a")
        await _sign(shown, STRANGER[-4:])
        await shown.sees("done: approve withdrawal")
        await shown.press("enter")
        await shown.sees("nothing waits for staff")

    living.sit("ben", ben)
    living.sit("cleo", cleo)
    living.wait_for(payment, "pending")
    living.tell("mine 2")
    living.wait_for(payment, "credited")
    assert living.owed() == 3 * COIN - 50_000


def test_a_refusal_with_a_reason_returns_the_money(living: LivingDesk) -> None:
    payment = living.ask("2")

    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("1 waits for staff")
        await shown.press("r")
        await shown.sees("Why?")
        await shown.type("unknown source")
        await shown.press("enter")
        await shown.sees("reason: unknown source", "client:CR0007", "-2.00050000 LTC")
        await _sign(shown, payment[-4:])
        await shown.sees("done: refuse")
        await shown.press("enter")

    living.sit("ann", steps, size=LARGE)
    assert living.state(payment) == "refused"
    assert living.owed() == 5 * COIN


def test_a_planted_theft_is_cured_by_two_and_the_sum_is_even_again(living: LivingDesk) -> None:
    living.tell(f"steal {COIN}")
    living.tell("mine 3")

    async def ann(shown: Terminal) -> None:
        await shown.press("3", "x")
        await shown.sees("compared just now", "LTC NOT EXPLAINED", "unknown_spend")
        await shown.go_down_to("unknown_spend")
        await shown.press("enter")
        await shown.sees("loss", "c cure")
        await shown.press("c")
        await shown.sees("entry that will be posted", "it takes 2 persons; signed: nobody yet")
        await _sign(shown, _theft()[-4:])
        await shown.sees("signed, 1 of 2")
        await shown.press("enter")
        await shown.sees("ann has signed this already (1 of 2)")

    async def ben(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("& cure", "by ann", "1 missing", "1.00001")
        await shown.press("a")
        await _sign(shown, _theft()[-4:])
        await shown.sees("done: cure unknown_spend")
        await shown.press("enter", "3", "x")
        await shown.sees("compared just now")
        gone = ("NOT EXPLAINED", "unknown_spend")
        await shown.until(lambda: not any(word in shown.text for word in gone))

    living.sit("ann", ann, size=LARGE)
    living.sit("ben", ben, size=LARGE)


def _theft() -> str:
    with connected():
        return str(Break.get((Break.kind == "unknown_spend") & (Break.state == "open")).id)


def test_an_engine_that_is_there_compares_when_it_is_asked(living: LivingDesk) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3", "x")
        await shown.sees("compared just now", "= explained", "books: deposits 5.00000000")

    living.sit("sue", steps, size=LARGE)
    wait_until(lambda: living.owed() == 5 * COIN, what="the books as they were")
