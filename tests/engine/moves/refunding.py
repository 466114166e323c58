"""Deposits that are to be paid back, and the persons who sign that."""

from __future__ import annotations

from typing import Any

from db.models import Client, Payment
from tests.engine.approvals.people import Bench
from tests.engine.deposits.life import COIN
from tests.engine.moves.houses import OpenMoving
from tests.engine.moves.life import MovingHouse, moves
from tests.engine.moves.vaults import FakeVault, Vault
from tests.nodes.harness import FakeHarness, Harness


def open_final(open_moving: OpenMoving, **keys: object) -> MovingHouse:
    """A house in which three blocks make a deposit final."""
    return open_moving(confirmations=2, finality=3, **{"batch.every": 0, **keys})


def held(house: MovingHouse, units: int = 2 * COIN) -> Payment:
    """A final deposit of a blocked client."""
    address = house.address("ann")
    Client.update(blocked=True).where(Client.id == "ann").execute()
    house.on.pay(address, units)
    house.mine(4)
    (deposit,) = [row for row in moves("deposit") if row.client == "ann"]
    assert (deposit.state, deposit.final) == ("held", 1)
    return deposit


def stranger(on: Harness, vault: Vault) -> str:
    """An address that is read as one of the network, of somebody who is not us."""
    return vault.address if isinstance(vault, FakeVault) else on.stranger()


def known(on: Harness, address: str) -> None:
    """The fake node knows addresses by their first letters, and these."""
    if isinstance(on, FakeHarness):
        on.fake.valid.add(address)


def sign(bench: Bench, house: MovingHouse, deposit: Payment, address: str) -> list[Any]:
    """Two persons ask for the refund; what the engine answered to each."""
    return [
        bench.do("refund", by=name, now=house.now, payment=deposit.id, address=address)
        for name in ("ann", "ben")
    ]
