"""How the console says states, ages and amounts: a word and a shape each, never a colour alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from engine.clock import parse_rfc3339
from engine.money import format_amount, format_fixed

if TYPE_CHECKING:
    from engine.views import PaymentView

# The shape before the word, and the name of the style that repeats it in colour.
SHAPES: dict[str, tuple[str, str]] = {
    "requested": ("·", "calm"),
    "pending": ("~", "going"),
    "confirmed": ("+", "going"),
    "credited": ("=", "done"),
    "held": ("!", "asks"),
    "reversed": ("<", "wrong"),
    "failed": ("x", "wrong"),
    "refused": ("x", "calm"),
    "refunded": ("<", "calm"),
    "expired": ("-", "calm"),
    "vanished": ("?", "asks"),
    "cancelled": ("-", "calm"),
}
DECIMALS_SHOWN = 8

KINDS = {"deposit": "in", "withdrawal": "out", "transfer": "move", "site_transfer": "site"}


def state_of(view: PaymentView) -> tuple[str, str]:
    """A payment's state as a shape and words, and the style's name: `~ pending 2/3`, `going`."""
    shape, style = SHAPES.get(view.state, ("?", "asks"))
    words = view.state
    if view.state == "pending":
        words = f"pending {view.confirmations}/{view.confirmations_required}"
    elif view.state == "held" and view.client is None:
        words = "suspense"
    elif view.state == "requested" and view.sub_state:
        words = view.sub_state
    if view.unsettled:
        shape, style, words = "?", "asks", f"{words} unsettled"
    return f"{shape} {words}", style


def kind_of(view: PaymentView) -> str:
    """`in`, `out`, `move` or `site`."""
    return KINDS.get(view.kind, view.kind)


def amount(units: int, decimals: int, currency: str) -> str:
    """An exact amount and its currency, with all decimals up to eight, so that columns align."""
    shown = format_fixed if decimals <= DECIMALS_SHOWN else format_amount
    return f"{shown(units, decimals)} {currency}"


def listed(units: int, decimals: int, currency: str) -> str:
    """The same in a list, which has no room for eighteen decimals: an ellipsis stands for those
    beyond eight, and whoever opens the row reads them."""
    figure, _, symbol = amount(units, decimals, currency).partition(" ")
    whole, dot, part = figure.partition(".")
    cut = f"{part[:DECIMALS_SHOWN]}…" if len(part) > DECIMALS_SHOWN else part
    return f"{whole}{dot}{cut} {symbol}"


def amount_of(view: PaymentView) -> str:
    """A payment's amount; only the currency as long as nobody knows it."""
    return _of(view, amount)


def listed_of(view: PaymentView) -> str:
    """A payment's amount in a list."""
    return _of(view, listed)


def _of(view: PaymentView, said: Callable[[int, int, str], str]) -> str:
    return view.currency if view.units is None else said(view.units, view.decimals, view.currency)


def age(since: str | None, now: datetime) -> str:
    """How long ago a moment (RFC 3339) was: `00:41` up to an hour, then `2h 05`, `3d 04h`."""
    if not since:
        return "-"
    seconds = max(0, int((now - parse_rfc3339(since)).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if hours < 1:
        return f"{minutes:02}:{seconds % 60:02}"
    if days < 1:
        return f"{hours}h {minutes % 60:02}m"
    return f"{days}d {hours % 24:02}h"


def clock(moment: str | None) -> str:
    """The time of day of a moment (RFC 3339), UTC."""
    return parse_rfc3339(moment).strftime("%H:%M:%S") if moment else "-"


def day(moment: str | None) -> str:
    """Date and time of a moment (RFC 3339), UTC."""
    return parse_rfc3339(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else "-"
