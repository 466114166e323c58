"""Payments as they move, newest move first: what each waits for, held still while one reads."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from console import filters, words
from console.columns import Column
from console.filters import FilterSuggester, FilterWrong
from console.frame import ConsoleScreen
from console.listing import PagedList
from console.safe import middle, safe

if TYPE_CHECKING:
    from datetime import datetime

    from engine.config import Config
    from engine.moving import Line, Wanted

COUNT_AGE_S = 10.0  # for how long the number of very many rows is believed
ALL_AGE_S = 60.0
RESTS = 3  # times as long as a look took, before the next one: a slow filter does not fill the day


class LiveRows:
    """Pages of what a filter line wants; its ages are counted anew with each page."""

    def __init__(self, line: str, clock: Any) -> None:
        self._line = line
        self._clock = clock
        self._counted: tuple[float, int] | None = None

    def wanted(self) -> Wanted:
        now: datetime = self._clock()
        return filters.parse(self._line, now)

    def count(self, _config: Config) -> int:
        """How many; very many are counted once in a while, because that reads a whole index."""
        from engine import moving

        wanted = self.wanted()
        if not wanted.few and self._counted and time.monotonic() - self._counted[0] < COUNT_AGE_S:
            return self._counted[1]
        self._counted = time.monotonic(), moving.count(wanted)
        return self._counted[1]

    def page(self, config: Config, *, after: Line | None, skip: int, limit: int) -> Sequence[Line]:
        from engine import moving

        below = None if after is None else after.view.last_seq
        return moving.page(config, self.wanted(), below=below, skip=skip, limit=limit)

    def again(self, config: Config, rows: Sequence[Line]) -> Sequence[Line]:
        from engine import moving

        return moving.lines_of(config, [row.id for row in rows])


class LiveScreen(ConsoleScreen):
    """Follows what moves until the cursor leaves the first row; Home follows again."""

    CSS_PATH = "live.tcss"
    AUTO_FOCUS = "#payments"  # a key that comes early is no letter of the filter line
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "filter", "filter"),
        Binding("a", "act('approve')", "approve"),
        Binding("r", "act('refuse')", "refuse"),
        Binding("escape", "unfilter", "first filter", show=False),
        Binding("y", "copy('address')", "copy address", show=False),
        Binding("t", "copy('txid')", "copy txid", show=False),
        Binding("c", "copy('id')", "copy id", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.line = filters.FIRST
        self._holding = False
        self._passed: set[str] = set()
        self._all: tuple[float, int] | None = None
        self._wrong = ""
        self._asked_at = self._rested_at = 0.0
        self._behind = False

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="asked"):
            yield Static(" filter ", id="name", markup=False)
            yield Input(
                self.line,
                id="line",
                max_length=200,
                select_on_focus=False,
                suggester=FilterSuggester(self._currencies),
            )
            yield Static(id="standing", markup=False)
        nothing = "nothing is open; f and state:all show what was"
        yield PagedList(self._columns(), ask=self.ask, nothing=nothing, name="payments")

    def on_mount(self) -> None:
        self.query_one(Input).can_focus = False
        self.listing.focus()
        self.listing.show(LiveRows(self.line, self.console_app.clock))

    @property
    def listing(self) -> PagedList:
        return self.query_one(PagedList)

    def _currencies(self) -> tuple[str, ...]:
        config = self.console_app.source.config
        return () if config is None else tuple(config.currencies)

    def load(self) -> None:
        self._count_all()
        if self._holding:
            self.listing.reload_rows()
        else:
            self.listing.follow()

    def _count_all(self) -> None:
        def question(_config: Config) -> int:
            from engine import moving

            return moving.count(moving.Wanted())

        if self._all is None or time.monotonic() - self._all[0] > ALL_AGE_S:
            self._all = time.monotonic(), self._all[1] if self._all else 0
            self.ask("all", question, self._counted)

    def _counted(self, number: int) -> None:
        self._all = time.monotonic(), number
        self._say()

    # What moves.

    def moved(self, payments: Collection[str]) -> None:
        if not self._holding:
            self._follow()
            return
        self._passed.update(payments)
        self._say()
        shown = self.listing.ids.intersection(payments)

        def question(config: Config) -> tuple[Line, ...]:
            from engine import moving

            return moving.lines_of(config, shown)

        self.ask("changed", question, self.listing.replace)

    def pulsed(self) -> None:
        """Blocks make payments deeper without a move of theirs."""
        if self._holding:
            self.listing.reload_rows()
        else:
            self._follow()

    def _follow(self) -> None:
        """Look again, unless the last look took long and was just now; a tick makes up for it."""
        self._behind = time.monotonic() < self._rested_at
        if not self._behind:
            self._asked_at = time.monotonic()
            self.listing.follow()

    def tick(self) -> None:
        if self._behind and not self._holding:
            self._follow()
        self.listing.refresh()
        self._count_all()

    def on_paged_list_touched(self, event: PagedList.Touched) -> None:
        self._holding = not event.first
        if event.first:
            self._passed.clear()
            self.listing.follow()
        self._say()

    def on_paged_list_loaded(self) -> None:
        if self._asked_at:
            now = time.monotonic()
            self._rested_at = now + RESTS * (now - self._asked_at)
            self._asked_at = 0.0
        self._say()

    def on_paged_list_opened(self, event: PagedList.Opened) -> None:
        self.console_app.open_payment(event.row.id)

    # The filter line.

    def action_filter(self) -> None:
        """Write the filter line; Enter takes it, Esc leaves it as it was."""
        line = self.query_one(Input)
        line.can_focus = True
        line.focus()
        line.cursor_position = len(line.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.filter(event.value)

    def filter(self, line: str) -> None:
        """Show what a filter line wants, or say what is wrong with it."""
        try:
            filters.parse(line, self.console_app.clock())
        except FilterWrong as error:
            self._wrong = str(error)
            self._say()
            return
        self.line = " ".join(line.split())
        self._leave_line()
        self._holding = False
        self._rested_at = 0.0
        self._passed.clear()
        self.listing.show(LiveRows(self.line, self.console_app.clock))

    def action_unfilter(self) -> None:
        """Esc: out of the filter line, else back to the first filter."""
        if self.query_one(Input).has_focus:
            self._leave_line()
        elif self.line != filters.FIRST:
            self.filter(filters.FIRST)
        else:
            self.listing.action_first()

    def _leave_line(self) -> None:
        line = self.query_one(Input)
        line.value = self.line
        line.can_focus = False
        self._wrong = ""
        self.listing.focus()
        self._say()

    def _say(self) -> None:
        standing = self.query_one("#standing", Static)
        if self._wrong:
            standing.update(Content.styled(f"{safe(self._wrong)} ", "bold $state-wrong"))
            return
        count = f"{self.listing.total or 0:,} of {self._all[1] if self._all else 0:,} "
        if self._holding:
            moved = f"{len(self._passed):,} moved" if self._passed else "still"
            held = (f"{moved} · Home follows   ", "bold $state-asks")
            standing.update(Content.assemble(held, count))
        else:
            standing.update(Content(count))

    # Acts on the selected row.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what the role may do is offered."""
        return self.console_app.may(str(parameters[0])) if action == "act" else True

    def action_act(self, act: str) -> None:
        """Begin a signed act on the selected payment."""
        from engine.approvals.plan import Proposal

        row = self.listing.row
        if row is not None:
            self.console_app.act(Proposal(act=act, payment=row.id))

    def action_copy(self, what: str) -> None:
        """Copy the selected payment's id, address or txid."""
        if self.listing.row is not None:
            self.console_app.copy(getattr(self.listing.row.view, what), what)

    def _columns(self) -> tuple[Column, ...]:
        def age(line: Line) -> tuple[str, str]:
            return words.age(line.view.updated_at, self.console_app.clock()), ""

        return payment_columns(age)


def payment_columns(age: Any) -> tuple[Column, ...]:
    """The columns of payments, for every list of them; `age` is the first one's cell."""
    return (
        Column("age", 6, age, right=True),
        Column("kind", 4, lambda line: (words.kind_of(line.view), ""), drop=1),
        Column("state", 14, lambda line: words.state_of(line.view)),
        Column("client", 9, lambda line: (line.view.client or "-", ""), grow=1),
        Column("amount", 16, lambda line: (words.listed_of(line.view), ""), right=True),
        Column("waits for", 18, lambda line: (line.waits, ""), grow=2),
        Column("txid", 11, _txid, drop=2),
    )


def _txid(line: Any) -> tuple[str, str]:
    return (middle(line.view.txid, 11), "calm") if line.view.txid else ("-", "calm")
