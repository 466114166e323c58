"""One payment: where it stands, its states with their evidence, entries, chain txs, signatures,
notes, and what can be done with it now."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console import telling
from console.frame import ConsoleScreen
from console.safe import safe

if TYPE_CHECKING:
    from engine.config import Config
    from engine.story import Story

ACTS = {"a": "approve", "r": "refuse", "b": "book", "u": "refund", "n": "note"}
"""The letter of each act, on this screen as on every other."""


class PaymentScreen(ConsoleScreen):
    """Opened on top of another screen, and drawn anew whenever the payment moves."""

    CSS_PATH = "payment.tcss"
    TITLE = "Payment"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"act('{act}')", act) for key, act in ACTS.items()),
        Binding("c", "copy('id')", "copy id", show=False),
        Binding("y", "copy('address')", "copy address"),
        Binding("t", "copy('txid')", "copy txid"),
        Binding("e", "evidence", "evidence"),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("home,g", "edge(-1)", "top", show=False),
        Binding("end,G", "edge(1)", "bottom", show=False),
    ]

    def __init__(self, payment: str = "") -> None:
        super().__init__()
        self.payment = payment
        self.story: Story | None = None
        self._trail: list[str] = []
        self._whole_evidence = False

    def show(self, payment: str, *, trail: bool = False) -> None:
        """Show another payment; with `trail` Esc leads back to this one. Nothing of the one before
        stays in sight beside the new one's id."""
        self._trail = [*self._trail, self.payment] if trail else []
        self._turn_to(payment)

    def _turn_to(self, payment: str) -> None:
        self.payment, self.story = payment, None
        if self.is_mounted:
            self.query_one("#summary", Static).update(Content(f"payment {safe(payment)}"))
            self.query_one("#told", Static).update(Content(""))
            self._scroll.scroll_home(animate=False)
            self.load()

    def compose_body(self) -> ComposeResult:
        yield Static(id="summary", markup=False)
        with VerticalScroll(id="story", can_focus=False):
            yield Static(id="told", markup=False)

    def load(self) -> None:
        payment, role = self.payment, self.console_app.role

        def question(config: Config) -> Story:
            from engine.story import story_of

            return story_of(config, payment, role=role)

        self.ask("story", question, self._take)

    def moved(self, payments: Collection[str]) -> None:
        if self.payment in payments:
            self.load()

    def pulsed(self) -> None:
        if self.story is not None and self.story.view.state in {"pending", "held", "confirmed"}:
            self.load()  # blocks make it deeper without a move of its own

    def tick(self) -> None:
        self._summarise()

    def _take(self, story: Story) -> None:
        if story.view.id != self.payment:
            return
        self.story = story
        self._summarise()
        self._tell()
        self.refresh_bindings()
        self.look()

    def _summarise(self) -> None:
        if self.story is not None:
            lines = telling.summary(self.story, self.console_app.clock(), self.size.width)
            self.query_one("#summary", Static).update(Content("\n").join(lines))

    def _tell(self) -> None:
        if self.story is not None:
            lines = telling.story(self.story, whole_evidence=self._whole_evidence)
            self.query_one("#told", Static).update(Content("\n").join(lines))

    # Keys.

    async def action_back(self) -> None:
        """Esc: to the payment that was looked at before, else to the screen below."""
        if self._trail:
            self._turn_to(self._trail.pop())
        else:
            await super().action_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An act is shown where the role may do it, and answers where it can be done now."""
        if action != "act":
            return True
        offers = {} if self.story is None else {o.act: o.why_not for o in self.story.offers}
        act = str(parameters[0])
        if act not in offers:
            return False
        return None if offers[act] else True

    def action_act(self, act: str) -> None:
        """Begin a signed act on this payment."""
        from engine.approvals.plan import Proposal

        self.console_app.act(Proposal(act=act, payment=self.payment))

    def action_copy(self, what: str) -> None:
        """Copy its id, address or txid to the clipboard of the person's own terminal."""
        if self.story is None:
            return
        text = getattr(self.story.view, what)
        self.console_app.copy(text, what)

    def action_evidence(self) -> None:
        """Show all that each move stands on, or only what people look at."""
        self._whole_evidence = not self._whole_evidence
        self._tell()

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#story", VerticalScroll)

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        self._scroll.scroll_relative(y=pages * max(1, self._scroll.size.height - 1), animate=False)

    def action_edge(self, side: int) -> None:
        if side < 0:
            self._scroll.scroll_home(animate=False)
        else:
            self._scroll.scroll_end(animate=False)
