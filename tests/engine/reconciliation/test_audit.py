"""The ledger against itself: what was posted twice, changed or left out is named, and stays named
until it is gone."""

from __future__ import annotations

import pytest

from db.models import Entry
from engine import ledger
from engine.lifecycle import Batch
from engine.reconciliation.audit import PostingAudit
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import breaks, reconcile, reconciler_of
from tests.engine.reconciliation.test_matching import change, credited, the_break


@everywhere
def test_a_second_credit_of_one_coin_is_named_with_the_entry_that_takes_it_back(
    house: House,
) -> None:
    credited(house, COIN)
    payment = house.deposit("ann")
    again = ledger.shift("credit", "LTC", COIN, to="wallet:deposits", out_of="client:ann")
    with Batch(house.config, actor="engine", now=house.now) as batch:
        batch.move(payment, "settle", evidence={}, entry=again)
    only = the_break(house)
    assert (only.kind, only.subject, only.units) == ("duplicate_credit", payment.id, -COIN)
    assert {account: units for account, _, units in only.entry} == {
        "client:ann": COIN,
        "wallet:deposits": -COIN,
    }
    assert only.evidence["posted"]["client:ann"] == str(-2 * COIN)
    assert len(only.evidence["entries"]) == 3


@everywhere
def test_a_second_credit_by_raw_sql_out_of_our_own_funds_is_named_too(house: House) -> None:
    credited(house, COIN)
    payment = house.deposit("ann")
    with Batch(house.config, actor="engine", now=house.now) as batch:
        batch.move(payment, "settle", evidence={})
    number = house.deposit("ann").last_seq
    change("INSERT INTO entry (id, at, event, payment) VALUES (?, '', 'x', ?)", number, payment.id)
    post = "INSERT INTO posting (entry, line, account, currency, units) VALUES (?, ?, ?, 'LTC', ?)"
    change(post, number, 0, "client:ann", str(-COIN))
    change(post, number, 1, "house", str(COIN))
    balance = "INSERT INTO balance (account, currency, units) VALUES ('house', 'LTC', ?)"
    change(balance, str(COIN))
    change("UPDATE balance SET units = ? WHERE account = 'client:ann'", str(-2 * COIN))
    found, opened = reconcile(house)
    assert found.residual == 0
    kinds = {each.kind: each for each in opened}
    assert set(kinds) == {"duplicate_credit", "own_funds_negative"}
    assert kinds["duplicate_credit"].units == -COIN


@everywhere
def test_a_changed_balance_is_named_by_its_account(house: House) -> None:
    credited(house, COIN)
    change("UPDATE balance SET units = ? WHERE account = 'client:ann'", str(-2 * COIN))
    only = the_break(house)
    assert (only.kind, only.subject, only.units) == ("amount_differs", "client:ann", -COIN)
    change("UPDATE balance SET units = ? WHERE account = 'client:ann'", str(-COIN))
    assert reconcile(house)[1] == []
    change("UPDATE balance SET units = '0' WHERE account = 'wallet:deposits'")
    found, opened = reconcile(house)
    assert found.residual == COIN
    assert [each.subject for each in opened] == ["wallet:deposits"]


@on_the_fake
def test_an_entry_that_does_not_sum_to_zero_is_named(house: House) -> None:
    credited(house, COIN)
    number = Entry.select(Entry.id).order_by(Entry.id.desc()).get().id
    post = "INSERT INTO posting (entry, line, account, currency, units) VALUES (?, 7, ?, 'LTC', ?)"
    change(post, number, "house", "5")
    subjects = {each.subject: each.units for each in reconcile(house)[1]}
    assert subjects[f"entry:{number}"] == 5
    assert subjects["house"] == -5


@on_the_fake
def test_a_missing_entry_is_found_by_whoever_looks_later(house: House) -> None:
    """A credited state without its credit: the client's row says more than the ledger."""
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(2)
    house.settle()
    payment = house.deposit("ann")
    with Batch(house.config, actor="engine", now=house.now) as batch:
        batch.move(payment, "confirm", evidence={})
        batch.move(payment, "credit", evidence={})
    found, opened = reconcile(house)
    assert found.residual == COIN
    (only,) = opened
    assert (only.kind, only.subject, only.units) == ("amount_differs", payment.id, COIN)


@on_the_fake
@pytest.mark.parametrize("full", [False, True])
def test_what_one_look_found_the_next_finds_again_until_it_is_gone(
    house: House, full: bool
) -> None:
    credited(house, COIN)
    audit = PostingAudit()
    assert audit.look(full=full) == []
    change("UPDATE balance SET units = ? WHERE account = 'client:ann'", str(-2 * COIN))
    assert len(audit.look(full=True)) == 1
    assert len(audit.look(full=full)) == 1
    change("UPDATE balance SET units = ? WHERE account = 'client:ann'", str(-COIN))
    assert audit.look(full=full) == []


@on_the_fake
def test_a_look_after_the_first_reads_what_is_new(house: House) -> None:
    reconciler = reconciler_of(house)
    for count in range(1, 4):
        credited_again(house)
        reconciler.run(house.lease, None, now=house.now, listing=True)
        assert (house.owed("ann"), breaks(house)) == (count * COIN, [])


def credited_again(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(3)
    house.settle()
