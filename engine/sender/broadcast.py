"""An attempt's bytes on their way out: sent once, and what the node said is kept with them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from engine.chain import Fact, Sending, SendReply, Standing
from engine.clock import rfc3339
from engine.crashpoints import reach
from engine.sender.attempts import Stored

log = logging.getLogger(__name__)


class Node(Protocol):
    """What takes signed bytes."""

    def send(self, raw: str) -> SendReply:
        """Broadcast signed bytes once. Raises NodeDown when it is unknown whether they went out."""


class Broadcast:
    """Sends for one chain. `go_on` raises EngineStopping to have nothing sent any more."""

    def __init__(
        self,
        symbol: str,
        node: Node,
        *,
        go_on: Callable[[], None],
        sandbox: bool,
    ) -> None:
        self._symbol = symbol
        self._node = node
        self._go_on = go_on
        self._sandbox = sandbox

    def once(self, stored: Stored, now: datetime) -> Fact:
        """Send its bytes once: in the mempool after that, or absent where the node refused them.
        Raises NodeDown: unknown, and EngineStopping before it sends anything."""
        row = stored.row
        self._go_on()
        reach("broadcast.before", sandbox=self._sandbox)
        reply = self._node.send(row.signed)
        reach("broadcast.after", sandbox=self._sandbox)
        refused = reply.outcome is Sending.REFUSED
        words = reply.words if refused else ""
        if words not in {"", row.last_error}:
            log.warning("%s: the node refused attempt %s: %s", self._symbol, row.id, words)
        row.sends, row.sent_at, row.last_error = row.sends + 1, rfc3339(now), words
        return Fact(str(row.txid), Standing.ABSENT if refused else Standing.MEMPOOL)
