"""What was booked as a loss follows from the chronicle of cures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from db.connection import database
from engine import chronicle
from engine.ledger import Line, NewEntry
from engine.reconciliation.spends import booked_spends, cures_in, name_of
from tests.engine.deposits.life import House
from tests.engine.deposits.worlds import on_the_fake

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LOST = NewEntry("cure", (Line("wallet:hot", "LTC", -7), Line("loss", "LTC", 7)), overdraw=True)


def _write(entry: NewEntry, **about: Any) -> None:
    with database.atomic():
        chronicle.write(
            cures_in("LTC"),
            "cure",
            to="cured",
            actor="staff:ann",
            reason="",
            evidence={"about": about},
            now=NOW,
            entry=entry,
        )


@on_the_fake
def test_a_spend_is_booked_until_it_is_taken_back(house: House) -> None:
    house.step()
    change = [["vout:1", "ours1x", "3"]]
    _write(LOST, txid="aa", spent=["bb:vout:0"], change=change)
    _write(LOST, txid="cc", mend={"units": None})
    (spend,) = booked_spends("LTC").values()
    assert (spend.txid, spend.units, spend.spent) == ("aa", 7, (("bb", "vout:0"),))
    assert spend.coins == {("bb", "vout:0"), ("aa", "vout:1")}
    assert [line.units for line in spend.back.lines] == [7, -7]
    _write(spend.back, txid="aa", spent=["bb:vout:0"], change=change, undone=True)
    assert booked_spends("LTC") == {}
    assert booked_spends("BTC") == {}


def test_a_coin_has_one_name() -> None:
    assert name_of("aa:vout:1") == ("aa", "vout:1")
    assert name_of("aa:balance:0x1@0x2") == ("aa", "balance:0x1@0x2")
