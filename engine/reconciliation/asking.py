"""Asking a running engine to compare books and node at once, from console and commands."""

from __future__ import annotations

from collections.abc import Sequence

from engine import orders
from engine.errors import OrderRefused

ENGINE_WAIT_S = 60


def compare_now(currencies: Sequence[str], *, full: bool = False) -> tuple[str, ...]:
    """Let the engine compare; the answer says in words why figures are not of this moment, and is
    empty when all of them are. With `full` every entry and payment is read again."""
    body = {"currencies": list(currencies), "full": full}
    try:
        result = orders.ask(act="reconcile", body=body, wait_s=ENGINE_WAIT_S)
    except OrderRefused as refusal:
        return (f"not compared now: {refusal}",)
    if result is None:
        return ("no engine answered: these are the figures that it found last",)
    return tuple(
        f"{chain}: not compared now: {reason}" for chain, reason in result.values.items() if reason
    )
