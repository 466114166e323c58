"""Named points at which a test may end the engine as a power cut would (sandbox networks only)."""

from __future__ import annotations

import os
import signal

VARIABLE = "CASHIER_CRASH_AT"


def reach(point: str, *, sandbox: bool) -> None:
    """Die here by SIGKILL if the environment names this point and coins are worth nothing."""
    if sandbox and os.environ.get(VARIABLE) == point:
        os.kill(os.getpid(), signal.SIGKILL)
