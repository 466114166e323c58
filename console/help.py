"""`?`: every key that works here, made from the bindings themselves, and how things are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console import filters, words
from console.frame import Dialog
from console.safe import safe

KEY_CELLS = 14

Section = tuple[str, list[tuple[str, str]]]
"""What keys are of, and the keys with what they do."""


class HelpDialog(Dialog[None]):
    """Laid out once and kept, because to lay out takes longer than a key may; `show` fills it."""

    DEFAULT_CSS = """
    HelpDialog { align: center middle; background: $background; }
    HelpDialog #help { width: 72; max-width: 100%; height: auto; max-height: 95%;
        border: round $primary; background: $surface; padding: 0 1; scrollbar-size-vertical: 1; }
    HelpDialog #text { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "app.pop_screen", "close", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(15)", show=False),
        Binding("pageup", "scroll(-15)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sections: tuple[Section, ...] = ()

    def show(self, sections: Iterable[Section]) -> None:
        """Say these, from the top."""
        said, self._sections = self._sections, tuple(sections)
        if self.is_mounted:
            self.query_one("#help").scroll_home(animate=False)
            if said != self._sections:
                self.query_one("#text", Static).update(self._text)

    @property
    def _text(self) -> Content:
        return Content("\n").join(_lines(self._sections))

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", can_focus=False) as box:
            box.border_title = "help"
            box.border_subtitle = "Esc closes"
            yield Static(self._text, id="text", markup=False)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#help").scroll_relative(y=lines, animate=False)


def _lines(sections: Iterable[Section]) -> Iterator[Content]:
    for what, keys in sections:
        if keys:
            yield from _section(what, keys)
    yield from _section("filter line", filters.HELP)
    shapes: dict[str, list[str]] = {}
    for state, (shape, _) in words.SHAPES.items():
        shapes.setdefault(shape, []).append(state)
    yield from _section("shapes", [(s, ", ".join(names)) for s, names in shapes.items()])


def _section(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[Content]:
    yield Content.styled(title, "bold $accent")
    for key, what in rows:
        yield Content.assemble((f"  {key:<{KEY_CELLS}}", "bold"), safe(what))
    yield Content("")


def keys_of(
    bindings: Iterable[Binding], display: Callable[[Binding], str]
) -> list[tuple[str, str]]:
    """Each act of these bindings once, with all its keys as `display` writes them."""
    found: dict[str, list[str]] = {}
    for binding in bindings:
        if binding.description:
            found.setdefault(binding.description, []).append(display(binding))
    return [(" ".join(keys), what) for what, keys in found.items()]
