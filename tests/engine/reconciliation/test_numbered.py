"""Sweeps, top-ups and their rows: what the postings of each must sum to, and what is named when a
row of theirs is not what the chain tx did.
"""

from __future__ import annotations

import pytest

from db.attempts import Outflow
from db.models import Coin, Payment
from engine.folding import fold
from engine.ledger import shift
from engine.lifecycle import Batch
from engine.reconciliation.standing import BreakView
from tests.engine.approvals.people import Bench, People
from tests.engine.reconciliation.test_matching import change
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

ABOVE = {"sweep": {"above": "0.1"}}


def swept(house: SweepingHouse, blocks: int = DEEP) -> Payment:
    """What ann paid in is swept, so many blocks ago."""
    house.fund()
    house.pay_in("ann", ETHER)
    house.mine(DEEP + blocks)
    (sweep,) = house.moves()
    return sweep


def shown(house: SweepingHouse, *, full: bool = True) -> list[BreakView]:
    reason = house.reconciler.run(house.lease, None, now=house.now, listing=True, full=full)
    assert reason == ""
    return house.compare()


def cure(house: SweepingHouse, people: People, broken: BreakView) -> None:
    bench = Bench(people.join(house.config), people, guard=house.lease.guard)
    for by in ("ann", "ben"):
        state, result = bench.do("cure", by=by, now=house.now, payment=broken.id)
        assert state == "done", result
    house.assert_reconciles()


@pytest.mark.parametrize("blocks", [1, DEEP])
def test_a_lost_coin_of_a_sweep_is_no_deposit_and_is_written_again(
    open_sweeping: OpenSweeping, blocks: int
) -> None:
    house = open_sweeping(**ABOVE)
    sweep = swept(house, blocks)
    before = Payment.select().count()
    Coin.delete().where(Coin.payment == sweep.id).execute()
    house.reconciles = False
    house.mine(0)
    house.step()
    assert shown(house) == []
    house.assert_reconciles()
    assert Coin.get(Coin.payment == sweep.id).units == sweep.units
    house.mine()
    assert Payment.select().count() == before


@pytest.mark.parametrize("blocks", [1, DEEP])
def test_an_altered_coin_of_a_sweep_is_mended_by_two(
    open_sweeping: OpenSweeping, people: People, blocks: int
) -> None:
    house = open_sweeping(**ABOVE)
    sweep = swept(house, blocks)
    change("UPDATE coin SET units = ? WHERE payment = ?", str(int(sweep.units or 0) + 9), sweep.id)
    (found,) = shown(house)
    assert (found.kind, found.units) == ("amount_differs", -9)
    assert house.residuals()["ETH"] == (-9 if blocks == 1 else 0)
    cure(house, people, found)
    assert Coin.get(Coin.payment == sweep.id).units == sweep.units


def test_a_sweep_that_a_reorganisation_took_out_is_a_named_item(
    open_sweeping: OpenSweeping, own_anvil: Anvil
) -> None:
    house = open_sweeping(on=own_anvil, **ABOVE)
    sweep = swept(house)
    assert sweep.state == "credited"
    own_anvil.reorg(2)
    house.settle()
    assert house.residuals() == {"ETH": 0}
    (found,) = [each for each in house.sums() if each.currency == "ETH"]
    assert {item.name for item in found.timing} >= {"moves_out_of_block", "fees_out_of_block"}
    house.mine(DEEP + 1)
    assert house.row(sweep).state == "credited"


def test_a_token_that_keeps_a_part_of_a_sweep_loses_it_for_us(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    token = deploy(anvil, "FeeToken")
    house = open_sweeping(tokens={"USDT": token}, for_tokens={"sweep": {"above": "5"}})
    house.fund()
    house.pay_in("ann", 10 * USDT, token)
    house.mine(DEEP)
    (paid,) = house.deposits("ann")
    to, out_of = "suspense:" + paid.id, "client:ann"
    entry = shift("release", "USDT", int(paid.units or 0), to=to, out_of=out_of)
    with Batch(house.config, actor="staff:ann", now=house.now) as batch:
        batch.move(paid, "release", evidence={}, entry=entry)
    house.reconciles = False  # the loss is ours, and the house has nothing of it to bear it
    house.mine(4 * DEEP)
    (sweep,) = house.moves()
    landed = Coin.get(Coin.payment == sweep.id)
    assert landed.units < int(sweep.units or 0)
    lost = int(sweep.units or 0) - landed.units
    assert [each.kind for each in shown(house)] == ["own_funds_negative"]
    assert -house.on_books("loss", "USDT") == lost
    assert set(house.residuals().values()) == {0}


def test_folded_houses_go_on_as_before(open_sweeping: OpenSweeping, anvil: Anvil) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens={"sweep": {"above": "5"}}, **ABOVE)
    house.fund()
    for client in ("ann", "bob"):
        house.pay_in(client, 10 * USDT, token)
        house.pay_in(client, ETHER)
        house.mine(6 * DEEP + 8)
        fold("ETH", house.node.height() - 8, house.lease.guard)
        house.assert_reconciles()
    assert len(house.moves()) >= 4
    assert Outflow.select().where(~Outflow.folded_height.is_null()).count() >= 8
    assert shown(house) == []
    house.withdraw("ann", ETHER // 2)
    house.mine(DEEP + 1)
    house.assert_reconciles()


def shrinking(open_sweeping: OpenSweeping, anvil: Anvil) -> tuple[SweepingHouse, Contract]:
    """A house whose hot wallet has 17 of a token that shrinks when somebody wants."""
    token = deploy(anvil, "RebasingToken")
    house = open_sweeping(tokens={"USDT": token}, for_tokens={"sweep": {"above": "5"}})
    house.fund()
    for client, units in (("ann", 10 * USDT), ("bob", 8 * USDT)):
        house.pay_in(client, units, token)
    house.mine(5 * DEEP)
    house.withdraw("ann", USDT, "USDT")
    house.mine(10)
    assert house.on_books("wallet:hot", "USDT") == 17 * USDT
    return house, token


def shrunk(house: SweepingHouse, token: Contract) -> int:
    """It shrinks; by how many units."""
    house.reconciles = False
    token.send("rebase", 90)
    house.mine()
    lost = 17 * USDT - token.read("balanceOf", house.hot)
    assert lost > 0
    return lost


def test_a_token_that_shrinks_in_the_hot_wallet_is_named(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    house, token = shrinking(open_sweeping, anvil)
    lost = shrunk(house, token)
    (found,) = shown(house)
    assert (found.kind, found.units) == ("missing_on_chain", -lost)
    assert found.evidence["address"] == house.hot
    assert house.residuals() == {"ETH": 0, "USDT": -lost}


def test_what_shrank_of_a_folded_coin_becomes_a_loss(
    open_sweeping: OpenSweeping, anvil: Anvil, people: People
) -> None:
    house, token = shrinking(open_sweeping, anvil)
    fold("ETH", house.node.height(), house.lease.guard)
    assert not Outflow.select().where(Outflow.folded_height.is_null())
    house.assert_reconciles()
    lost = shrunk(house, token)
    (found,) = shown(house)
    assert (found.kind, found.units) == ("amount_differs", -lost)
    assert sorted(found.entry) == [("loss", "USDT", lost), ("wallet:hot", "USDT", -lost)]
    bench = Bench(people.join(house.config), people, guard=house.lease.guard)
    for by in ("ann", "ben"):
        assert bench.do("cure", by=by, now=house.now, payment=found.id)[0] == "done"
    assert [each.kind for each in shown(house)] == ["own_funds_negative"]
    assert set(house.residuals().values()) == {0}
