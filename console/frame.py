"""What stands around every screen: places and person, chains, a banner when something is wrong, and
the keys that matter here. A screen fills what is between."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.message_pump import MessagePump
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input

from console import words
from console.safe import clip

if TYPE_CHECKING:
    from console.app import CashierConsole
    from engine.config import Config
    from engine.views import ChainView

Part = tuple[str, str]
"""Text and its style, as `Content.assemble` takes them."""


Result = TypeVar("Result")


def console_of(node: MessagePump) -> CashierConsole:
    """The console that a widget or screen is in."""
    from console.app import CashierConsole

    app = node.app
    assert isinstance(app, CashierConsole)
    return app


class Bar(Widget):
    """One line that is drawn anew when something it shows changed."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    @property
    def console_app(self) -> CashierConsole:
        return console_of(self)


class TopBar(Bar):
    """The name, the screens by their digits with what waits in each, and who sits here."""

    DEFAULT_CSS = "TopBar { background: $panel; }"

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[tuple[int, str]] = []

    def render(self) -> Content:
        app = self.console_app
        narrow = self.size.width < 100
        # Who sits here matters more than the name of the house.
        parts: list[Part] = [("" if narrow else " Cashier ", "bold $accent")]
        self._ends = [(len(parts[0][0]), "")]
        for place in app.places:
            badge = app.badge(place.name)
            gap = " " if narrow else "  "
            text = f"{gap}{place.digit} {place.title}{f' {badge}' if badge else ''} "
            style = "bold reverse" if place.name == app.current_mode else ""
            parts.append((text, style))
            self._ends.append((self._ends[-1][0] + len(text), place.name))
        left = self.size.width - self._ends[-1][0] - 1
        who = app.who if len(app.who) < left else app.staff  # whole, or the name alone
        parts.append((clip(who, left - 1).rjust(max(0, left)), "$foreground-muted"))
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        for end, name in self._ends:
            if event.x < end:
                if name:
                    await self.console_app.action_place(name)
                return


class ChainStrip(Bar):
    """Each chain's height and how far behind it is, or why it waits and since when."""

    def render(self) -> Content:
        pulse = self.console_app.pulse
        if pulse is None:
            return Content.styled(" opening…", "$foreground-muted")
        parts: list[Part] = [(" ", "")]
        for chain in pulse.chains:
            parts += [*self._chain(chain, pulse.waiting.get(chain.symbol, 0)), ("    ", "")]
        parts += [
            (f"! {symbol} not contacted yet    ", "bold $state-asks") for symbol in pulse.missing
        ]
        for brake in pulse.brakes:
            what = f"! {brake.currency} {brake.words}: {clip(brake.reason, 40)}    "
            parts.append((what, "bold $state-asks"))
        return Content.assemble(*parts)

    @staticmethod
    def _chain(chain: ChainView, waiting: int) -> Iterable[Part]:
        if chain.state != "well":
            wait = f" ({waiting} wait)" if waiting else ""
            since = words.clock(chain.since)[:5]
            yield (
                f"! {chain.symbol} paused: {clip(chain.reason, 40)} since {since}{wait}",
                ("bold $state-wrong"),
            )
            return
        yield f"{chain.symbol} ", "bold"
        height = "-" if chain.height is None else f"{chain.height:,}"
        behind = chain.behind or 0
        yield f"{height} · {behind} behind", "$state-asks" if behind else "$foreground-muted"


class Banner(Bar):
    """What everybody must see, whatever screen they look at; nothing on a quiet day."""

    DEFAULT_CSS = """
    Banner { display: none; background: $state-wrong; color: $background; text-style: bold; }
    Banner.shown { display: block; }
    """

    def look(self) -> None:
        """Show or hide, as things are."""
        self.set_class(bool(self.console_app.alarm), "shown")
        self.refresh()

    def render(self) -> Content:
        return Content(clip(f" ! {self.console_app.alarm}", self.size.width))


HELP = "help"
TYPING = (Binding("enter", "", "take it"), Binding("escape", "", "leave"))
"""What ends a line that one writes; the line itself hears them."""


