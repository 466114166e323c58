"""The house's own addresses: one hot one, made by the node, and the cold one of cashier.toml.

Neither is ever given to a client. The hot one stays the same for ever, because people keep it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

import peewee
from peewee import SQL

from db.connection import database
from db.models import Address, Payment
from engine import chains
from engine.chain import Chain, NewAddress
from engine.clock import rfc3339
from engine.coins import read_address, read_evm_address
from engine.config import Currency
from engine.errors import NodeRefused
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT

log = logging.getLogger(__name__)

HOT, COLD = "hot", "cold"
WALLETS = {HOT: WALLET_HOT, COLD: WALLET_COLD}
# As the index of these few has it: only a query with these very words takes it.
_OF_THE_HOUSE = Address.purpose.in_((SQL("'hot'"), SQL("'cold'")))


def hot_address(chain: str) -> str | None:
    """Where the house's own coins are sent to; None before the engine's first round."""
    rows = sorted(_of(chain, HOT), key=lambda row: int(row.id))
    return str(rows[0].address) if rows else None


def house_addresses(chain: str) -> dict[str, str]:
    """Every address of the house itself, with its purpose. A cold address that is configured no
    longer stays one of ours."""
    rows = Address.select(Address.address, Address.purpose).where(
        (Address.chain == chain) & _OF_THE_HOUSE
    )
    return {str(row.address): str(row.purpose) for row in rows}


def wallet_of(payment: Payment, house: Mapping[str, str]) -> str:
    """The wallet account on which a deposit's coin stands; `house` as of `house_addresses`."""
    return WALLETS.get(house.get(str(payment.address), ""), WALLET_DEPOSITS)


def canonical(currency: Currency, address: str) -> str:
    """An address of cashier.toml in the one spelling that is compared."""
    if currency.family == "evm":
        return read_evm_address(address) or address
    found = read_address(currency.parameters, address)
    return address if found is None else found.canonical


def cold_address(currency: Currency) -> str | None:
    """The cold address in force, as it is compared; None without cold coins."""
    return None if currency.cold is None else canonical(currency, currency.cold.address)


def ensure_hot(
    chain: str, make: Callable[[], NewAddress], *, guard: Callable[[], None], now: datetime
) -> None:
    """Know the hot address of a chain whose keys are ours. No question when it is there."""
    if hot_address(chain) is None:
        _store(chain, make(), HOT, guard, now)


def ensure_cold(currency: Currency, *, guard: Callable[[], None], now: datetime) -> None:
    """Know the cold address of a currency whose chain tells any address's balance: nothing else
    needs to watch it. No question when it is there."""
    address = cold_address(currency)
    if address is not None and address not in house_addresses(currency.chain):
        _store(currency.chain, NewAddress(address, f"cold:{address}"), COLD, guard, now)


class HouseAddresses:
    """Sees to it that one chain has its addresses. One thread owns an instance; `guard` proves
    inside a database transaction that its engine still follows the chain."""

    def __init__(self, currency: Currency, node: Chain, *, guard: Callable[[], None]) -> None:
        self._currency = currency
        self._node = node
        self._guard = guard
        self._watched = False
        self.cold_fault = ""  # why nothing may go to the cold address, and what to do about it

    def ensure(self, now: datetime) -> None:
        """Make the hot address if there is none, and know the cold one. No call when both are
        there. Raises NodeDown."""
        if hot_address(self._currency.chain) is None:
            self._make_hot(now)
        self._ensure_cold(now)

    def _make_hot(self, now: datetime) -> None:
        """A wallet that makes none now, such as a locked one, is asked again: nothing waits."""
        try:
            made = self._node.new_addresses(1)[0]
        except NodeRefused as error:
            log.debug("%s: no hot address yet: %s", self._currency.chain, error.detail)
            return
        _store(self._currency.chain, made, HOT, self._guard, now)

    def _ensure_cold(self, now: datetime) -> None:
        address = cold_address(self._currency)
        if address is None or self._watched:
            return
        if not self._node.owns(address):
            hint = self._node.watch_hint(address)
            self.cold_fault = f"the node's wallet does not watch the cold address: {hint}"
            return
        if address not in house_addresses(self._currency.chain):
            found = read_address(self._currency.parameters, address)
            script = address if found is None else found.script
            new = NewAddress(address, script)
            _store(self._currency.chain, new, COLD, self._guard, now)
        self.cold_fault, self._watched = "", True


def _store(
    chain: str, new: NewAddress, purpose: str, guard: Callable[[], None], now: datetime
) -> None:
    with database.atomic():
        guard()
        Address.create(
            chain=chain,
            address=new.address,
            script=new.script,
            purpose=purpose,
            created_at=rfc3339(now),
            created_height=chains.followed_height(chain),
        )


def _of(chain: str, purpose: str) -> peewee.ModelSelect[Address]:
    mine = (Address.chain == chain) & _OF_THE_HOUSE & (Address.purpose == purpose)
    return Address.select().where(mine)
