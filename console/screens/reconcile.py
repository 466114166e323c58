"""Node against books as a sum that a person can check by eye, and every open break."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from console import reckoning
from console.columns import Column
from console.frame import ConsoleScreen
from console.listing import PagedList
from console.safe import clip

if TYPE_CHECKING:
    from engine.config import Config
    from engine.reconciliation.board import BoardRow

Opened = set[tuple[str, str]]


class BoardRows:
    """All rows of the board; it is short, so that each page is cut from the whole."""

    def __init__(self, opened: Opened, clock: Any) -> None:
        self._opened = opened
        self._clock = clock
        self.whole: tuple[BoardRow, ...] = ()

    def count(self, _config: Config) -> int:
        return len(self.whole)

    def page(
        self, config: Config, *, after: BoardRow | None, skip: int, limit: int
    ) -> Sequence[BoardRow]:
        from engine.reconciliation.board import board

        if after is None:
            self.whole = board(config, frozenset(self._opened), self._clock())
        places = (place for place, row in enumerate(self.whole) if after and row.id == after.id)
        start = next(places, -1) + 1 + skip
        return self.whole[start : start + limit]

    def again(self, _config: Config, rows: Sequence[BoardRow]) -> Sequence[BoardRow]:
        return rows


class ReconcileScreen(ConsoleScreen):
    """Enter opens a timing item's payments, a payment or a break; the engine keeps the figures up
    to date at each block, and `x` asks for a comparison at once."""

    CSS_PATH = "reconcile.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cure", "cure"),
        Binding("x", "compare", "compare now"),
        Binding("y", "copy", "copy all"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._opened: Opened = set()
        self._rows: BoardRows | None = None
        self._asked_at: float | None = None
        self._answer = ""
        self._seen: tuple[Any, ...] = ()

    def compose_body(self) -> ComposeResult:
        yield Static(id="standing", markup=False)
        nothing = "no currency is configured"
        yield PagedList(self._columns(), ask=self.ask, nothing=nothing, name="board")

    def on_mount(self) -> None:
        self._rows = BoardRows(self._opened, self.console_app.clock)
        self.listing.focus()
        self.listing.show(self._rows)

    @property
    def listing(self) -> PagedList:
        return self.query_one(PagedList)

    def load(self) -> None:
        self.listing.reload()

    def pulsed(self) -> None:
        """Sums are made at blocks; what is opened moves between them."""
        pulse = self.console_app.pulse
        if pulse is None:
            return
        heights = tuple((chain.symbol, chain.height) for chain in pulse.chains)
        now = (pulse.breaks, pulse.uneven, heights, pulse.seq if self._opened else 0)
        if now != self._seen:
            self._seen = now
            self.listing.reload()

    def tick(self) -> None:
        self.listing.refresh()
        self._say()

    def on_paged_list_loaded(self) -> None:
        self._say()
        self._offer()

    def on_paged_list_touched(self) -> None:
        self._offer()

    def on_paged_list_opened(self, event: PagedList.Opened) -> None:
        row: BoardRow = event.row
        if row.line is not None and row.line.item:
            self._opened ^= {(row.currency, row.line.item)}
            self.listing.reload()
        elif row.payment is not None:
            self.console_app.open_payment(row.payment.id)
        elif row.found is not None:
            from console.screens.difference import DifferenceScreen

            self.app.push_screen(DifferenceScreen(row.found.id))

    # Drawing.

    def _say(self) -> None:
        whole = () if self._rows is None else self._rows.whole
        said, style = reckoning.standing_of(whole) if whole else ("looking…", "$foreground-muted")
        lines = [Content.styled(f" {said}", style)]
        width = max(1, self.size.width - 1)
        if self._asked_at is not None:
            wait = f" comparing now, for {int(time.monotonic() - self._asked_at)} s…"
            lines.append(Content.styled(wait, "$state-going"))
        elif self._answer:
            lines.append(Content.styled(clip(f" {self._answer}", width), "$foreground-muted"))
        self.query_one("#standing", Static).update(Content("\n").join(lines))

    def _offer(self) -> None:
        self.refresh_bindings()
        self.look()

    def _columns(self) -> tuple[Column, ...]:
        def text(row: BoardRow) -> tuple[str, str]:
            return reckoning.text_of(row, self.console_app.clock())

        return (
            Column("node and books", 46, text, grow=1),
            Column("amount", 26, reckoning.figure_of, right=True),
        )

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002  # Textual's signature
        """A cure is offered on a break, and to whoever may sign one."""
        if action != "cure":
            return True
        row: BoardRow | None = self.listing.row if self.is_mounted else None
        return row is not None and row.found is not None and self.console_app.may("cure")

    def action_cure(self) -> None:
        """Begin the act that cures the selected break, or say what cures it."""
        row: BoardRow | None = self.listing.row
        if row is None or row.found is None:
            return
        from engine.approvals.remedies import proposal_for, why_none

        proposal = proposal_for(row.found)
        if proposal is None:
            self.console_app.notify(why_none(row.found), severity="warning", markup=False)
        else:
            self.console_app.act(proposal, lambda _done: self.listing.reload())

    def action_compare(self) -> None:
        """Ask the engine to compare now; it takes what it takes, and the console goes on."""
        if self._asked_at is not None:
            return
        self._asked_at, self._answer = time.monotonic(), ""
        self._say()
        app, config = self.console_app, self.console_app.source.config

        def run() -> None:
            from console.source import failures
            from db.connection import connected
            from engine.reconciliation.asking import compare_now

            assert config is not None
            try:
                with connected():
                    said = compare_now(list(config.currencies))
            except failures() as error:
                said = (f"the database is away: {error}",)
            app.deliver(self._compared, said)

        self.run_worker(run, thread=True, group="compare")

    def _compared(self, said: tuple[str, ...]) -> None:
        self._asked_at = None
        self._answer = "; ".join(said) or "compared just now"
        if self.is_attached:
            self.listing.reload()
            self._say()

    def action_copy(self) -> None:
        """Copy everything that the list holds, as text."""
        whole = () if self._rows is None else self._rows.whole
        self.console_app.copy(reckoning.copied(whole, self.console_app.clock()), "the sums")
