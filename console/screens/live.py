"""Payments as they move, newest move first: what each waits for, held still while one reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from console import words
from console.frame import ConsoleScreen
from console.listing import Column, PagedList
from console.safe import middle

if TYPE_CHECKING:
    from engine.config import Config
    from engine.moving import Line, Wanted


class LiveRows:
    """Pages of the payments that are wanted."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted

    def count(self, _config: Config) -> int:
        from engine import moving

        return moving.count(self.wanted)

    def page(self, config: Config, *, after: Line | None, skip: int, limit: int) -> Sequence[Line]:
        from engine import moving

        below = None if after is None else after.view.last_seq
        return moving.page(config, self.wanted, below=below, skip=skip, limit=limit)


class LiveScreen(ConsoleScreen):
    """Follows what moves until the cursor leaves the first row; Home follows again."""

    CSS_PATH = "live.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open_row", "open"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._holding = False
        self._passed: set[str] = set()

    def compose_body(self) -> ComposeResult:
        yield Static(id="standing", markup=False)
        yield PagedList(
            self._columns(), ask=self.ask, nothing="no payment is open", name="payments"
        )

    def on_mount(self) -> None:
        self.listing.focus()

    @property
    def listing(self) -> PagedList:
        return self.query_one(PagedList)

    def load(self) -> None:
        def question(_config: Config) -> Wanted:
            from engine.moving import Wanted
            from engine.queries import OPEN_STATES

            return Wanted(states=OPEN_STATES)

        if self.listing.total is not None:
            self.listing.reload()
            return
        self.ask("wanted", question, lambda wanted: self.listing.show(LiveRows(wanted)))

    def moved(self, payments: Collection[str]) -> None:
        if not self._holding:
            self.listing.follow()
            return
        self._passed.update(payments)
        self._say()

        def question(config: Config) -> tuple[Line, ...]:
            from engine import moving

            return moving.lines_of(config, payments)

        self.ask("changed", question, self.listing.replace)

    def tick(self) -> None:
        self.listing.refresh()

    def on_paged_list_touched(self, event: PagedList.Touched) -> None:
        self._holding = not event.first
        if event.first:
            self._passed.clear()
            self.listing.follow()
        self._say()

    def on_paged_list_loaded(self) -> None:
        self._say()

    def _say(self) -> None:
        total = self.listing.total or 0
        said = f" filter  state:open    {total:,} payments"
        if self._holding:
            said += f"    held still · {len(self._passed)} moved since · Home follows"
        self.query_one("#standing", Static).update(Content(said))

    def _columns(self) -> tuple[Column, ...]:
        def age(line: Line) -> tuple[str, str]:
            return words.age(line.view.updated_at, self.console_app.clock()), ""

        return (
            Column("age", 6, age, right=True),
            Column("kind", 4, lambda line: (words.kind_of(line.view), ""), drop=1),
            Column("state", 14, lambda line: words.state_of(line.view)),
            Column("client", 10, lambda line: (line.view.client or "-", ""), grow=1),
            Column("amount", 16, lambda line: (words.amount_of(line.view), ""), right=True),
            Column("waits for", 16, lambda line: (line.waits, ""), grow=2),
            Column("txid", 11, _txid, drop=2),
        )


def _txid(line: Any) -> tuple[str, str]:
    return (middle(line.view.txid, 11), "calm") if line.view.txid else ("-", "calm")
