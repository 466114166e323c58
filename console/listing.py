"""A list of any length over paged rows: draws only the lines in sight, asks for pages off the UI.

The selected row is kept by its id. Rows that change are drawn anew in their place; the order only
changes when the list is loaded again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.columns import GAP, Column, arrange
from console.safe import fit

if TYPE_CHECKING:
    from engine.config import Config

CHUNK = 100  # rows asked for at once
KEPT = 10  # chunks around the cursor that are kept
AHEAD = 40  # rows before the end of what is loaded at which the next ones are asked for
HEADER = 1  # lines


class Row(Protocol):
    """Whatever a list shows; its id stays the same for as long as it is the same thing."""

    @property
    def id(self) -> str: ...


class Rows(Protocol):
    """Where a list's rows come from. Asked on the source's thread. `page` gives the rows after the
    first `skip` behind `after`, or behind the beginning; `again` the same rows as they are now."""

    def count(self, config: Config) -> int: ...

    def page(
        self, config: Config, *, after: Any | None, skip: int, limit: int
    ) -> Sequence[Any]: ...

    def again(self, config: Config, rows: Sequence[Any]) -> Sequence[Any]: ...


Ask = Callable[[str, Callable[["Config"], Any], Callable[[Any], Any]], Any]


class PagedList(ScrollView, can_focus=True):
    """`ask(kind, question, then)` is the source's; `nothing` stands where there are no rows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "listing--header",
        "listing--cursor",
        "listing--cursor-blurred",
        "listing--calm",
        "listing--going",
        "listing--done",
        "listing--asks",
        "listing--wrong",
    }
    DEFAULT_CSS = """
    PagedList {
        height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .listing--header { color: $text-muted; text-style: bold; }
        & > .listing--cursor { background: $cursor; color: $cursor-text; text-style: bold; }
        & > .listing--cursor-blurred { background: $surface; text-style: bold; }
        & > .listing--calm { color: $text-muted; }
        & > .listing--going { color: $state-going; }
        & > .listing--done { color: $state-done; }
        & > .listing--asks { color: $state-asks; text-style: bold; }
        & > .listing--wrong { color: $state-wrong; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "up", show=False),
        Binding("down,j", "cursor(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "first", "first row", show=False),
        Binding("end,G", "last", "last row", show=False),
        Binding("enter", "open", "open"),
    ]

    @dataclass
    class Opened(Message):
        """A row was opened by Enter or a double click."""

        listing: PagedList
        row: Any

    @dataclass
    class Touched(Message):
        """The person moved the cursor; `first` tells whether it stands on the first row."""

        listing: PagedList
        first: bool

    @dataclass
    class Loaded(Message):
        """Rows came in; `total` is how many there are."""

        listing: PagedList
        total: int

    def __init__(
        self, columns: Sequence[Column], *, ask: Ask, nothing: str = "nothing here", name: str
    ) -> None:
        super().__init__(id=name)
        self.total: int | None = None
        self.cursor = 0
        self.nothing = nothing
        self._columns = tuple(columns)
        self._ask = ask
        self._source: Rows | None = None
        self._rows: dict[int, Any] = {}
        self._asked: set[int] = set()
        self._generation = 0
        self._selected: str | None = None
        self._follows = False  # whether the answer that is awaited may move the cursor
        self._layout: list[tuple[Column, int]] = []

    # What a screen calls.

    def show(self, rows: Rows) -> None:
        """Show other rows, from the first one on. The old ones stay in sight until these come."""
        self._source = rows
        self._selected = None
        self._load(keep=False)

    def clear(self) -> None:
        """Show nothing and forget what was asked, until there is something to show."""
        self._generation += 1
        self._source = self._selected = self.total = None
        self._rows, self._asked = {}, set()
        self.virtual_size = Size(self.size.width, HEADER)
        self._put_cursor(0)
        self.refresh()

    def reload(self) -> None:
        """Ask again for what is in sight, keeping the selected row selected."""
        if self._source is not None:
            self._load(keep=True)

    def follow(self) -> None:
        """Ask again from the first row on, and put the cursor there, unless the person moves it
        before the answer comes."""
        if self._source is not None:
            self._load(keep=False, follows=True)

    def replace(self, rows: Iterable[Any]) -> None:
        """Draw rows that changed in their places; those that are not loaded are left out."""
        changed = {row.id: row for row in rows}
        for place, row in self._rows.items():
            if row.id in changed:
                self._rows[place] = changed[row.id]
                self.refresh_line(place + HEADER)

    def reload_rows(self) -> None:
        """Ask again for the rows in sight, and draw them in their places."""
        source, top = self._source, self.scroll_offset.y
        seen = [row for place, row in self._rows.items() if top <= place < top + self.size.height]
        if source is not None and seen:
            self._ask(f"{self.id}.rows", lambda config: source.again(config, seen), self.replace)

    @property
    def row(self) -> Any | None:
        """The selected row; None while there is none or it is not loaded."""
        return self._rows.get(self.cursor)

    def has(self, row_id: str) -> bool:
        """Whether this row is loaded."""
        return row_id in self.ids

    @property
    def ids(self) -> set[str]:
        """The ids of the rows that are loaded."""
        return {row.id for row in self._rows.values()}

    # Loading.

    def _load(self, *, keep: bool, follows: bool = False) -> None:
        self._generation += 1
        self._follows = follows
        generation, source = self._generation, self._source
        assert source is not None
        first = self._chunk_of(self.cursor) if keep and (self.total or 0) > CHUNK else 0

        def question(config: Config) -> tuple[int, int, Sequence[Any]]:
            rows = source.page(config, after=None, skip=first, limit=CHUNK)
            short = first == 0 and len(rows) < CHUNK
            return generation, len(rows) if short else source.count(config), rows

        def then(answer: tuple[int, int, Sequence[Any]]) -> None:
            if answer[0] == self._generation and self.is_attached:
                held = keep or (follows and not self._follows)
                self._take_all(answer[1], first, answer[2], keep=held)

        self._ask(f"{self.id}.load", question, then)

    def _take_all(self, total: int, first: int, rows: Sequence[Any], *, keep: bool) -> None:
        self.total = total
        self._rows = dict(enumerate(rows, start=first))
        self._asked = {first}
        self.virtual_size = Size(self.size.width, total + HEADER)
        if keep:
            self._keep_selected()
        else:
            self._put_cursor(0)
        self.refresh()
        self.post_message(self.Loaded(self, total))

    def _keep_selected(self) -> None:
        places = (place for place, row in self._rows.items() if row.id == self._selected)
        place = next(places, None)
        if place is None or place == self.cursor:
            self._put_cursor(min(self.cursor, max(0, (self.total or 0) - 1)))
            return
        # It stays on its line of the terminal, where the eye is.
        self.scroll_to(y=self.scroll_offset.y + place - self.cursor, animate=False)
        self._put_cursor(place)

    def _want(self, place: int) -> None:
        """Ask for the chunk of a row that is not loaded."""
        first = self._chunk_of(place)
        source = self._source
        if first in self._asked or source is None or not 0 <= place < (self.total or 0):
            return
        self._asked.add(first)
        generation = self._generation
        before = max((at for at in self._rows if at < first), default=None)
        after = None if before is None else self._rows[before]
        skip = first if before is None else first - before - 1

        def question(config: Config) -> Sequence[Any]:
            return source.page(config, after=after, skip=skip, limit=CHUNK)

        def then(rows: Sequence[Any]) -> None:
            if generation == self._generation and self.is_attached:
                self._take(first, rows)

        self._ask(f"{self.id}.{first}", question, then)

    def _take(self, first: int, rows: Sequence[Any]) -> None:
        self._rows.update(enumerate(rows, start=first))
        if len(rows) < min(CHUNK, (self.total or 0) - first):
            self._end_at(first + len(rows))
        self._forget()
        if self._selected is None and self.row is not None:
            self._selected = self.row.id
        self.refresh()

    def _end_at(self, total: int) -> None:
        """Rows went away since they were counted."""
        self.total = total
        self.virtual_size = Size(self.size.width, total + HEADER)
        if self.cursor >= total:
            self._put_cursor(max(0, total - 1))
        self.post_message(self.Loaded(self, total))

    def _forget(self) -> None:
        """Drop what is far from the cursor, so that a walk through a million rows stays small."""
        if len(self._rows) <= KEPT * CHUNK:
            return
        here = self.scroll_offset.y
        near = range(here - KEPT * CHUNK // 2, here + KEPT * CHUNK // 2)
        self._rows = {place: row for place, row in self._rows.items() if place in near}
        self._asked = {self._chunk_of(place) for place in self._rows}

    @staticmethod
    def _chunk_of(place: int) -> int:
        return place // CHUNK * CHUNK

    # The cursor.

    def action_cursor(self, step: int) -> None:
        self._touch(self.cursor + step)

    def action_page(self, pages: int) -> None:
        self._touch(self.cursor + pages * max(1, self.size.height - HEADER - 1))

    def action_first(self) -> None:
        self._touch(0)

    def action_last(self) -> None:
        self._touch((self.total or 1) - 1)

    def action_open(self) -> None:
        if self.row is not None:
            self.post_message(self.Opened(self, self.row))

    def on_click(self, event: events.Click) -> None:
        place = self.scroll_offset.y + event.y - HEADER
        if event.y >= HEADER and 0 <= place < (self.total or 0):
            self._touch(place)
            if event.chain == 2:
                self.action_open()

    def _touch(self, place: int) -> None:
        self._put_cursor(max(0, min(place, (self.total or 1) - 1)))
        self._follows = self._follows and self.cursor == 0
        self.post_message(self.Touched(self, first=self.cursor == 0))

    def _put_cursor(self, place: int) -> None:
        self.refresh_line(self.cursor + HEADER)
        self.cursor = place
        row = self.row
        self._selected = None if row is None else row.id
        self.refresh_line(place + HEADER)
        top, height = self.scroll_offset.y, max(1, self.size.height - HEADER)
        if place < top:
            self.scroll_to(y=place, animate=False)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False)

    # Drawing.

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, (self.total or 0) + HEADER)
        self._layout = arrange(self._columns, self.scrollable_content_region.width)

    def on_focus(self) -> None:
        self.refresh_line(self.cursor + HEADER)

    def on_blur(self) -> None:
        self.refresh_line(self.cursor + HEADER)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self._layout:
            self._layout = arrange(self._columns, width)
        if y < HEADER:
            return self._header(width)
        place = self.scroll_offset.y + y - HEADER
        if place >= (self.total or 0):
            said = self.nothing if self.total == 0 and y == HEADER + 1 else ""
            style = self.get_component_rich_style("listing--calm")
            return Strip([Segment(fit(f"  {said}", width), style)], width)
        for near in (place, place + AHEAD):
            if near not in self._rows:
                self._want(near)
        return self._line(self._rows.get(place), place, width)

    def _header(self, width: int) -> Strip:
        style = self.get_component_rich_style("listing--header")
        cells = [fit(column.title, size, right=column.right) for column, size in self._layout]
        return Strip([Segment(fit("  " + (" " * GAP).join(cells), width), style)], width)

    def _line(self, row: Any | None, place: int, width: int) -> Strip:
        base = self.rich_style
        here = place == self.cursor
        if here:
            name = "listing--cursor" if self.has_focus else "listing--cursor-blurred"
            base = self.get_component_rich_style(name)
        segments = [Segment("> " if here else "  ", base)]
        if row is None:
            segments.append(Segment("…", base))
        else:
            for column, size in self._layout:
                text, name = column.cell(row)
                style = base if here or not name else self._style(name)
                segments.append(Segment(fit(text, size, right=column.right), style))
                segments.append(Segment(" " * GAP, base))
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"listing--{name}")
