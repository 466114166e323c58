"""The staff console: which screens there are, what is known of the house, and who sits here.

Nothing of the engine is loaded before the first paint; the source's thread loads it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from console import preferences, themes, words
from console.feed import Feed
from console.frame import Hears, own_bindings
from console.preferences import Preferences
from console.safe import clip
from console.screens import SCREENS, Place
from console.source import Away, Source
from engine.clock import utc_now
from engine.errors import CashierError

if TYPE_CHECKING:
    from engine.approvals.plan import Proposal
    from engine.config import Config
    from engine.pulse import Pulse

Kept = TypeVar("Kept", bound=Screen[Any])
HELD_LONG_S = 3600  # a held payment that waits longer than this is said on every screen


class CashierConsole(App[None]):
    """`load` reads the configuration, on the source's thread; `clock` is what ages are counted
    from. `staff` is who proved to sit here, with their role; empty for whoever only looks."""

    CSS = """
    Screen { background: $background; color: $foreground; }
    """
    ENABLE_COMMAND_PALETTE = False  # Textual's own is laid out anew each time, which takes too long
    TITLE = "Cashier"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(place.digit, f"place('{place.name}')", place.title, show=False)
            for place in SCREENS
        ),
        Binding("slash", "search", "search", key_display="/"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("X", "export", "export histories", show=False, key_display="X"),
        Binding("ctrl+p", "everything", "everything", priority=True),
        Binding("ctrl+q,q", "quit", "quit", show=False),
    ]

    def __init__(
        self,
        load: Callable[[], Config],
        *,
        staff: str = "",
        role: str = "",
        key: Path | None = None,
        theme: str = "",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__()
        self.staff, self.role, self.key = staff, role, key
        self.clock = clock
        self.pulse: Pulse | None = None
        self.away: Away | None = None
        self.failure: CashierError | None = None
        self.places: tuple[Place, ...] = tuple(each for each in SCREENS if role in each.roles)
        self.source = Source(
            load,
            deliver=self.deliver,
            moved_away=self._moved_away,
            unusable=self._unusable,
            clock=clock,
        )
        self.feed = Feed(self.source, clock=clock, moved=self._moved, pulsed=self._pulsed)
        self.preferences = preferences.load()
        self._first_theme = theme if theme in themes.THEMES else self.preferences.theme

    def on_mount(self) -> None:
        for theme in themes.THEMES.values():
            self.register_theme(theme)
        self.theme = self._first_theme
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        for place in self.places:
            self.add_mode(place.name, lambda place=place: place.load()())  # type: ignore[misc]  # a lambda that remembers its place
        self.switch_mode(self.places[0].name)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """After the first paint, which what the source loads would keep waiting."""
        self.source.start()
        self.feed.start()
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        self.source.end()

    def _keep_theme(self, theme: Theme) -> None:
        self.prefer(replace(self.preferences, theme=theme.name))

    def prefer(self, chosen: Preferences) -> None:
        """Take a person's choice into use, and keep it for the next time."""
        if chosen != self.preferences:
            self.preferences = chosen
            preferences.save(chosen)

    # What the frame shows.

    @property
    def who(self) -> str:
        """Who sits here and as what."""
        return f"{self.staff} · {self.role}" if self.staff else "view only"

    def badge(self, place: str) -> str:
        """What waits at a screen, in a word; empty for nothing."""
        pulse = self.pulse
        if pulse is None:
            return ""
        if place == "approvals":
            waits = pulse.held + pulse.half_signed
            return str(waits) if waits else ""
        if place == "reconcile":
            return f"!{pulse.breaks}" if pulse.breaks else ("ok" if pulse.compared else "-")
        return ""

    @property
    def alarm(self) -> str:
        """What is wrong with the whole house; empty on a quiet day."""
        if self.away is not None:
            return (
                f"the database is away since {words.clock(self.away.since)}, this is the last"
                f" picture: {self.away.why}"
            )
        pulse = self.pulse
        if pulse is None:
            return ""
        if not pulse.running:
            since = words.clock(pulse.beat) if pulse.beat else "it was set up"
            return f"the engine is silent since {since}: nothing is credited or paid"
        if pulse.oldest_held and self._is_old(pulse.oldest_held):
            waits = words.age(pulse.oldest_held, self.clock())
            return f"a held payment has waited for {waits}"
        return ""

    def _is_old(self, since: str) -> bool:
        from engine.clock import parse_rfc3339

        return (self.clock() - parse_rfc3339(since)).total_seconds() > HELD_LONG_S

    # What comes from the source, on the UI's thread.

    def deliver(self, callback: Callable[..., Any], answer: Any) -> None:
        """Call on the UI's thread; may be called on any other."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody is there to hear it
                loop.call_soon_threadsafe(partial(self.call_later, self._hand, callback, answer))

    def _hand(self, callback: Callable[..., Any], answer: Any) -> None:
        if self.is_running:  # else its screen is being taken apart
            callback(answer)

    def _unusable(self, error: CashierError) -> None:
        """Without a configuration or a fitting database there is nothing to show."""
        self.failure = error
        self.exit(return_code=2)

    def _moved_away(self, away: Away | None) -> None:
        self.away = away
        self._look()
        if away is None:
            for screen in self._in_sight():
                screen.load()

    def _moved(self, payments: Collection[str]) -> None:
        for screen in self._in_sight():
            screen.moved(payments)

    def _pulsed(self, pulse: Pulse) -> None:
        more = self.pulse is not None and pulse.held > self.pulse.held
        if more and self.preferences.bell:
            self.bell()
        self.pulse = pulse
        self._look()
        for screen in self._in_sight():
            screen.pulsed()

    def _tick(self) -> None:
        for screen in self._in_sight():
            screen.tick()

    def _look(self) -> None:
        for screen in self._in_sight():
            screen.look()

    def _in_sight(self) -> list[Hears]:
        if not self.is_running:
            return []
        return [each for each in self.screen_stack if isinstance(each, Hears) and each.is_mounted]

    # Acts.

    def may(self, act: str) -> bool:
        """Whether the person who sits here may do an act at all."""
        if not self.staff:
            return False  # before anything of the engine is loaded: keys are drawn at once
        from engine.approvals.offers import may

        return may(self.role, act)

    def act(self, proposal: Proposal, then: Callable[[bool | None], Any] | None = None) -> None:
        """Begin a signed act; `then` hears whether the engine took it."""
        from console.act_dialog import ActDialog

        if self.may(proposal.act):
            self.push_screen(ActDialog(proposal), then)
        else:
            who = f"{self.staff} is {self.role}" if self.staff else "this console only shows"
            self.notify(f"{who}: to {proposal.act} is for others", severity="warning", markup=False)

    # What screens call.

    def _kept(self, kind: type[Kept]) -> Kept:
        """The screen or dialog of this kind that this place keeps, because to lay out a new one
        takes longer than a key may."""
        name = f"{kind.__name__} of {self.current_mode}"
        if not self.is_screen_installed(name):
            self.install_screen(kind(), name)
        screen = self.get_screen(name)
        assert isinstance(screen, kind)
        return screen

    def open_payment(self, payment: str) -> None:
        """Show one payment on top of this screen."""
        from console.screens.payment import PaymentScreen

        if isinstance(self.screen, PaymentScreen):
            self.screen.show(payment, trail=True)
            return
        screen = self._kept(PaymentScreen)
        screen.show(payment)
        self.push_screen(screen)

    async def show_live(self, line: str) -> None:
        """Go to the payments that a filter line wants."""
        from console.screens.live import LiveScreen

        await self.action_place("live")
        if isinstance(self.screen, LiveScreen):
            self.screen.filter(line)

    def copy(self, text: str | None, what: str) -> None:
        """Copy to the clipboard of the person's own terminal, over SSH too, and say what."""
        if text:
            self.copy_to_clipboard(text)
            self.notify(f"copied {what} {clip(text, 40)}", markup=False, timeout=2)
        else:
            self.notify(f"there is no {what} yet", markup=False, timeout=2)

    def wear(self, theme: str) -> None:
        """Take a theme into use."""
        self.theme = theme

    # Keys.

    def action_export(self, client: str = "") -> None:
        """Write histories to a file, for auditors: of one client, or of everybody."""
        from console.export_dialog import ROLES, ExportDialog

        if self.role in ROLES:
            self.push_screen(ExportDialog(client))
        else:
            who = f"{self.staff} is {self.role}" if self.staff else "nobody sits here (--as)"
            said = f"{who}: to export is for {', '.join(ROLES)}"
            self.notify(said, severity="warning", markup=False)

    def action_search(self, text: str = "") -> None:
        """Find a payment from wherever one is, and open it."""
        from console.search import SearchDialog

        def found(payment: str | None) -> None:
            if payment:
                self.open_payment(payment)

        dialog = self._kept(SearchDialog)
        dialog.begin(text)
        self.push_screen(dialog, found)

    def action_everything(self) -> None:
        """Do whatever a key does, by its name."""
        from console.palette import PaletteDialog, entries_of

        def chosen(do: Callable[[], Any] | None) -> None:
            if do is not None:
                self.call_later(do)

        if not isinstance(self.screen, PaletteDialog):
            dialog = self._kept(PaletteDialog)
            dialog.begin(tuple(entries_of(self, self.screen)))
            self.push_screen(dialog, chosen)

    def action_help(self) -> None:
        """Every key that works here."""
        from console.help import HelpDialog, keys_of

        here: list[Binding] = []
        everywhere: list[Binding] = []
        for active in own_bindings(self.screen):
            (everywhere if active.node is self else here).append(active.binding)
        place = next((p.title for p in self.places if p.name == self.current_mode), "here")
        title = self.screen.title or place
        sections = ((title, here), ("everywhere", everywhere))
        dialog = self._kept(HelpDialog)
        dialog.show((what, keys_of(keys, self.get_key_display)) for what, keys in sections)
        self.push_screen(dialog)

    async def action_place(self, name: str) -> None:
        """Go to a screen by its name."""
        if name in {place.name for place in self.places}:
            await self.switch_mode(name)
