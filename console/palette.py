"""Ctrl+P: screens, the keys of where one is, themes, and payments by what one types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from console.frame import console_of, own_bindings
from console.safe import plain
from console.themes import THEMES

if TYPE_CHECKING:
    from console.app import CashierConsole

LEFT_OUT = ("place(", "command_palette", "cursor(", "page(", "scroll(", "edge(", "first", "last")
"""Actions that are not looked for by name: screens have entries of their own, arrows need none."""

Entry = tuple[str, str, Callable[[], Any]]
"""What is typed, what it does in a few words, and the doing."""


class EverythingProvider(Provider):
    """Whatever a key does, by its name."""

    async def discover(self) -> Hits:
        for name, what, do in self._entries():
            yield DiscoveryHit(plain(name), do, text=name, help=what)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, what, do in self._entries():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), do, text=name, help=what)
        if len(query) > 1:
            find = partial(self._app.action_search, query.strip())
            yield Hit(0.1, plain(f"search {query.strip()}"), find, text=query, help="find payments")

    @property
    def _app(self) -> CashierConsole:
        return console_of(self.screen)

    def _entries(self) -> Iterator[Entry]:
        app = self._app
        for place in app.places:
            go = partial(app.action_place, place.name)
            yield place.title, f"go to the screen, key {place.digit}", go
        yield from self._keys()
        for theme in THEMES:
            yield f"theme {theme}", "colours; kept for the next time", partial(app.wear, theme)
        bell = not app.preferences.bell
        ring = partial(app.prefer, replace(app.preferences, bell=bell))
        yield f"bell {'on' if bell else 'off'}", "ring when something new waits for staff", ring

    def _keys(self) -> Iterator[Entry]:
        """The keys that work on the screen behind the palette."""
        app = self._app
        seen: set[str] = set()
        for active in own_bindings(self.screen):
            binding = active.binding
            if binding.action in seen or not active.enabled:
                continue
            if binding.action.startswith(LEFT_OUT):
                continue
            seen.add(binding.action)
            do = partial(app.run_action, binding.action, default_namespace=self.screen)
            yield binding.description, f"key {app.get_key_display(binding)}", do
