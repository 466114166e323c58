"""One break: what it means, its evidence, and the entry that cures it; opened from Reconcile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from console import deciding, reckoning
from console.frame import ConsoleScreen

if TYPE_CHECKING:
    from engine.approvals.remedies import Remedy
    from engine.config import Config


class DifferenceScreen(ConsoleScreen):
    """Drawn anew whenever something moved: another person's signature, or the cure itself."""

    CSS_PATH = "difference.tcss"
    TITLE = "Break"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cure", "cure"),
        Binding("enter", "payment", "open payment"),
        Binding("y", "copy", "copy all"),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
    ]

    def __init__(self, found: str) -> None:
        super().__init__()
        self._about = found
        self._remedy: Remedy | None = None

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="break", can_focus=False):
            yield Static("looking…", id="told", markup=False)

    def load(self) -> None:
        person, now, found = self.console_app.staff, self.console_app.clock(), self._about

        def question(config: Config) -> Remedy | None:
            from engine.approvals.remedies import remedy_of

            return remedy_of(config, found, staff=person, now=now)

        self.ask("break", question, self._take)

    def pulsed(self) -> None:
        self.load()

    def on_resize(self) -> None:
        self._tell()

    def _take(self, remedy: Remedy | None) -> None:
        self._remedy = remedy
        self._tell()
        self.refresh_bindings()
        self.look()

    def _lines(self) -> list[deciding.Line]:
        config = self.console_app.source.config
        if self._remedy is None or config is None:
            return [deciding.line("there is no such break any more")]
        return reckoning.of_break(self._remedy, self._width, config, self.console_app.clock())

    @property
    def _width(self) -> int:
        return max(20, self.size.width - 3)

    def _tell(self) -> None:
        told = deciding.together(self._lines(), self._width)
        self.query_one("#told", Static).update(told)

    # Keys.

    @property
    def _payment(self) -> str:
        """The payment that the break is about; empty for none."""
        evidence = {} if self._remedy is None else self._remedy.view.evidence
        books = evidence.get("books")
        payment = evidence.get("payment") or (
            books.get("payment") if isinstance(books, dict) else None
        )
        return str(payment or "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002  # Textual's signature
        """A cure is offered where an act of the console is one, to whoever may sign it."""
        if action == "payment":
            return bool(self._payment)
        if action == "cure":
            proposal = None if self._remedy is None else self._remedy.proposal
            return proposal is not None and self.console_app.may(proposal.act)
        return True

    def action_cure(self) -> None:
        """Begin the act that cures it; what stands against it is said instead."""
        remedy = self._remedy
        if remedy is None or remedy.proposal is None:
            return
        offer = remedy.offer
        stands = "" if offer is None else offer.why_not or offer.not_you
        if stands:
            self.console_app.notify(stands, severity="warning", markup=False)
        else:
            self.console_app.act(remedy.proposal, self._acted)

    def _acted(self, _done: Any) -> None:
        self.load()

    def action_payment(self) -> None:
        """Open the payment that the break is about."""
        if self._payment:
            self.console_app.open_payment(self._payment)

    def action_copy(self) -> None:
        """Copy all of it as text."""
        text = reckoning.plain_of(self._lines(), reckoning.COPIED_CELLS)
        self.console_app.copy(text, "the break")

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#break", VerticalScroll)

    def action_scroll(self, lines: int) -> None:
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        self._scroll.scroll_relative(y=pages * max(1, self._scroll.size.height - 1), animate=False)
