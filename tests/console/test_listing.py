"""The list: any length, the selected row kept by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from console.columns import Column
from console.listing import CHUNK, PagedList
from console.themes import THEMES
from engine.config import Config
from tests.console.terminal import come_to_rest

MILLION = 1_000_000


@dataclass(frozen=True)
class Thing:
    id: str


class Things:
    """So many rows; `asked` are the pages that were."""

    def __init__(self, ids: Sequence[Any]) -> None:
        self.ids = ids
        self.asked: list[tuple[int, int]] = []

    def count(self, _config: Config | None) -> int:
        return len(self.ids)

    def page(
        self, _config: Config | None, *, after: Thing | None, skip: int, limit: int
    ) -> list[Thing]:
        start = skip if after is None else self.ids.index(int(after.id)) + 1 + skip
        self.asked.append((start, limit))
        return [Thing(str(each)) for each in self.ids[start : start + limit]]

    def again(self, _config: Config | None, rows: Sequence[Thing]) -> Sequence[Thing]:
        return rows


class ListApp(App[None]):
    """A list alone, whose questions are answered at once."""

    def __init__(self) -> None:
        super().__init__()
        self.unanswered = 0
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = "dark"

    def compose(self) -> ComposeResult:
        column = Column("id", 10, lambda row: (row.id, ""))
        yield PagedList([column], ask=self.ask, nothing="nothing", name="things")

    def ask(self, _kind: str, question: Callable[[Any], Any], then: Callable[[Any], Any]) -> None:
        def hand(answer: Any) -> None:
            self.unanswered -= 1
            then(answer)

        self.unanswered += 1
        self.call_later(hand, question(None))

    @property
    def listing(self) -> PagedList:
        return self.query_one(PagedList)


def on_list(steps: Callable[[PagedList, Pilot[None]], Any]) -> None:
    async def run() -> None:
        app = ListApp()
        async with app.run_test(size=(40, 12)) as pilot:
            await steps(app.listing, pilot)

    asyncio.run(run())


async def _rest(pilot: Pilot[None]) -> None:
    """Wait until every answer is in and drawn."""
    app = pilot.app
    assert isinstance(app, ListApp)
    await come_to_rest(pilot, lambda: not app.unanswered)


async def _press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await _rest(pilot)


def _lines(listing: PagedList) -> list[str]:
    return [listing.render_line(y).text.strip() for y in range(listing.size.height)]


def _selected(listing: PagedList) -> str:
    assert listing.row is not None
    return str(listing.row.id)


def test_a_million_rows_are_shown_by_a_few_pages() -> None:
    things = Things(range(MILLION))

    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(things)
        await _rest(pilot)
        assert _lines(listing)[1] == "> 0"
        await _press(pilot, "end")
        assert _lines(listing)[-1] == "> 999999"
        await _press(pilot, "home")
        assert _lines(listing)[1] == "> 0"
        assert len(things.asked) <= 6

    on_list(steps)


def test_a_key_is_not_undone_by_an_answer_that_was_asked_before() -> None:
    things = Things(list(range(50)))

    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(things)
        await _rest(pilot)
        things.ids = [100, *range(50)]
        listing.follow()
        listing.action_cursor(1)
        await _rest(pilot)
        assert _selected(listing) == "1"
        listing.follow()
        await _rest(pilot)
        assert _selected(listing) == "100"
        things.ids = [101, 100, *range(50)]
        listing.follow()
        listing.action_first()
        await _rest(pilot)
        assert _selected(listing) == "101", "the first row is where it follows"

    on_list(steps)


def test_the_selected_row_keeps_its_line_when_rows_arrive_above() -> None:
    things = Things(list(range(50)))

    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(things)
        await _rest(pilot)
        await _press(pilot, "down", "down", "down", "pagedown")
        selected = _selected(listing)
        line = _lines(listing).index(f"> {selected}")
        things.ids = [*range(100, 120), *range(50)]
        listing.reload()
        await _rest(pilot)
        assert _selected(listing) == selected
        assert _lines(listing).index(f"> {selected}") == line

    on_list(steps)


def test_a_selected_row_that_is_gone_leaves_the_cursor_where_it_was() -> None:
    things = Things(list(range(5)))

    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(things)
        await _rest(pilot)
        await _press(pilot, "end")
        things.ids = [0, 1, 2, 3]
        listing.reload()
        await _rest(pilot)
        assert listing.row == Thing("3")
        things.ids = []
        listing.reload()
        await _rest(pilot)
        assert listing.row is None
        assert "nothing" in _lines(listing)
        await _press(pilot, "down", "enter", "end", "pageup")

    on_list(steps)


def test_a_changed_row_is_drawn_in_its_place() -> None:
    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(Things(list(range(5))))
        await _rest(pilot)
        listing.replace([Thing("2"), Thing("999")])
        assert [listing.has(each) for each in ("2", "999")] == [True, False]

    on_list(steps)


def test_a_click_selects() -> None:
    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(Things(list(range(5))))
        await _rest(pilot)
        await pilot.click(PagedList, offset=(3, 4))
        await _rest(pilot)
        assert listing.row == Thing("3")

    on_list(steps)


def test_rows_far_away_are_forgotten() -> None:
    things = Things(range(MILLION))

    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(things)
        await _rest(pilot)
        for place in range(0, 100 * CHUNK, CHUNK):
            listing._touch(place)
            await _rest(pilot)
        assert len(listing._rows) <= 12 * CHUNK
        assert listing.row is not None

    on_list(steps)


def test_what_a_row_says_cannot_drive_the_terminal() -> None:
    nasty = "[red]x[/]\x1b[2J\u202e\x07"

    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        things = Things([0])
        things.page = lambda *_, **__: [Thing(nasty)]  # type: ignore[method-assign]  # a row from outside
        listing.show(things)
        await _rest(pilot)
        assert all(line.isprintable() for line in _lines(listing))
        assert _lines(listing)[1].startswith("> [red]x[/]")

    on_list(steps)


def test_a_cleared_list_takes_no_answer_that_was_asked_before() -> None:
    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(Things(list(range(7))))
        listing.clear()
        await _rest(pilot)
        assert listing.total is None
        assert listing.row is None
        listing.show(Things(list(range(3))))
        await _rest(pilot)
        assert _selected(listing) == "0"

    on_list(steps)


def test_rows_that_went_away_since_they_were_counted_leave_no_gap() -> None:
    things = Things(list(range(5 * CHUNK)))

    async def steps(listing: PagedList, pilot: Pilot[None]) -> None:
        listing.show(things)
        await _rest(pilot)
        things.ids = list(range(2 * CHUNK + 7))
        for _ in range(3):
            listing._touch(listing.cursor + CHUNK)
            await _rest(pilot)
        assert listing.total == 2 * CHUNK + 7
        await _press(pilot, "end")
        assert _selected(listing) == str(2 * CHUNK + 6)

    on_list(steps)
