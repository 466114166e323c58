"""Stands in for the engine's daemon: writes what it would have written, through the same rules."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from db.connection import database
from db.models import Address, Chain, Payment
from engine import ledger
from engine.clock import rfc3339, utc_now
from engine.coins.eip55 import written
from engine.config import Config
from engine.deposits.request import request_deposit
from engine.lifecycle import Batch
from engine.sender import entries

ADDRESSES = {
    "LTC": "rltc1q{:0>39}",
    "BTC": "bcrt1q{:0>39}",
}
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


class Till:
    """Chains, addresses and moves of a database that a test fills."""

    def __init__(self, config: Config, *, height: int = 1000, addresses: int = 20) -> None:
        self._config = config
        with database.atomic():
            for symbol in dict.fromkeys(each.chain for each in config.currencies.values()):
                self.chain(symbol, height=height)
                self.add_addresses(symbol, addresses)

    def chain(self, symbol: str, *, height: int, state: str = "well", reason: str = "") -> None:
        """The chain at this height, in this state."""
        row = {
            "height": height,
            "hash": f"{height:064x}",
            "node_height": height,
            "state": state,
            "reason": reason,
            "since": rfc3339(utc_now()),
        }
        if Chain.get_or_none(Chain.symbol == symbol) is None:
            Chain.insert(symbol=symbol, tip_time=0, version="", **row).execute()
        else:
            Chain.update(**row).where(Chain.symbol == symbol).execute()

    def add_addresses(self, symbol: str, count: int) -> None:
        """Unused addresses in the pool; they only look like real ones."""
        for _ in range(count):
            Address.insert(
                chain=symbol,
                address=self._address(symbol),
                script=secrets.token_hex(20),
                purpose="deposit",
                created_at=rfc3339(utc_now()),
                created_height=0,
            ).execute()

    def _address(self, symbol: str) -> str:
        if self._config.currencies[symbol].family == "evm":
            return written(f"0x{secrets.token_hex(20)}")
        return ADDRESSES[symbol].format("".join(secrets.choice(_LETTERS) for _ in range(38)))

    def see(self, payment_id: str, units: int, *, height: int | None = None, **more: Any) -> None:
        """A coin of `units` arrives on a requested payment."""
        txid = secrets.token_hex(32)
        payment = self._payment(payment_id)
        now = rfc3339(utc_now())
        Address.update(used_at=now).where(Address.address == payment.address).execute()
        self._move(
            payment_id,
            "see",
            units=units,
            txid=txid,
            idx="vout:1",
            required=3,
            block_height=height,
            block_hash=None if height is None else f"{height:064x}",
            **more,
        )

    def mine(self, payment_id: str, height: int) -> None:
        """The coin gets into a block at `height`."""
        with self._batch() as batch:
            batch.touch(self._payment(payment_id), block_height=height, block_hash=f"{height:064x}")

    def confirm(self, payment_id: str) -> None:
        payment = self._payment(payment_id)
        entry = ledger.shift(
            "confirm",
            payment.currency,
            int(payment.units or 0),
            to=ledger.WALLET_DEPOSITS,
            out_of=ledger.suspense_account(payment.id),
        )
        self._move(payment_id, "confirm", entry=entry)

    def credit(self, payment_id: str) -> None:
        payment = self._payment(payment_id)
        entry = ledger.shift(
            "credit",
            payment.currency,
            int(payment.units or 0),
            to=ledger.suspense_account(payment.id),
            out_of=ledger.client_account(str(payment.client)),
        )
        self._move(payment_id, "credit", entry=entry)

    def move(self, payment_id: str, event: str, **changes: Any) -> None:
        """Any other move, without an entry."""
        self._move(payment_id, event, **changes)

    def deposit(self, payment_id: str, units: int) -> None:
        """The whole way of a deposit."""
        self.see(payment_id, units, height=998)
        self.confirm(payment_id)
        self.credit(payment_id)

    def send(self, payment_id: str, *, height: int | None = None) -> None:
        """A signed withdrawal is out, and in a block at `height`."""
        self._move(payment_id, "send", txid=secrets.token_hex(32), idx="vout:0", sub_state="")
        if height is not None:
            self.mine(payment_id, height)

    def settle(self, payment_id: str) -> None:
        """A withdrawal is deep enough and in the books."""
        self._move(payment_id, "confirm")
        payment = self._payment(payment_id)
        self._move(payment_id, "credit", entry=entries.settled(payment, "credit"))

    def fail(self, payment_id: str, *, kept: int) -> None:
        """A withdrawal ended on chain without paying, and the network burnt `kept` of its fee."""
        payment = self._payment(payment_id)
        total = int(payment.units or 0) + int(payment.fee_units or 0)
        lines = (
            ledger.Line("in_transit", payment.currency, total),
            ledger.Line(ledger.client_account(str(payment.client)), payment.currency, kept - total),
            ledger.Line("fees:service", payment.currency, -kept),
        )
        self._move(payment_id, "fail", entry=ledger.NewEntry("fail", lines))

    def fund(self, units: int, *, client: str = "CR1042", currency: str = "LTC") -> None:
        """The client has this much more, by a deposit."""
        payment, _ = request_deposit(self._config, client=client, currency=currency, now=utc_now())
        self.deposit(payment.id, units)

    def _move(self, payment_id: str, event: str, **changes: Any) -> None:
        with self._batch() as batch:
            batch.move(
                self._payment(payment_id),
                event,
                evidence={"confirmations": 0, "node": "10.0.0.5"},
                **changes,
            )

    def _batch(self, now: datetime | None = None) -> Batch:
        return Batch(self._config, actor="engine", now=now or utc_now())

    @staticmethod
    def _payment(payment_id: str) -> Payment:
        payment: Payment = Payment.get_by_id(payment_id)
        return payment
