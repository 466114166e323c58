"""What each person chose for their own terminal: the theme, and whether it may ring."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from console import themes


@dataclass(frozen=True, slots=True)
class Preferences:
    """`bell` rings when something new waits for staff."""

    theme: str = themes.DEFAULT
    bell: bool = False


def path() -> Path:
    """Where they are kept: `$XDG_STATE_HOME/cashier/console.json`."""
    home = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(home) if home.startswith("/") else Path.home() / ".local" / "state"
    return folder / "cashier" / "console.json"


def load() -> Preferences:
    """What was kept last; the defaults where nothing readable was."""
    try:
        found = json.loads(path().read_text(encoding="utf-8"))
        theme, bell = found.get("theme"), found.get("bell")
    except (OSError, ValueError, AttributeError):
        return Preferences()
    known = isinstance(theme, str) and theme in themes.THEMES
    return Preferences(theme if known else themes.DEFAULT, bell is True)


def save(chosen: Preferences) -> bool:
    """Keep them; False where nothing can be written, which is no reason to stop."""
    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.write_text(json.dumps(asdict(chosen)) + "\n", encoding="utf-8")
        draft.replace(file)
    except OSError:
        return False
    return True
