"""Checks of the ways on which staff are told; a test is sent only to whoever asks for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime

from engine.alerts import board
from engine.alerts.courier import Courier
from engine.alerts.message import trial_message
from engine.alerts.sinks import Sink, sinks_of
from engine.config import Config
from engine.errors import DeliveryFailed
from engine.preflight.finding import Finding

NOBODY = "nobody is told of anything: [alerts] is empty"
CURE = "cashier check --alerts tries it now"


def check_alerts(
    config: Config, *, now: datetime, with_database: bool, send: bool
) -> Iterator[Finding]:
    """Each way of [alerts]: whether what waits for it arrives, or with `send` whether a test does.
    Needs the secrets of role check."""
    sinks = sinks_of(config)
    if not sinks and (send or not config.sandbox):
        yield Finding(check="alerts", ok=not send, what=NOBODY)
    for sink in sinks:
        words = _try(config, sink, now) if send else _failing(sink, with_database=with_database)
        what = f"{sink.where}: {words or ('it took a test' if send else 'configured')}"
        cure = CURE if words and not send else ""
        yield Finding(
            check=f"alerts {sink.name}",
            ok=not words,
            what=what,
            cure=cure,
            key=f"alerts.{sink.name}",
        )


def _try(config: Config, sink: Sink, now: datetime) -> str:
    message = trial_message(config.site.name, message_id=secrets.token_hex(16), now=now)
    try:
        Courier(sink).deliver(message, now)
    except DeliveryFailed as error:
        return str(error)
    finally:
        sink.close()
    return ""


def _failing(sink: Sink, *, with_database: bool) -> str:
    return board.sink_views([sink.name])[0].failing if with_database else ""
