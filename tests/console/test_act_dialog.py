"""Every signed act goes the same way: say why, look, confirm by typing, sign, hear the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest

from console.act_dialog import ActDialog
from console.letters import grouped
from db.connection import connected
from db.models import Client, Order, Payment
from engine.approvals.plan import Proposal
from engine.errors import ActRefused
from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.console.queues import ADDRESS
from tests.console.terminal import Terminal, at_terminal
from tests.engine.approvals.people import ROLES, People


@pytest.fixture
def staffed(desk: Desk, people: People) -> Iterator[StaffedDesk]:
    """A house whose engine carries out what is signed."""
    staffed = StaffedDesk(desk, people)
    with staffed.engine():
        yield staffed


def sitting(staffed: StaffedDesk, name: str, steps: Callable[[Terminal], Awaitable[None]]) -> None:
    """Run `steps` with `name` at the console, by their own key."""
    key = staffed.people.key(name)
    at_terminal(staffed.desk.path, steps, staff=name, role=ROLES[name], key=key, now=None)


def _state(payment: str) -> str:
    with connected():
        return str(Payment.get_by_id(payment).state)


def test_a_held_deposit_is_released_by_typing_the_end_of_its_id(staffed: StaffedDesk) -> None:
    held = staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="approve", payment=held))
        await shown.sees("entry that will be posted", "client:CR1", "-1.50000000 LTC")
        await shown.sees(f"Type {held[-4:]}, the end of its id, then Enter, to sign as ben")
        await shown.press("enter", "y", "enter")
        await shown.sees("that was something else: nothing is signed")
        assert _state(held) == "held"
        await shown.type(held[-4:])
        await shown.press("enter")
        await shown.sees("done: approve deposit", "Enter closes")
        await shown.press("enter")
        assert "done:" not in shown.text

    sitting(staffed, "ben", steps)
    assert _state(held) == "credited"


def test_a_refusal_asks_why_first(staffed: StaffedDesk) -> None:
    held = staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="refuse", payment=held))
        await shown.sees("Why?")
        await shown.press("enter")
        await shown.type("not [red]ours[/]")
        await shown.press("enter")
        await shown.sees("no entry will be posted", "reason: not [red]ours[/]")
        await shown.type(held[-4:])
        await shown.press("enter")
        await shown.sees("done: refuse")

    sitting(staffed, "ann", steps)
    assert _state(held) == "refused"


def test_a_refund_is_not_compared_with_the_address_of_the_deposit(staffed: StaffedDesk) -> None:
    held = staffed.held()
    with connected():
        Payment.update(final=True).where(Payment.id == held).execute()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="refund", payment=held, address=ADDRESS))
        await shown.sees(f"will be paid {grouped(ADDRESS)}", "it takes 2 persons")
        assert "asked for" not in shown.text
        await shown.sees(f"Type {ADDRESS[-4:]}, the end of the address")
        await shown.type(ADDRESS[-4:])
        await shown.press("enter")
        await shown.sees("signed, 1 of 2")
        await shown.press("enter")
        shown.app.act(Proposal(act="refund", payment=held, address=ADDRESS))
        await shown.sees("ann has signed this already (1 of 2)", "nothing was signed")
        await shown.press("enter")

    sitting(staffed, "ann", steps)


def test_escape_signs_nothing(staffed: StaffedDesk) -> None:
    held = staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="approve", payment=held))
        await shown.sees("Type ")
        await shown.press("escape")
        assert "Type " not in shown.text

    sitting(staffed, "ben", steps)
    with connected():
        assert Order.select().count() == 0


def test_what_moved_meanwhile_is_said_before_anything_is_signed(staffed: StaffedDesk) -> None:
    held = staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="approve", payment=held))
        await shown.sees("Type ")
        done = staffed.run_as("ann", "refuse", held, "--reason", "police")
        assert done.returncode == 0, done.stderr
        await shown.sees("the deposit is refused, not held", "refuse by staff:ann", "nothing was")
        await shown.press("enter")

    sitting(staffed, "ben", steps)


def test_a_late_look_at_what_moved_unsays_no_signature(staffed: StaffedDesk) -> None:
    held = staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="approve", payment=held))
        await shown.sees("Type ")
        dialog = shown.app.screen
        assert isinstance(dialog, ActDialog)
        await shown.type(held[-4:])
        await shown.press("enter")
        await shown.sees("done: approve deposit")
        # It was asked for before Enter, and takes longer than the engine.
        dialog._prepared(ActRefused("the deposit is credited, not held"), moved=True)
        await shown.settle()
        assert "done: approve deposit" in shown.text
        assert "nothing was signed" not in shown.text

    sitting(staffed, "ben", steps)


def test_a_role_that_may_not_is_offered_no_dialog(staffed: StaffedDesk) -> None:
    held = staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="approve", payment=held))
        await shown.settle()
        assert len(shown.app.screen_stack) == 1

    sitting(staffed, "ann", steps)
    sitting(staffed, "sue", steps)


def test_the_engine_refuses_a_key_that_is_not_the_persons(staffed: StaffedDesk) -> None:
    held = staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.key = staffed.people.key("cleo")
        shown.app.act(Proposal(act="approve", payment=held))
        await shown.sees("Type ")
        await shown.type(held[-4:])
        await shown.press("enter")
        await shown.sees("the engine did not do it")

    sitting(staffed, "ben", steps)
    assert _state(held) == "held"


def test_an_account_that_does_not_exist_is_asked_for_again(staffed: StaffedDesk) -> None:
    nobodys = staffed.held(client=None)

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="book", payment=nobodys))
        await shown.sees("To which account?")
        await shown.type("client:CR9")
        await shown.press("enter")
        await shown.sees("there is no client CR9", "To which account?")
        await shown.type("house")
        await shown.press("enter")
        await shown.sees("entry that will be posted", "house")
        await shown.press("escape")

    sitting(staffed, "ann", steps)


def test_a_key_that_wants_a_passphrase_does_not_ask_over_the_screen(
    staffed: StaffedDesk, people: People
) -> None:
    held = staffed.held()
    locked = people.folder / "locked"
    locked.write_text("not a key")

    async def steps(shown: Terminal) -> None:
        shown.app.key = locked
        shown.app.act(Proposal(act="refuse", payment=held, reason="no"))
        await shown.sees("Type ")
        await shown.type(held[-4:])
        await shown.press("enter")
        await shown.sees("ssh-keygen did not sign", "Enter lets OpenSSH ask")
        await shown.press("enter")
        await shown.sees("cannot be lent")
        await shown.press("enter")

    sitting(staffed, "ann", steps)
    assert _state(held) == "held"


def test_an_act_on_a_client_is_confirmed_by_yes(staffed: StaffedDesk) -> None:
    staffed.held()

    async def steps(shown: Terminal) -> None:
        shown.app.act(Proposal(act="block", client="CR1", reason="police"))
        await shown.sees("Type yes, then Enter, to sign as ann")
        await shown.type("yes")
        await shown.press("enter")
        await shown.sees("done: block client CR1")

    sitting(staffed, "ann", steps)
    with connected():
        assert Client.get_by_id("CR1").blocked
