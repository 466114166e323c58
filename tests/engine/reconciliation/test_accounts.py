"""What the tables alone show is shown: debts, empty own funds, coins of nobody."""

from __future__ import annotations

from engine import ledger
from engine.lifecycle import Batch
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.house import post_alone
from tests.engine.reconciliation.against import breaks, reconcile
from tests.engine.reconciliation.test_matching import credited, the_break


@everywhere
def test_a_coin_of_nobody_is_a_break_until_somebody_books_it(house: House) -> None:
    address = house.node.new_addresses(1)[0].address
    house.on.pay(address, COIN)
    house.on.mine(2)
    house.settle()
    assert reconcile(house)[1] == []  # still on its way
    house.on.mine()
    house.settle()
    payment = house.deposit()
    only = the_break(house)
    assert (only.kind, only.subject, only.units) == ("unknown_arrival", payment.id, COIN)
    assert only.cure == f"cashier book {payment.id} --to client:ID|house --as STAFF"
    suspense = f"suspense:{payment.id}"
    assert only.entry == ((suspense, "LTC", COIN), ("house", "LTC", -COIN))
    assert only.evidence["address"] == address
    with Batch(house.config, actor="staff:ann", now=house.now) as batch:
        entry = ledger.shift("release", "LTC", COIN, to=suspense, out_of="house")
        batch.move(payment, "release", evidence={}, entry=entry)
    found, opened = reconcile(house)
    assert (found.residual, opened) == (0, [])


@everywhere
def test_a_client_below_zero_after_a_reversal_is_a_break_with_its_debt(house: House) -> None:
    txid = credited(house, COIN)
    gone = ledger.shift("transfer", "LTC", COIN, to="client:ann", out_of="site")
    post_alone(gone)
    house.on.reorg(3, first=[house.on.double_spend(txid)])
    house.follower.step(house.now)
    only = the_break(house)
    assert (only.kind, only.subject, only.units) == ("negative_balance", "client:ann", -COIN)
    assert only.evidence["owes"] == str(COIN)
    assert only.evidence["blocked"] is True
    assert only.entry == (("loss", "LTC", COIN), ("client:ann", "LTC", -COIN))


@on_the_fake
def test_own_funds_below_zero_are_a_break_however_they_are_spread(house: House) -> None:
    house.step()
    post_alone(ledger.shift("fee", "LTC", 100, to="fees:network", out_of="site"))
    only = the_break(house)
    assert (only.kind, only.units) == ("own_funds_negative", -100)
    post_alone(ledger.shift("fee", "LTC", 99, to="site", out_of="fees:service"))
    assert the_break(house).units == -1
    post_alone(ledger.shift("top up", "LTC", 1, to="site", out_of="house"))
    assert reconcile(house)[1] == []
    assert breaks(house) == []
    assert set(ledger.OWN_FUNDS) > {"house", "fees:network", "fees:service"}
