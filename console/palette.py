"""Ctrl+P: screens, the keys of where one is, themes, and payments by what one types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from console.frame import Dialog, own_bindings
from console.safe import fit, safe
from console.themes import THEMES

if TYPE_CHECKING:
    from console.app import CashierConsole

LEFT_OUT = ("place(", "everything", "cursor(", "page(", "scroll(", "edge(", "first", "last")
"""Actions that are not looked for by name: screens have entries of their own, arrows need none."""

NAME_CELLS = 30
FOUND = Style(bold=True, underline=True)

Doing = Callable[[], Any]
Entry = tuple[str, str, Doing]
"""What is typed, what it does in a few words, and the doing."""


class PaletteDialog(Dialog[Doing]):
    """Ends with what was chosen, to be done. Laid out once and kept, because to lay out takes
    longer than a key may; `begin` fills it."""

    DEFAULT_CSS = """
    PaletteDialog { align: center top; background: transparent; }
    PaletteDialog #palette { width: 78; max-width: 100%; height: 18; margin-top: 2;
        border: round $primary; background: $surface; }
    PaletteDialog #text { border: none; height: 1; background: $panel; padding: 0 1; }
    PaletteDialog OptionList { height: 1fr; border: none; background: $surface; padding: 0;
        scrollbar-size-vertical: 1; }
    PaletteDialog OptionList > .option-list--option-highlighted { background: $cursor;
        color: $cursor-text; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("down", "step('cursor_down')", "next", priority=True, show=False),
        Binding("up", "step('cursor_up')", "previous", priority=True, show=False),
        Binding("pagedown", "step('page_down')", "page down", priority=True, show=False),
        Binding("pageup", "step('page_up')", "page up", priority=True, show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()
        self._listed: list[Entry] = []
        self._drawn: list[tuple[str, str]] = []

    def begin(self, entries: Sequence[Entry]) -> None:
        """Offer these, and nothing that was typed before."""
        self._entries = tuple(entries)
        if self.is_mounted:
            with self.prevent(Input.Changed):
                self.query_one(Input).value = ""
            self._fill("")

    def compose(self) -> ComposeResult:
        with Vertical(id="palette") as box:
            box.border_title = "everything"
            box.border_subtitle = "Enter does it · Esc leaves"
            hint = "a screen, a key's word, a theme, or what a payment is known by"
            yield Input(placeholder=hint, id="text", max_length=200)
            yield OptionList(id="entries", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.query_one(Input).focus()
        self._fill("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._fill(event.value.strip())

    def _fill(self, text: str) -> None:
        matcher = Matcher(text, match_style=FOUND) if text else None
        self._listed = self._matching(text, matcher)
        drawn = [(text, f"{name} {what}") for name, what, _ in self._listed]
        shown = self.query_one(OptionList)
        if drawn != self._drawn:
            self._drawn = drawn
            lines = (_line(name, what, matcher) for name, what, _ in self._listed)
            shown.clear_options().add_options(Option(line) for line in lines)
        shown.highlighted = 0 if self._listed else None

    def _matching(self, text: str, matcher: Matcher | None) -> list[Entry]:
        """Everything while nothing is typed, else what fits, the best first, and at the end to
        search payments for it."""
        if matcher is None:
            return list(self._entries)
        scored = ((matcher.match(entry[0]), entry) for entry in self._entries)
        found = [(score, entry) for score, entry in scored if score > 0]
        found.sort(key=lambda pair: pair[0], reverse=True)
        listed = [entry for _, entry in found]
        if len(text) > 1:
            search = partial(self.console_app.action_search, text)
            listed.append((f"search {text}", "find payments", search))
        return listed

    def on_input_submitted(self) -> None:
        chosen = self.query_one(OptionList).highlighted
        if chosen is not None:
            self.dismiss(self._listed[chosen][2])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._listed[event.option_index][2])

    async def action_step(self, step: str) -> None:
        await self.app.run_action(step, default_namespace=self.query_one(OptionList))

    def action_leave(self) -> None:
        self.dismiss(None)


def _line(name: str, what: str, matcher: Matcher | None) -> Content:
    padded = fit(name, max(NAME_CELLS, len(name)))
    said = Content(padded) if matcher is None else matcher.highlight(padded)
    return Content.assemble(" ", said, " ", (safe(what), "$foreground-muted"))


def entries_of(app: CashierConsole, behind: Screen[Any]) -> Iterator[Entry]:
    """Whatever a key does on the screen `behind` the palette, by its name."""
    for place in app.places:
        go = partial(app.action_place, place.name)
        yield place.title, f"go to the screen, key {place.digit}", go
    yield from _keys(app, behind)
    for theme in THEMES:
        yield f"theme {theme}", "colours; kept for the next time", partial(app.wear, theme)
    bell = not app.preferences.bell
    ring = partial(app.prefer, replace(app.preferences, bell=bell))
    yield f"bell {'on' if bell else 'off'}", "ring when something new waits for staff", ring


def _keys(app: CashierConsole, behind: Screen[Any]) -> Iterator[Entry]:
    seen: set[str] = set()
    for active in own_bindings(behind):
        binding = active.binding
        if binding.action in seen or not active.enabled:
            continue
        if binding.action.startswith(LEFT_OUT):
            continue
        seen.add(binding.action)
        do = partial(app.run_action, binding.action, default_namespace=behind)
        yield binding.description, f"key {app.get_key_display(binding)}", do
