"""Coins that wait for staff: of a blocked client, of nobody, below the minimum."""

from __future__ import annotations

from db.models import Address, Client, Payment
from tests.engine.deposits.life import COIN, House


def held_coin(house: House, client: str = "CR1", units: int = COIN) -> Payment:
    """A confirmed deposit of a client who was blocked meanwhile."""
    address = house.address(client)
    Client.update(blocked=True).where(Client.id == client).execute()
    return _confirmed(house, address, units)


def nobodys_coin(house: House, units: int = COIN) -> Payment:
    """A confirmed coin on an address that was given to nobody."""
    house.refill()
    row = Address.get(Address.client.is_null() & Address.used_at.is_null())
    return _confirmed(house, row.address, units)


def small_coin(house: House, client: str = "CR1", units: int = 10) -> Payment:
    """A confirmed deposit below the house's minimum."""
    return _confirmed(house, house.address(client), units)


def again(payment: Payment) -> Payment:
    """The payment as it is now."""
    fresh: Payment = Payment.get_by_id(payment.id)
    return fresh


def _confirmed(house: House, address: str, units: int) -> Payment:
    txid = house.on.pay(address, units)
    house.on.mine(3)
    house.settle()
    payment = house.paid(txid)
    assert payment.state == "held"
    return payment
