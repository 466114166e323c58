"""One chain's house moves where addresses count their sends, a round at a time: after what was sent
is known up to the tip, before anything more is paid."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from engine.chain import BlockRef
from engine.config import Config
from engine.errors import NodeRefused
from engine.sending import Payer
from engine.sweeps.sweeper import Sweeper

log = logging.getLogger(__name__)


class NonceMover:
    """Belongs to one thread, the one that holds the chain's lease; `guard` proves that in every
    database transaction."""

    def __init__(
        self, config: Config, symbol: str, node: Payer, *, guard: Callable[[], None]
    ) -> None:
        self._symbol = symbol
        self._sweeper = Sweeper(config, symbol, node, guard=guard)

    def step(self, tip: BlockRef, now: datetime) -> int:
        """One round at this tip; returns the moves made. Raises NodeDown."""
        try:
            return self._sweeper.step(tip, now)
        except NodeRefused as error:
            # Clients are paid all the same.
            log.warning("%s: nothing is swept: %s", self._symbol, error.detail or error)
            return 0
