"""Until it is accepted, nothing goes to a new cold address, and a new key releases nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from db.models import Parked
from engine import installation
from engine.alerts.facts import find
from engine.approvals.acceptance import standing
from engine.approvals.accepting import proposal_for
from engine.approvals.founding import founding_rows
from engine.audit import seals
from engine.audit.keys import load_or_create
from engine.audit.sealed import CHANGED
from engine.history import canonical, row_hash, row_of
from engine.sender.due import NOT_COLD
from tests.engine.approvals.mainland import as_main
from tests.engine.approvals.people import Bench, People
from tests.engine.audit.tampering import tamper
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.moves.houses import OpenMoving, with_cold
from tests.engine.moves.life import MovingHouse, moves
from tests.engine.moves.vaults import Vault, some_address
from tests.nodes.fake import FakeChain


def founded(house: MovingHouse, people: People, *, cold: str = "") -> Bench:
    """The house on a main network whose founding configuration had another cold address."""
    config = people.join(house.config, "ann", "ben", "cleo")
    currency = config.currencies["LTC"]
    assert currency.cold is not None
    before = currency.cold.model_copy(update={"address": cold or "other1before"})
    old = replace(config, currencies={"LTC": replace(currency, cold=before)})
    installation.note_configuration(as_main(old), house.now)
    house.config = as_main(config)
    installation.note_configuration(house.config, house.now)
    house.restart()
    return Bench(house.config, people, guard=house.lease.guard)


def accept_all(bench: Bench, house: MovingHouse) -> None:
    for item in standing(bench.config).waiting:
        told = proposal_for(item)
        given = {"kind": told.kind, "address": told.address}
        given |= {"currency": told.currency} if told.currency else {"account": told.account}
        for name in ("ben", "cleo"):
            assert bench.do("accept", by=name, now=house.now, **given)[0] == "done"


@on_the_fake
def test_nothing_goes_to_a_new_cold_address_until_two_approvers_accepted_it(
    open_moving: OpenMoving, people: People, cold: Vault
) -> None:
    house = with_cold(open_moving, cold, above="4")
    bench = founded(house, people)
    house.fund(10 * COIN)
    house.mine(2)
    assert moves() == []
    assert "waits for two approvers" in Parked.get(Parked.key == "cold.address").reason
    assert "acceptance_waiting" in {fact.kind for fact in find(house.config, house.now)}
    asked = {"currency": "LTC", "units": str(COIN), "account": "wallet:cold"}
    accept_all(bench, house)
    house.mine(3)
    assert [move.units for move in moves()] == [6 * COIN]
    assert moves()[0].state == "credited"
    assert bench.do("move", by="ann", now=house.now, **asked)[0] == "done"


@on_the_fake
def test_a_transfer_under_way_is_not_led_to_an_address_that_nobody_accepted(
    open_moving: OpenMoving, people: People, cold: Vault, fake: FakeChain
) -> None:
    """Whoever writes both cashier.toml and the database."""
    patient: dict[str, Any] = {"batch.every": 86_400}
    house = with_cold(open_moving, cold, **patient)
    house.fund(10 * COIN)
    bench = founded(house, people, cold=cold.address)
    asked = {"currency": "LTC", "units": str(COIN), "account": "wallet:cold"}
    assert bench.do("move", by="ann", now=house.now, **asked)[0] == "done"
    thief = some_address(house.currency)
    fake.ours.add(thief)
    house.config = as_main(house.config, cold=thief)
    tamper(f"UPDATE payment SET address = '{thief}' WHERE kind = 'transfer'")
    house.restart()
    house.step(after=timedelta(days=2))
    (move,) = moves()
    assert (move.state, move.reason) == ("held", NOT_COLD)
    assert fake.sent == []


@on_the_fake
def test_a_founding_record_that_was_rewritten_after_its_seal_stops_all_sending(
    open_moving: OpenMoving, people: People, cold: Vault, fake: FakeChain
) -> None:
    """The thief's key, written into cashier.toml and the first record, with hashes that fit."""
    house = with_cold(open_moving, cold)
    house.fund(10 * COIN)
    key = load_or_create(house.config.audit_key)
    bench = founded(house, people, cold=cold.address)
    assert seals.seal(now=house.now, key=key)
    row = founding_rows(bench.config)[-1]
    public = row_of(row)
    public["evidence"]["staff"].append({**public["evidence"]["staff"][1], "name": "thief"})
    text, forged = canonical(public["evidence"]).decode(), row_hash(public)
    tamper(f"UPDATE history SET evidence = '{text}', hash = '{forged}' WHERE seq = {row.seq}")
    asked = {"currency": "LTC", "units": str(COIN), "account": "wallet:cold"}
    assert bench.do("move", by="ann", now=house.now, **asked)[0] == "done"
    house.step()
    (move,) = moves()
    assert (move.state, move.reason) == ("requested", CHANGED)
    assert fake.sent == []
