"""What any node is asked before something is signed: so little that every family answers it."""

from __future__ import annotations

from typing import Protocol

from engine.chain import Recipient, Spend


class Asked(Protocol):
    """One currency behind its node. Raises NodeDown and NodeRefused."""

    def recipient(self, address: str) -> Recipient | None:
        """Who would be paid at `address`; None if it is none for this network."""

    def dust(self, address: str) -> int:
        """The least amount in units that may be sent to `address`."""

    def received(self, spend: Spend) -> bool:
        """Whether the node shows this coin with this address and amount."""
