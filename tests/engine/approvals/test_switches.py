"""Brakes, blocks and notes: they hold what comes, lose nothing, and are written down."""

from __future__ import annotations

import pytest

from db.models import Brake, Client, History
from engine import brakes, queries
from engine.approvals.switches import client_subject, currency_subject
from engine.approvals.views import notes_of
from engine.audit.database import verify_database
from engine.chronicle import remarks
from engine.deposits import rules
from tests.engine.approvals.coins import again, held_coin
from tests.engine.approvals.people import Bench
from tests.engine.deposits.life import COIN, House, events_of
from tests.engine.deposits.worlds import everywhere, on_the_fake


def pause(house: House, bench: Bench, act: str = "pause", **more: str) -> tuple[str, object]:
    given = {"reason": "the exchange is down", **more}
    return bench.do(act, by="ann", currency="LTC", now=house.now, **given)


@everywhere
def test_a_paused_currency_shows_deposits_and_credits_none(house: House, bench: Bench) -> None:
    assert pause(house, bench, kind="deposit")[0] == "done"
    house.on.pay(house.address("CR1"), COIN)
    house.on.mine(3)
    house.settle()
    payment = house.deposit("CR1")
    assert (payment.state, payment.sub_state) == ("confirmed", "paused")
    assert payment.reason == "the exchange is down"
    assert house.owed("CR1") == 0
    before = events_of(payment)
    house.on.mine(2)
    house.settle()
    assert events_of(payment) == before
    assert pause(house, bench, "resume", kind="deposit")[0] == "done"
    house.settle()
    assert house.owed("CR1") == COIN
    assert (again(payment).state, again(payment).sub_state, again(payment).reason) == (
        *("credited", "", ""),
    )


@on_the_fake
def test_a_waiting_deposit_that_leaves_its_block_goes_back(house: House, bench: Bench) -> None:
    pause(house, bench)
    house.on.pay(house.address("CR1"), COIN)
    house.on.mine(3)
    house.settle()
    house.on.reorg(3)
    house.settle()
    assert events_of(house.deposit("CR1"))[-2:] == ["confirm", "unconfirm"]
    assert house.deposit("CR1").sub_state == ""
    house.on.mine(3)
    house.settle()
    assert (house.states("CR1"), house.owed("CR1")) == (["confirmed"], 0)
    pause(house, bench, "resume")
    house.settle()
    assert house.owed("CR1") == COIN


@on_the_fake
def test_a_paused_currency_says_so_without_a_name(house: House, bench: Bench) -> None:
    pause(house, bench, kind="deposit")
    (view,) = queries.currencies(house.config)
    shown = view.as_json()["deposits"]
    assert (shown["state"], shown["reason"]) == ("paused", "the exchange is down")
    assert "ann" not in str(shown)
    assert brakes.braked("withdrawal") == {}


@on_the_fake
def test_nothing_is_released_while_deposits_are_paused(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    form = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    pause(house, bench)
    assert bench.submit(form, now=house.now) == (
        "refused",
        "deposits of LTC are paused: the exchange is down",
    )
    pause(house, bench, "resume")
    assert bench.submit(form, now=house.now)[0] == "done"


@on_the_fake
def test_directions_are_paused_and_resumed_each_for_itself(house: House, bench: Bench) -> None:
    pause(house, bench, kind="withdrawal")
    pause(house, bench)
    assert set(brakes.of_currency("LTC")) == {"deposit", "withdrawal"}
    with pytest.raises(Exception, match="LTC is paused already"):
        pause(house, bench, kind="deposit")
    pause(house, bench, "resume", kind="withdrawal")
    assert set(brakes.of_currency("LTC")) == {"deposit"}
    with pytest.raises(Exception, match="nobody paused withdrawals of LTC"):
        pause(house, bench, "resume", kind="withdrawal")
    pause(house, bench, "resume")
    assert Brake.select().count() == 0
    told = [(each.event, each.actor) for each in remarks(currency_subject("LTC"))]
    assert told == [(act, "staff:ann") for act in ("pause", "pause", "resume", "resume")]
    ends = [row.to_state for row in History.select().where(History.kind == "currency")]
    assert ends == [
        "withdrawals paused",
        "deposits and withdrawals paused",
        "deposits paused",
        "open",
    ]
    assert verify_database().ok


@on_the_fake
def test_what_pauses_nothing_is_refused(house: House, bench: Bench) -> None:
    for more, words in (
        ({"kind": "transfer"}, "only deposits, withdrawals and sweeps"),
        ({"reason": ""}, "needs a reason"),
    ):
        with pytest.raises(Exception, match=words):
            pause(house, bench, **more)
    with pytest.raises(Exception, match="no currency XYZ"):
        bench.do("pause", by="ann", currency="XYZ", reason="x", now=house.now)


@everywhere
def test_a_blocked_clients_deposits_are_held_until_unblocked(house: House, bench: Bench) -> None:
    first, second = house.address("CR1"), house.client("CR2")
    bench.do("block", by="ann", client="CR1", reason="asked by the police", now=house.now)
    house.on.pay(first, COIN)
    house.on.mine(3)
    house.settle()
    held = house.deposit("CR1")
    assert (held.state, held.reason) == ("held", rules.HELD_BLOCKED)
    with pytest.raises(Exception, match="blocked already: asked by the police"):
        bench.form("block", by="ann", client="CR1", reason="x", now=house.now)
    with pytest.raises(Exception, match="CR2 is not blocked"):
        bench.form("unblock", by="ann", client=second, reason="x", now=house.now)
    with pytest.raises(Exception, match="there is no client CR3"):
        bench.form("block", by="ann", client="CR3", reason="x", now=house.now)
    bench.do("unblock", by="ben", client="CR1", reason="cleared", now=house.now)
    assert not Client.get_by_id("CR1").blocked
    assert [each.reason for each in remarks(client_subject("CR1"))] == [
        *("asked by the police", "cleared"),
    ]
    house.on.pay(house.address("CR1"), COIN)
    house.on.mine(3)
    house.settle()
    assert house.states("CR1") == ["held", "credited"]


@on_the_fake
def test_a_note_stands_beside_the_payment_and_moves_nothing(house: House, bench: Bench) -> None:
    payment = held_coin(house)
    approve = bench.form("approve", by="ben", payment=payment.id, now=house.now)
    for text in ("called the client", "waits for <b>papers</b>"):
        bench.do("note", by="ann", payment=payment.id, reason=text, now=house.now)
    assert [note.text for note in notes_of(payment.id)] == [
        *("called the client", "waits for <b>papers</b>"),
    ]
    assert [note.staff for note in notes_of(payment.id)] == ["ann", "ann"]
    assert again(payment).last_hash == payment.last_hash
    public = queries.history(house.config, payment.id)
    assert not [move for move in public if move.event == "note"]
    assert bench.submit(approve, now=house.now)[0] == "done"
    house.step()


@on_the_fake
def test_sweeps_are_paused_and_resumed_only_by_name(house: House, bench: Bench) -> None:
    pause(house, bench)
    assert "sweep" not in brakes.of_currency("LTC")
    pause(house, bench, kind="sweep")
    pause(house, bench, "resume")
    assert set(brakes.of_currency("LTC")) == {"sweep"}
    pause(house, bench, "resume", kind="sweep")
    assert brakes.of_currency("LTC") == {}
