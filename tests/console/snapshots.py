"""Pictures of screens as plain text, kept in snapshots/ and compared line by line.

`CASHIER_SNAPSHOTS=write pytest tests/console` writes them anew, on purpose; look at the difference
before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.console.terminal import Terminal

FOLDER = Path(__file__).parent / "snapshots"
VARIABLE = "CASHIER_SNAPSHOTS"


def assert_looks(shown: Terminal, name: str) -> None:
    """The screen is what it was when somebody last looked at it; without the line of screens, so
    that a new one changes no other's picture."""
    width, height = shown.app.size
    file = FOLDER / f"{name}.{width}x{height}.txt"
    text = shown.text.partition("\n")[2] + "\n"
    if os.environ.get(VARIABLE) == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
