"""Desks whose node is not as it seems: behind a proxy that breaks replies, or with other words in
its mouth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.families.evm import TIMEOUT_S
from engine.families.evm.chain import EvmChain
from engine.families.evm.transport import Call, Transport
from engine.ours import StoredOurs
from tests.engine.families.evm.doctored import Change, Doctored
from tests.engine.sender.by_nonce.desk import EvmDesk
from tests.nodes.proxy import Breakage, cut_at, edited, instead, reset, silent, twice

SHORT_S = 2
SEND = "eth_sendRawTransaction"
COUNT = "eth_getTransactionCount"
RECEIPT = "eth_getTransactionReceipt"
CHAIN_TX = "eth_getTransactionByHash"
HTML_502 = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"


def _of_another(reply: Any) -> Any:
    """The ids of requests that nobody made."""
    if isinstance(reply, list):
        return [_of_another(row) for row in reply]
    return {**reply, "id": reply["id"] + 1000}


BREAKAGES: dict[str, Breakage] = {
    "closed": cut_at(0),
    "hung": silent(SHORT_S + 0.3),
    "cut": cut_at(-10),
    "reset": reset,
    "html": instead(HTML_502),
    "another": edited(_of_another),
    "twice": twice,
}


class Hasty(Transport):
    """Waits for SHORT_S for the first reply to a call of `hasty_at`: on a busy machine a short wait
    is for those replies only that never come."""

    hasty_at = ""

    def _asked(self, calls: Sequence[Call]) -> list[Any]:
        if self.hasty_at not in {method for method, _ in calls}:
            return super()._asked(calls)
        self._wait_for(SHORT_S)
        try:
            return super()._asked(calls)
        finally:
            self.hasty_at = ""
            self._wait_for(TIMEOUT_S)

    def _wait_for(self, timeout_s: int) -> None:
        self._timeout_s = timeout_s
        self.close()


class DeskBehind(EvmDesk):
    """Its chain is asked at the URL of its configuration."""

    def _start(self) -> None:
        currency = self.config.currencies["ETH"]
        assert currency.node is not None
        self.on.chain.close()
        self.transport = Hasty(currency.node.reveal())
        self.on.chain = EvmChain(currency, currency.tokens, self.transport, StoredOurs("ETH"))
        super()._start()


class DoctoredDesk(EvmDesk):
    """Its node lies by `changes` until they are cleared."""

    def _start(self) -> None:
        currency = self.config.currencies["ETH"]
        self.on.chain.close()
        self.transport = Doctored(self.node.url())
        self.on.chain = EvmChain(currency, currency.tokens, self.transport, StoredOurs("ETH"))
        super()._start()

    @property
    def changes(self) -> dict[str, Change]:
        return self.transport.changes
