"""The one dialog of all signed acts: say why, look at what will be posted, confirm, sign, hear."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from console import acts, letters
from console.acts import Person, Picture
from console.frame import Dialog
from console.safe import fit, safe
from console.source import failures
from engine.errors import CashierError, DatabaseError, SigningFailed

if TYPE_CHECKING:
    from engine.approvals.plan import Proposal
    from engine.config import Config

SAYING, LOOKING, SIGNING, ASKING, ENDED, PASSPHRASE = (
    *("saying", "looking", "signing", "asking", "ended", "passphrase"),
)
AMOUNT_CELLS = 26
CELLS = 72  # inside of the frame


class ActDialog(Dialog[bool]):
    """Ends with whether the engine took the order. What was said stays until a key closes it."""

    DEFAULT_CSS = """
    ActDialog { align: center middle; background: transparent; }
    ActDialog #act { width: 76; max-width: 100%; height: auto; max-height: 95%;
        border: round $primary; background: $surface; padding: 0 1; }
    ActDialog #told { width: 1fr; height: auto; }
    ActDialog #answer { border: none; height: 1; padding: 0; background: $panel; }
    ActDialog #answer.gone { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("enter", "go_on", "go on", show=False),
    ]

    def __init__(self, proposal: Proposal) -> None:
        super().__init__()
        self.proposal = proposal
        self.step = ""
        self._picture: Picture | None = None
        self._said: list[Content] = []
        self._asked_at = 0.0
        self._typed = False
        self._left = False
        self._done = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="act") as box:
            box.border_title = safe(acts.named(self.proposal))
            yield Static(id="told", markup=False)
            yield Input(id="answer", max_length=500)

    def on_mount(self) -> None:
        if acts.missing(self.proposal):
            self._ask_for_what_is_missing()
        else:
            self._prepare()

    # Saying what the act needs.

    def _ask_for_what_is_missing(self, wrong: str = "") -> None:
        need = acts.missing(self.proposal)
        told = [_line(wrong, "bold $state-wrong"), _line()] if wrong else []
        self._go(SAYING, *told, _line(acts.prompt(self.proposal, need)), asks=True)

    def _prepare(self, *, moved: bool = False) -> None:
        if not moved:
            self._go(ASKING, _line("looking at what this would do…", "$foreground-muted"))
        person, now = self.console_app.staff, self.console_app.clock()
        self._run(
            partial(acts.prepare, proposal=self.proposal, staff=person, now=now),
            partial(self._prepared, moved=moved),
        )

    def _prepared(self, found: Picture | CashierError, *, moved: bool) -> None:
        if moved and self.step != LOOKING:
            return  # it was signed meanwhile, and the engine holds the signature against what moved
        if isinstance(found, CashierError):
            self._refused(found)
            return
        changed: tuple[str, ...] = ()
        if moved and self._picture is not None:
            changed = acts.changes(self._picture.plan, found.plan)
            if not changed:
                return
        self._picture = found
        self._look(changed)

    def _refused(self, error: CashierError) -> None:
        """Said here, or asked again where it was only what the person said."""
        blank = "" if self.proposal.outcome is not None else None
        unsaid = replace(self.proposal, reason=None, account=None, address=None, outcome=blank)
        need = acts.missing(unsaid)
        if self._typed and self._picture is None and need in {"account", "address", "outcome"}:
            self._say(need, blank)
            self._ask_for_what_is_missing(str(error))
            return
        self._end(_line(str(error), "bold $state-wrong"), _line("nothing was signed"))

    def _say(self, need: str, text: str | None) -> None:
        said: dict[str, Any] = {need: text}
        self.proposal = replace(self.proposal, **said)

    # Looking and confirming.

    def _look(self, changed: Collection[str] = (), *, mistyped: bool = False) -> None:
        picture = self._picture
        assert picture is not None
        told = [_line(line, "bold $state-asks") for line in changed]
        if changed:
            told = [_line("it changed while you looked:", "bold $state-wrong"), *told, _line()]
        told += [*_described(picture), _line()]
        if mistyped:
            told.append(_line("that was something else: nothing is signed", "bold $state-wrong"))
        told.append(_how_to_sign(picture, self.console_app.staff))
        self._go(LOOKING, *told, asks=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if self.step == SAYING and text:
            self._typed = True
            need = acts.missing(self.proposal)
            self._say(need, acts.answer(need, text))
            self._prepare()
        elif self.step == LOOKING and self._picture is not None:
            if text == self._picture.word:
                self._sign()
            else:
                self.app.bell()
                self._look(mistyped=bool(text))

    def moved(self, payments: Collection[str]) -> None:
        if self.step == LOOKING and self._picture and self._picture.plan.subject in payments:
            self._prepare(moved=True)

    # Signing and handing over.

    def _sign(self) -> None:
        picture = self._picture
        assert picture is not None
        app = self.console_app
        told = ("signing… a key that wants a touch blinks now", "$foreground-muted")
        self._go(SIGNING, *_described(picture), _line(), _line(*told))
        work = partial(
            acts.carry_out, picture=picture, person=self._person, now=app.clock(), quiet=True
        )
        self._run(work, self._signed)

    @property
    def _person(self) -> Person:
        return Person(self.console_app.staff, self.console_app.key)

    def _signed(self, signed: tuple[Any, str] | CashierError) -> None:
        if self._left:
            self.dismiss(self._done)
            return
        if isinstance(signed, SigningFailed):
            locked = "passphrase" in str(signed)
            why = _line("the key wants its passphrase" if locked else str(signed), "$state-asks")
            how = _line("Enter lets OpenSSH ask for the passphrase at this terminal; Esc leaves")
            self._go(PASSPHRASE, why, _line(), how)
        elif isinstance(signed, CashierError):
            self._end(_line(str(signed), "bold $state-wrong"), _line("nothing was signed"))
        else:
            self._hand_over(signed)

    def _sign_at_the_terminal(self) -> None:
        from db.connection import connected

        config, picture, app = self.console_app.source.config, self._picture, self.console_app
        assert config is not None
        assert picture is not None
        try:
            with app.suspend(), connected():
                signed = acts.carry_out(config, picture, self._person, now=app.clock(), quiet=False)
        except SuspendNotSupported:
            self._end(_line("this terminal cannot be lent to OpenSSH: put the key in an agent"))
        except CashierError as error:
            self._end(_line(str(error), "bold $state-wrong"), _line("nothing was signed"))
        except failures() as error:
            self._end(_line(f"the database is away: {error}"), _line("nothing was signed"))
        else:
            self._hand_over(signed)

    def _hand_over(self, signed: tuple[Any, str]) -> None:
        self._asked_at = time.monotonic()
        self._go(ASKING, *self._waiting())
        self._run(lambda _config: acts.hand_over(signed), self._answered)

    def _waiting(self) -> tuple[Content, ...]:
        age = int(time.monotonic() - self._asked_at)
        return (_line(f"signed; the engine is asked for {age} s…", "$foreground-muted"),)

    def tick(self) -> None:
        if self.step == ASKING and self._asked_at:
            self._go(ASKING, *self._waiting())

    def _answered(self, answer: dict[str, Any] | CashierError) -> None:
        picture = self._picture
        assert picture is not None
        if isinstance(answer, CashierError):
            self._end(_line("the engine did not do it:", "bold $state-wrong"), _line(str(answer)))
            return
        self._done = True
        what = f"{picture.plan.act} {picture.plan.says}"
        if answer["done"]:
            self._end(_line(f"done: {what}", "bold $state-done"))
        else:
            count = f"signed, {answer['signed']} of {answer['of']}"
            wait = "it waits for another person's signature"
            self._end(_line(f"{count}: {wait}", "bold $state-going"), _line(what))

    # Around it.

    def action_leave(self) -> None:
        """Esc: away, unless the order is with the engine, which cannot be taken back."""
        if self.step == SIGNING:
            self._left = True
        elif self.step == ASKING and self._asked_at:
            self.app.bell()
        else:
            self.dismiss(self._done)

    def action_go_on(self) -> None:
        """Enter, where there is nothing to type."""
        if self.step == PASSPHRASE:
            self._sign_at_the_terminal()
        elif self.step == ENDED:
            self.dismiss(self._done)

    def _end(self, *told: Content) -> None:
        self._go(ENDED, *told, _line(), _line("Enter closes", "$foreground-muted"))

    def _go(self, step: str, *told: Content, asks: bool = False) -> None:
        self.step = step
        self.query_one("#told", Static).update(Content("\n").join(told))
        answer = self.query_one(Input)
        answer.value = ""
        answer.set_class(not asks, "gone")
        if asks:
            answer.focus()
        else:
            self.set_focus(None)

    def _run(self, work: Callable[[Config], Any], then: Callable[[Any], Any]) -> None:
        """Work on a thread with a connection of its own; errors that we know are answers."""
        config, deliver = self.console_app.source.config, self.console_app.deliver

        def run() -> None:
            from db.connection import connected

            assert config is not None
            outcome: Any
            try:
                with connected():
                    outcome = work(config)
            except CashierError as error:
                outcome = error
            except failures() as error:
                outcome = DatabaseError(
                    "the database went away: look whether it was done before you sign again",
                    detail=str(error),
                )
            deliver(self._if_here, (then, outcome))

        self.run_worker(run, thread=True, group="act")

    def _if_here(self, given: tuple[Callable[[Any], Any], Any]) -> None:
        if self.is_attached:
            given[0](given[1])


def _line(text: str = "", style: str = "") -> Content:
    return Content.styled(safe(text), style) if style else Content(safe(text))


def _how_to_sign(picture: Picture, who: str) -> Content:
    if not picture.word:
        return _line(f"Enter signs it as {who}")
    named = f", {picture.word_is}" if picture.word_is else ""
    then = f"{named}, then Enter, to sign as {who}"
    return Content.assemble(("Type ", ""), (picture.word, "bold $accent"), then)


def _described(picture: Picture) -> list[Content]:
    """The act, the addresses one above the other, the entry, who signed."""
    plan = picture.plan
    told = [_line(f"{plan.act} {plan.says}", "bold")]
    if picture.why:
        told.append(_line(f"held because: {picture.why}"))
    if "reason" in plan.fields:
        told.append(_line(f"reason: {plan.fields['reason']}"))
    if picture.paid:
        told += [_line(), *letters.compare(picture.asked, picture.paid, CELLS)]
    told.append(_line())
    if picture.entry:
        later = "" if picture.when == "at once" else f" {picture.when}"
        told.append(_line(f"entry that will be posted{later}"))
        told += [
            _line(f"  {fit(account, 34)} {amount.rjust(AMOUNT_CELLS)} {currency}")
            for account, currency, amount in picture.entry
        ]
    else:
        told.append(_line("no entry will be posted", "$foreground-muted"))
    if plan.persons > 1:
        who = ", ".join(picture.signed) or "nobody yet"
        told += [_line(), _line(f"it takes {plan.persons} persons; signed: {who}")]
    return told