class KeyBar(Bar):
    """The keys that matter here, as many as there is room for; help names all of them, so that it
    always has room."""

    DEFAULT_CSS = "KeyBar { background: $panel; dock: bottom; }"

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[tuple[int, str]] = []

    def render(self) -> Content:
        parts: list[Part] = [(" ", "")]
        self._ends = []
        used = 1
        keys = list(self._keys())
        kept = sum(_cells(*each) for each in keys if each[2] == HELP)
        full = False
        for key, what, action in keys:
            width = _cells(key, what, action)
            kept = 0 if action == HELP else kept
            full = full or used + width + kept > self.size.width + 2
            if full and action != HELP:
                continue
            parts += [(key, "bold $accent"), (f" {what}   ", "")]
            used += width
            self._ends.append((used, action))
        return Content.assemble(*parts)

    def _keys(self) -> Iterable[tuple[str, str, str]]:
        """Key, word and action of each binding that is shown, the screen's before the app's. While
        somebody types, letters are letters, and only what is no letter is a key."""
        types = isinstance(self.screen.focused, Input)
        if types:
            for binding in TYPING:
                yield self.app.get_key_display(binding), binding.description, binding.action
        for active in own_bindings(self.screen):
            binding = active.binding
            if binding.show and active.enabled and (not types or binding.key.startswith("ctrl+")):
                yield self.app.get_key_display(binding), binding.description, binding.action

    async def on_click(self, event: events.Click) -> None:
        for end, action in self._ends:
            if event.x < end and action:
                await self.app.run_action(action, default_namespace=self.screen)
                return


def _cells(key: str, what: str, _: str) -> int:
    """The room of a key and its word in the bar, with the gaps."""
    return len(key) + len(what) + 4


STOCK = frozenset({"scroll_left", "scroll_right", "page_left", "page_right"})
"""Actions of Textual's own that mean nothing here, beside those that are in a namespace."""


def own_bindings(screen: Screen[Any]) -> list[ActiveBinding]:
    """The keys that work on a screen, without those that only Textual knows of."""
    return [
        active
        for active in screen.active_bindings.values()
        if active.binding.description
        and active.binding.action not in STOCK
        and not isinstance(active.node, Input)
        and not active.binding.action.startswith(("app.focus", "screen."))
    ]


class Hears(Widget):
    """What a screen hears of, and how it asks; each fills in what it shows."""

    @property
    def console_app(self) -> CashierConsole:
        """The console that this screen is in."""
        return console_of(self)

    def ask(self, kind: str, question: Callable[[Config], Any], then: Callable[[Any], Any]) -> None:
        """Ask the source; the answer is dropped when this screen is gone by then."""

        def still_here(answer: Any) -> None:
            if self.is_attached and self.display:  # not one that is being taken apart
                then(answer)

        self.console_app.source.ask(f"{id(self)}.{kind}", question, still_here)

    def load(self) -> None:
        """Ask for everything that this screen shows."""

    def moved(self, payments: Collection[str]) -> None:
        """These payments moved."""

    def pulsed(self) -> None:
        """The figures of `console_app.pulse` changed."""

    def tick(self) -> None:
        """A second passed: ages are drawn anew."""

    def look(self) -> None:
        """Draw anew what stands around."""


class Dialog(Hears, ModalScreen[Result]):
    """What is asked above a screen, one thing at a time; Esc leaves it."""


class ConsoleScreen(Hears, Screen[None]):
    """A screen of the console: see console.screens for how to write one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False),
    ]

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield ChainStrip()
        yield Banner()
        yield from self.compose_body()
        yield KeyBar()

    def compose_body(self) -> ComposeResult:
        """What this screen shows between the frame's lines."""
        raise NotImplementedError

    # How the frame keeps up.

    def on_screen_resume(self) -> None:
        self.look()
        self.load()

    def look(self) -> None:
        """Draw the frame anew."""
        for bar in self.query(Bar):
            if isinstance(bar, Banner):
                bar.look()
            else:
                bar.refresh()

    def on_descendant_focus(self) -> None:
        self.query_one(KeyBar).refresh()

    async def action_back(self) -> None:
        """Leave what was opened on top of a screen."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()
