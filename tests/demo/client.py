"""A client of the demo, over HTTP as the page does it."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.sandbox import TOP
from tests.nodes.ports import PATIENCE_S


def cashier(config: Path, *words: str) -> str:
    """What a command prints."""
    command = [sys.executable, str(TOP / "cashier.py"), *words, "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    return done.stdout


class DemoClient:
    """One client with a session."""

    def __init__(self, config: Path, name: str) -> None:
        launch = urlsplit(
            cashier(config, "handshake", "--client", name, "--action", "both").strip()
        )
        self._page = f"{launch.scheme}://{launch.netloc}"
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), urllib.request.ProxyHandler({})
        )
        token = parse_qs(launch.query)["token"][0]
        self._csrf = str(self._post("/v1/handshake", {"token": token})["csrf"])

    def deposit(self) -> str:
        """The address to pay to."""
        return str(self._post("/v1/deposits", {"currency": "LTC"})["address"])

    def awaits(self, is_so: Callable[[], bool], what: str) -> None:
        """Ask each second, as the page's limit of requests lets a patient client."""
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < until, f"waited for {what} in vain"
            time.sleep(1)

    def available(self) -> str:
        items = self._get("/v1/balances")["items"]
        return str(next(each["available"] for each in items if each["currency"] == "LTC"))

    def withdraw(self, address: str, amount: str) -> str:
        """The payment's id."""
        wish = {"currency": "LTC", "address": address, "amount": amount}
        return str(self._post("/v1/withdrawals", wish)["id"])

    def state(self, payment: str) -> str:
        return str(self._get(f"/v1/payments/{payment}")["state"])

    def _get(self, path: str) -> Any:
        with self._opener.open(f"{self._page}{path}", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def _post(self, path: str, body: dict[str, str]) -> Any:
        headers = {
            "Content-Type": "application/json",
            "Origin": self._page,
            "X-CSRF-Token": getattr(self, "_csrf", ""),
            "Idempotency-Key": secrets.token_hex(8),
        }
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self._page}{path}", data=data, headers=headers)
        with self._opener.open(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)
