"""Calls to the embedded chain, wherever it runs now: in this process, or in another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.families.evm import TIMEOUT_S
from engine.families.evm.embedded.keeper import url_of
from engine.families.evm.transport import Transport

_NOT_ASKED_YET = "http://127.0.0.1:1"


class EmbeddedTransport(Transport):
    """Asks before each request where the chain is: when the process that ran it has ended, the
    first one that asks goes on with it. Nothing runs before the first request."""

    def __init__(self, folder: Path, *, timeout_s: int = TIMEOUT_S) -> None:
        super().__init__(_NOT_ASKED_YET, timeout_s=timeout_s)
        self._folder = folder

    def _exchanged(self, body: str, method: str) -> Any:
        url = urlsplit(url_of(self._folder))
        if url != self._url:
            self._url = url
            self.close()
        return super()._exchanged(body, method)
