"""Where anvil is on this machine, if it is: the one that make fetched, or one on PATH."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

# The package starts its program by a script of its own; a signal would end only that script.
_FETCHED = "npm/node_modules/@foundry-rs/anvil-*/bin/anvil"


def find() -> str | None:
    """Path of the program. None when there is none: the embedded chain does without."""
    fetched = sorted(Path(sys.prefix).glob(_FETCHED))
    return str(fetched[0]) if fetched else shutil.which("anvil")
