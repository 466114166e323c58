"""Pictures of screens as plain text, kept in snapshots/ and compared line by line.

`CASHIER_SNAPSHOTS=write pytest tests/console` writes them anew, on purpose; look at the difference
before it is committed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.console.terminal import Terminal
from tests.nodes.ports import PATIENCE_S

FOLDER = Path(__file__).parent / "snapshots"
VARIABLE = "CASHIER_SNAPSHOTS"


async def assert_looks(shown: Terminal, name: str) -> None:
    """The screen comes to look as it did when somebody last looked at it; without the line of
    screens, so that a new one changes no other's picture."""
    width, height = shown.app.size
    file = FOLDER / f"{name}.{width}x{height}.txt"
    await shown.settle()
    if os.environ.get(VARIABLE) == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(_picture(shown), encoding="utf-8")
    kept = file.read_text(encoding="utf-8")
    give_up = time.monotonic() + PATIENCE_S  # figures that are asked for all day may come last
    while _picture(shown) != kept and time.monotonic() < give_up:
        await shown.pilot.pause(0.05)
    assert _picture(shown) == kept


def _picture(shown: Terminal) -> str:
    return shown.text.partition("\n")[2] + "\n"
