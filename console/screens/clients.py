"""Clients: who they are, what they have, where their money is, and what to tell them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Static

from console import deciding, serving
from console.columns import Column
from console.frame import ConsoleScreen
from console.listing import PagedList

if TYPE_CHECKING:
    from engine.client_figures import ClientFigures, ClientLine
    from engine.config import Config


class ClientRows:
    """Pages of the clients whose id begins so."""

    def __init__(self, find: str) -> None:
        self._find = find

    def count(self, _config: Config) -> int:
        from engine import client_figures

        return client_figures.count(self._find)

    def page(
        self, config: Config, *, after: ClientLine | None, skip: int, limit: int
    ) -> Sequence[ClientLine]:
        from engine import client_figures

        behind = None if after is None else after.id
        return client_figures.page(config, self._find, after=behind, skip=skip, limit=limit)

    def again(self, config: Config, rows: Sequence[ClientLine]) -> Sequence[ClientLine]:
        from engine import client_figures

        return client_figures.lines_of(config, [row.id for row in rows])


class ClientsScreen(ConsoleScreen):
    """The list above, the selected client below; `f` finds by the beginning of an id."""

    CSS_PATH = "clients.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "find", "find"),
        Binding("y", "copy", "copy the story"),
        Binding("B", "switch", "block/unblock", key_display="B"),
        Binding("X", "export", "export the client's", key_display="X", show=False),
        Binding("c", "copy_id", "copy id", show=False),
        Binding("space", "scroll(1)", "read on", key_display="space"),
        Binding("shift+space,backspace", "scroll(-1)", "read back", show=False),
        Binding("escape", "leave", "everybody", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._find = ""
        self._found: ClientFigures | None = None

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="asked"):
            yield Static(" client ", id="name", markup=False)
            yield Input(id="line", max_length=64, placeholder="f: the beginning of an id")
            yield Static(id="standing", markup=False)
        nothing = "no client of this id; clients are known from their first handshake on"
        yield PagedList(_columns(), ask=self.ask, nothing=nothing, name="clients")
        with VerticalScroll(id="client", can_focus=False):
            yield Static(id="told", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).can_focus = False
        self.listing.focus()
        self.listing.show(ClientRows(self._find))

    @property
    def listing(self) -> PagedList:
        return self.query_one(PagedList)

    def load(self) -> None:
        self.listing.reload()

    def moved(self, _payments: Collection[str]) -> None:
        self.listing.reload_rows()
        self._look_at()

    def pulsed(self) -> None:
        self._look_at()

    def on_paged_list_loaded(self, event: PagedList.Loaded) -> None:
        self.query_one("#standing", Static).update(
            f"{event.total:,} client{'' if event.total == 1 else 's'} "
        )
        self._look_at()

    def on_paged_list_touched(self) -> None:
        self._look_at()

    async def on_paged_list_opened(self, event: PagedList.Opened) -> None:
        """All payments of this client."""
        await self.console_app.show_live(f"state:all client:{event.row.id}")

    def on_resize(self) -> None:
        self._tell()

    # The selected one.

    def _look_at(self) -> None:
        row: ClientLine | None = self.listing.row
        if row is None:
            self._found = None
            self._tell()
            return
        client, now = row.id, self.console_app.clock()

        def question(config: Config) -> ClientFigures | None:
            from engine.client_figures import figures

            return figures(config, client, now)

        self.ask("client", question, self._take)

    def _take(self, found: ClientFigures | None) -> None:
        row: ClientLine | None = self.listing.row
        if found is None or row is None or found.line.id == row.id:
            self._found = found
            self._tell()

    def _tell(self) -> None:
        width = max(20, self.size.width - 3)
        lines: list[deciding.Line] = []
        if self._found is not None:
            lines = serving.told(self._found, self.console_app.clock(), width)
        self.query_one("#told", Static).update(deciding.together(lines, width))

    # Finding.

    def action_find(self) -> None:
        """Write the beginning of an id; Enter takes it."""
        line = self.query_one(Input)
        line.can_focus = True
        line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._show(event.value.strip())

    def action_leave(self) -> None:
        """Esc: everybody again."""
        self._show("")

    def _show(self, find: str) -> None:
        self._find = find
        line = self.query_one(Input)
        line.value = find
        line.can_focus = False
        self.listing.focus()
        self.listing.show(ClientRows(find))

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002  # Textual's own signature
        """Only what the role may do is offered."""
        return self.console_app.may("block") if action == "switch" else True

    def action_switch(self) -> None:
        """Block the selected client, or unblock one that is blocked."""
        from engine.approvals.plan import Proposal

        row: ClientLine | None = self.listing.row
        if row is not None:
            act = "unblock" if row.blocked else "block"
            self.console_app.act(Proposal(act=act, client=row.id), self._acted)

    def _acted(self, _done: Any) -> None:
        self.listing.reload()

    def action_copy(self) -> None:
        """Copy what this client can be told."""
        self.console_app.copy(None if self._found is None else self._found.story, "story")

    def action_copy_id(self) -> None:
        row: ClientLine | None = self.listing.row
        self.console_app.copy(None if row is None else row.id, "id")

    def action_export(self) -> None:
        """Write the histories of the selected client to a file."""
        row: ClientLine | None = self.listing.row
        if row is not None:
            self.console_app.action_export(row.id)

    def action_scroll(self, pages: int) -> None:
        """Read on in what does not fit below the list."""
        box = self.query_one("#client", VerticalScroll)
        box.scroll_relative(y=pages * max(1, box.size.height - 1), animate=False)


def _columns() -> tuple[Column, ...]:
    return (
        Column("client", 14, lambda row: (row.id, ""), grow=1),
        Column("state", 9, serving.state_of),
        Column("open", 4, lambda row: (str(row.open or "-"), ""), right=True),
        Column("balances", 30, lambda row: (serving.funds_of(row), ""), grow=2),
    )
