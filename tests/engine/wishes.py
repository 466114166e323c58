"""Clients who ask for withdrawals as the web process does for them, under a key of their own."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from pathlib import Path

from db.connection import connected, open_database
from engine.clock import utc_now
from engine.config import Config, load_config
from engine.idempotency import Stored, claim, fingerprint
from engine.withdrawals.request import request_withdrawal


@dataclass(frozen=True, slots=True)
class Wish:
    """`amount` is a decimal string; the same `key` is the same wish, however often it is asked."""

    client: str
    address: str
    amount: str
    key: str
    currency: str = "LTC"

    def words(self, config: Config) -> list[str]:
        """What a nursery starts to have it asked by another process."""
        return ["wish", str(config.path), *astuple(self)]


def ask(config: Config, wish: Wish) -> str:
    """Ask once, or be told what became of the first time; the payment's id. Raises StillRunning
    while the first request with this key has no answer."""
    given = {"currency": wish.currency, "address": wish.address, "amount": wish.amount}
    found = claim(
        scope=f"client:{wish.client}", key=wish.key, fingerprint=fingerprint(given), now=utc_now()
    )
    if isinstance(found, Stored):
        return str(json.loads(found.body)["id"])
    view = request_withdrawal(
        config,
        client=wish.client,
        currency=given["currency"],
        address=given["address"],
        amount=given["amount"],
        now=utc_now(),
        idempotency=found,
    )
    return view.id


def main(path: str, *words: str) -> None:
    config = load_config(Path(path), role="web", environ={})
    open_database(config.database)
    with connected():
        ask(config, Wish(*words))
