"""A refund is paid because two persons signed it, whatever a row says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.models import Payment
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.moves.houses import OpenMoving, OpenOffice
from tests.engine.moves.life import moves
from tests.engine.moves.refunding import held, known, open_final, sign
from tests.engine.moves.vaults import Vault
from tests.nodes.harness import Harness


@on_the_fake
def test_a_removed_key_voids_a_refund_that_is_not_paid_yet(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, bench = held(house), open_office(house)
    known(on, vault.address)
    sign(bench, house, deposit, vault.address)
    house.config = replace(
        house.config, staff=tuple(row for row in house.config.staff if row.name != "ben")
    )
    house.restart()
    house.mine(3)
    (back,) = moves("withdrawal")
    assert (back.state, "not signed by two persons" in back.reason) == ("held", True)


@on_the_fake
@pytest.mark.parametrize("deleted", [False, True])
def test_a_refund_whose_row_was_hidden_is_not_paid_again(
    open_moving: OpenMoving,
    open_office: OpenOffice,
    on: Harness,
    vault: Vault,
    deleted: bool,
) -> None:
    """The deposit seems to have no withdrawal: the first one's row lost its link, or is gone."""
    house = open_final(open_moving)
    house.fund()
    deposit, bench = held(house), open_office(house)
    known(on, vault.address)
    sign(bench, house, deposit, vault.address)
    house.mine(3)
    (first,) = moves("withdrawal")
    assert first.state == "credited"
    paid = Payment.id == first.id
    (Payment.delete() if deleted else Payment.update(refund_of=None)).where(paid).execute()
    house.rounds(3)
    on.mine()
    house.rounds(1)
    assert on.paid_to(vault.address) == [first.units]
    assert {row.state for row in moves("withdrawal") if row.id != first.id} == {"held"}


@on_the_fake
def test_a_forged_refund_pays_nobody(
    open_moving: OpenMoving, open_office: OpenOffice, on: Harness, vault: Vault
) -> None:
    house = open_final(open_moving)
    house.fund()
    deposit, _ = held(house), open_office(house)
    known(on, vault.address)
    house.forge_refund(deposit, vault.address)
    house.settle()
    (forged,) = moves("withdrawal")
    assert forged.state == "held"
    assert "nothing proves" in forged.reason
