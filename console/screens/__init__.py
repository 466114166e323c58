"""The console's screens, one line each; a screen is loaded when it is first shown.

How to add a screen
-------------------
1. `screens/NAME.py` with `class NameScreen(ConsoleScreen)`, `CSS_PATH = "NAME.tcss"` and what it
   says in `compose_body`; `screens/NAME.tcss`, every rule of it nested under `NameScreen`.
2. One line in `SCREENS`: its digit, name, title, where it is, who may see it.
3. `tests/console/screens/test_NAME.py`, by the pilot of tests/console/terminal.py.

What a screen stands on (see `console.frame.ConsoleScreen`):

- `self.ask(kind, question, then)`: `question(config)` runs on the source's thread and reads rows
  through engine modules (a new read-only function there, never SQL here); `then(answer)` runs on
  the UI's thread. A newer question of the same kind takes an older one's place. No screen catches
  errors of a database: the source asks again when it is back, and the frame says so meanwhile.
- `load()` is called when the screen is shown and again when the database came back; `moved(ids)`
  when payments moved while it is in sight, at most four times a second; `pulsed()` about once a
  second when the figures of `self.app.pulse` changed; `tick()` each second, for ages.
- `PagedList` (console.listing) for anything that can be long: `Column`s (console.columns) say text
  and style of a cell, a `Rows` where pages come from; `reload()` keeps the selected row by its id.
- `console.safe`: `safe`, `clip`, `middle`, `plain`, `fit`. Whatever comes from a database, a client
  or a node goes through one of them; widgets get `Content`, never a str that holds such text.
- `console.words`: states with their shapes, ages, amounts, so that every screen says them alike.
- Keys: `BINDINGS` with a one-word description; `show=True` ones stand in the key bar, all of them
  in the help (`?`) and the palette (Ctrl+P). Letters are acts, digits screens, Esc goes back.
- Acts: `self.app.act(proposal)` runs the one flow of all signed acts (console.acts); offer only
  what `self.app.may(act)` says.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.frame import ConsoleScreen

ALL = ("", "support", "payments", "approver", "auditor")
"""Roles; the empty one is who looks without a name."""


@dataclass(frozen=True, slots=True)
class Place:
    """A screen's key, name and title, the class to load, and the roles that see it."""

    digit: str
    name: str
    title: str
    where: str
    roles: tuple[str, ...] = ALL

    def load(self) -> type[ConsoleScreen]:
        """The screen's class, imported now."""
        module, _, name = self.where.partition(":")
        loaded: type[ConsoleScreen] = getattr(importlib.import_module(module), name)
        return loaded


SCREENS: tuple[Place, ...] = (
    Place("1", "live", "Live", "console.screens.live:LiveScreen"),
    Place("2", "approvals", "Approvals", "console.screens.approvals:ApprovalsScreen"),
    Place("3", "reconcile", "Reconcile", "console.screens.reconcile:ReconcileScreen"),
    Place("4", "chains", "Chains", "console.screens.chains:ChainsScreen"),
    Place("5", "clients", "Clients", "console.screens.clients:ClientsScreen"),
)
