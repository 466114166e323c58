"""How deeply Python may nest, after what the libraries under eth-account did to it.

One of them raises the limit to 100,000 for its own sake. With that, a reply that is nested deeply
enough overflows the stack, which ends the process, and raises no RecursionError.
"""

from __future__ import annotations

import importlib
import sys

DEPTH_MAX = 10_000


def bound_recursion() -> None:
    """Called by each module that reads what others wrote, when it is imported."""
    importlib.import_module("eth_account")  # whatever it does to the limit, it has done by now
    sys.setrecursionlimit(min(sys.getrecursionlimit(), DEPTH_MAX))
