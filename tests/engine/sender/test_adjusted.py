"""What an adjustment gave a client is paid out when two persons signed it."""

from __future__ import annotations

from db.models import Balance, History
from engine.approvals.funds import adjustments_of
from engine.history import canonical, row_hash, row_of
from engine.sender.proof import UNPROVED_BALANCE
from tests.engine.audit.tampering import drop_guards, sql
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.moves.houses import OpenMoving, OpenOffice, adjustment, funded
from tests.engine.moves.life import moves
from tests.engine.moves.vaults import Vault


@on_the_fake
def test_what_was_given_by_signatures_can_be_paid_out(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold)
    house.client("bob")
    bench = open_office(house)
    for name in ("ann", "ben"):
        given = adjustment("+client:bob|house", 2 * COIN)
        bench.do("adjust", by=name, now=house.now, **given)
    house.withdraw("bob", COIN)
    house.settle()
    house.mine(2)
    assert [row.state for row in moves("withdrawal")] == ["credited"]
    assert house.owed("bob") == COIN


@on_the_fake
def test_what_nobody_signed_is_not_paid_out(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    house = funded(open_moving, cold)
    house.client("bob")
    open_office(house)
    house.forge_adjustment("bob", 2 * COIN)
    house.withdraw("bob", COIN)
    house.settle()
    assert [row.state for row in moves("withdrawal")] == ["held"]


@on_the_fake
def test_a_signed_debit_that_a_row_turned_around_gives_nothing(
    open_moving: OpenMoving, open_office: OpenOffice, cold: Vault
) -> None:
    """The same client and amount, signed by two: but to take it, not to give it."""
    house = funded(open_moving, cold)
    house.on.pay(house.address("bob"), COIN)
    house.mine(2)
    bench = open_office(house)
    for name in ("ann", "ben"):
        taken = adjustment("-client:bob|house", COIN)
        bench.do("adjust", by=name, now=house.now, **taken)
    assert house.owed("bob") == 0
    drop_guards()
    subject = adjustments_of("bob").id
    row = row_of(History.get(History.payment == subject))
    for line in row["evidence"]["entry"]:
        line[2] = str(-int(line[2]))
    row["hash"] = row_hash(row)
    evidence = canonical(row["evidence"]).decode()
    sql(
        "UPDATE history SET evidence = ?, hash = ? WHERE seq = ?", evidence, row["hash"], row["seq"]
    )
    Balance.update(units=-2 * COIN).where(Balance.account == "client:bob").execute()
    house.withdraw("bob", 2 * COIN)
    house.rounds(2)
    assert [(row.state, row.reason) for row in moves("withdrawal")] == [("held", UNPROVED_BALANCE)]
