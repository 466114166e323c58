"""What may be refunded, to where, and that two persons sign the same."""

from __future__ import annotations

import pytest

from db.models import Client, Payment
from engine.approvals.acts import plan_of
from engine.approvals.plan import Proposal
from engine.errors import ActRefused, WithdrawalRefused
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.moves.houses import OpenMoving, OpenOffice
from tests.engine.moves.life import moves
from tests.engine.moves.refunding import held, open_final
from tests.engine.moves.vaults import FakeVault, Vault
from tests.nodes.harness import Harness


@on_the_fake
def test_only_what_is_final_and_in_suspense_is_refunded(
    open_moving: OpenMoving, open_office: OpenOffice, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.fund()
    bench = open_office(house)
    address = house.address("ann")
    Client.update(blocked=True).where(Client.id == "ann").execute()
    house.on.pay(address, COIN)
    house.mine(2)
    (fresh,) = [row for row in moves("deposit") if row.client == "ann"]
    (top_up,) = [row for row in moves("deposit") if row.client is None]
    for payment, said in ((fresh, "not final yet: 2 of 3"), (top_up, "only a held or refused")):
        with pytest.raises(ActRefused, match=said):
            bench.form("refund", by="ann", now=house.now, payment=payment.id, address=vault.address)


@on_the_fake
@pytest.mark.parametrize("address", [None, "", "nonsense", "hot", "\x1b[2J"])
def test_a_refund_goes_to_an_address_of_somebody_else(
    open_moving: OpenMoving, open_office: OpenOffice, address: str | None
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, _ = held(house), open_office(house)
    to = house.hot if address == "hot" else address
    with pytest.raises(WithdrawalRefused):
        plan_of(house.config, Proposal(act="refund", payment=deposit.id, address=to))


@on_the_fake
def test_two_persons_sign_the_same_address(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, bench = held(house), open_office(house)
    first, second = (FakeVault(on, house.currency).address for _ in range(2))  # type: ignore[arg-type]  # on_the_fake
    results = [
        bench.do("refund", by=name, now=house.now, payment=deposit.id, address=address)[1]
        for name, address in (("ann", first), ("ben", second), ("ann", first))
    ]
    assert [result["done"] for result in results[:2]] == [False, False]
    assert "has signed this already" in results[2]
    assert Payment.get_by_id(deposit.id).state == "held"
