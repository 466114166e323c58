"""`/`: finds payments by id, client, address or txid from wherever one is."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from console import filters, words
from console.columns import Column
from console.frame import Dialog
from console.listing import PagedList
from console.screens.live import LiveRows

LEAST = 2  # characters: fewer find nothing in particular


class SearchDialog(Dialog[str]):
    """Ends with the id of the payment that was chosen. Laid out once and kept; `begin` empties
    it."""

    DEFAULT_CSS = """
    SearchDialog { align: center top; background: transparent; }
    SearchDialog #search { width: 78; max-width: 100%; height: 16; margin-top: 2;
        border: round $primary; background: $surface; }
    SearchDialog #text { border: none; height: 1; background: $panel; padding: 0 1; }
    SearchDialog PagedList { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("down", "step(1)", "next", priority=True, show=False),
        Binding("up", "step(-1)", "previous", priority=True, show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def begin(self, text: str) -> None:
        """Search for this, and for nothing that was searched before."""
        self._text = text
        if self.is_mounted:
            self.query_one(PagedList).clear()
            line = self.query_one(Input)
            line.value = text
            line.cursor_position = len(text)
            self._find(text)

    def compose(self) -> ComposeResult:
        with Vertical(id="search") as box:
            box.border_title = "search"
            box.border_subtitle = "Enter opens · Esc leaves"
            hint = "an id, client, address or txid, or how it begins"
            yield Input(self._text, placeholder=hint, id="text", max_length=200)
            columns = (
                Column("id", 10, lambda line: (line.id[:10], "calm")),
                Column("kind", 4, lambda line: (words.kind_of(line.view), ""), drop=1),
                Column("state", 14, lambda line: words.state_of(line.view)),
                Column("client", 12, lambda line: (line.view.client or "-", ""), grow=1),
                Column("amount", 18, lambda line: (words.listed_of(line.view), ""), right=True),
            )
            yield PagedList(columns, ask=self.ask, nothing="nothing like this", name="found")

    def on_mount(self) -> None:
        self.query_one(PagedList).can_focus = False
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._find(event.value)

    def _find(self, line: str) -> None:
        text = line.strip()
        if len(text) < LEAST:
            return
        try:
            filters.parse(text, self.console_app.clock())
        except filters.FilterWrong:
            return
        self.query_one(PagedList).show(LiveRows(text, self.console_app.clock))

    def on_input_submitted(self) -> None:
        row = self.query_one(PagedList).row
        if row is not None:
            self.dismiss(row.id)

    def on_paged_list_opened(self, event: PagedList.Opened) -> None:
        self.dismiss(event.row.id)

    def action_step(self, step: int) -> None:
        self.query_one(PagedList).action_cursor(step)

    def action_leave(self) -> None:
        self.dismiss(None)
