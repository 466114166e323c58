"""What a running process writes to stderr: one line for each event, in UTC, no secret in it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from commands.output import printable

# At DEBUG these print what they carry: statements with tokens and sessions, arguments of calls.
_TALKATIVE = (
    "BitcoinRPC",
    "peewee",
    "asyncio",
    "tornado.access",
    "transitions",
    "urllib3",
    "web3",
)


class OneLine(logging.Formatter):
    """`2026-11-22T13:51:00.123Z WARNING engine.chains LTC: paused: …`; a trace is folded in."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002  # logging's own name
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).splitlines()
        return " | ".join(printable(line) for line in lines)


def start_journal(*, verbose: bool) -> None:
    """Log to stderr from INFO on, from DEBUG with `verbose`."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
