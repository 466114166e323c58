"""Senders that are wrong in one thing each: what the other tests watch is enough to catch them.

Each is put into a life that the right sender lives through with every withdrawal paid once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.chain import BlockRef, Fact, Standing
from engine.errors import LeaseLost, NodeDown, NodeError
from engine.lease import ChainLease
from engine.sender import due
from engine.sender.attempts import Stored, payments_of
from engine.sender.by_nonce import sender as sender_module
from engine.sender.by_nonce.bump import Bumping
from engine.sender.by_nonce.following import Following
from engine.sender.by_nonce.looks import Look, send_of
from engine.sender.by_nonce.losing import Takers
from engine.sender.by_nonce.making import Signing
from engine.sender.by_nonce.sender import NonceSender
from engine.sending import Outcome
from tests.engine.families.evm.doctored import refused, with_field
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.behind import CHAIN_TX, RECEIPT, SEND, DoctoredDesk
from tests.engine.sender.by_nonce.truth import Truth
from tests.nodes.anvil import Anvil
from tests.nodes.rpc import RpcError

GWEI = 10**9
LATER = timedelta(minutes=2)  # longer than an offer is given

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


class PowerCut(Exception):
    """Everything ends here."""


@pytest.fixture
def desk(database: str, own_anvil: Anvil, tmp_path: Path) -> Iterator[DoctoredDesk]:
    desk = DoctoredDesk.open(tmp_path, database, own_anvil, finality=8)
    desk.fund_house()
    desk.credit("ann", 8 * ETHER)
    yield desk
    desk.on.chain.close()


# --- lives: each ends with one withdrawal, asked for once ---


def _end_well(desk: DoctoredDesk) -> None:
    desk.changes.clear()
    for _ in range(4):
        desk.node.mine(4)
        desk.settle()
    Truth(desk.node, {}, since=0).assert_holds()


def power_fails_while_it_stores(desk: DoctoredDesk) -> None:
    """And what left until then, if anything did, is mined."""
    desk.withdraw("ann", ETHER)

    def cut(*_: object) -> None:
        raise PowerCut

    desk.sender._store = cut  # type: ignore[method-assign,assignment]  # one object, which ends here
    with pytest.raises(PowerCut):
        desk.step()
    desk.node.mine()
    desk.restart()
    _end_well(desk)


def another_engine_has_taken_over(desk: DoctoredDesk) -> None:
    old = desk.take_over("second engine")
    desk.withdraw("ann", ETHER)
    with contextlib.suppress(LeaseLost):
        desk.make_sender(old).pay(desk.tip(), desk.now)
    assert desk.attempts() == [], "it wrote without its lease"
    _end_well(desk)


def the_pool_forgets_and_remembers(desk: DoctoredDesk) -> None:
    desk.withdraw("ann", ETHER)
    desk.settle()
    raw = desk.node.raw(desk.attempt().txid)
    desk.node.drop(desk.attempt().txid)
    desk.step(after=LATER)
    _announce(desk, raw)
    _end_well(desk)


def the_network_gets_dear(desk: DoctoredDesk) -> None:
    desk.withdraw("ann", ETHER)
    desk.settle()
    raw = desk.node.raw(desk.attempt().txid)
    desk.node.set_next_base_fee(500 * GWEI)
    desk.mine(1)
    desk.step(after=LATER)
    assert len(desk.attempts()) == 2
    desk.node.set_next_base_fee(GWEI)
    _announce(desk, raw)
    _end_well(desk)


def power_fails_before_its_replacement_goes_out(desk: DoctoredDesk) -> None:
    """What it replaces may be mined all the same."""
    desk.withdraw("ann", ETHER)
    desk.settle()
    raw = desk.node.raw(desk.attempt().txid)
    desk.node.set_next_base_fee(500 * GWEI)
    desk.mine(1)

    right = desk.sender._following._send

    def cut(stored: Stored, *rest: Any) -> bool:
        if stored.row.number == 2:
            raise PowerCut
        return right(stored, *rest)

    desk.sender._following._send = cut  # type: ignore[method-assign,assignment]  # one object
    with pytest.raises(PowerCut):
        desk.step(after=LATER)
    assert [row.number for row in desk.attempts()] == [1, 2]
    desk.restart()
    desk.node.set_next_base_fee(GWEI)
    _announce(desk, raw)
    _end_well(desk)


def it_is_taken_and_said_to_be_refused(desk: DoctoredDesk) -> None:
    desk.withdraw("ann", ETHER)
    desk.changes.update({SEND: refused(), CHAIN_TX: _unless_in_a_block})
    desk.step()
    _end_well(desk)


def _unless_in_a_block(row: Any) -> Any:
    """A node that shows no pool."""
    return row if row and row["blockHash"] else None


def the_reply_is_lost(desk: DoctoredDesk) -> None:
    def lost(_: Any) -> Any:
        raise NodeDown("a cut reply")

    desk.withdraw("ann", ETHER)
    desk.changes[SEND] = lost
    with contextlib.suppress(NodeError):
        desk.step()
    _end_well(desk)


def its_receipt_says_for_a_while_that_it_failed(desk: DoctoredDesk) -> None:
    desk.withdraw("ann", ETHER)
    desk.settle()
    desk.changes[RECEIPT] = with_field("status", "0x0")
    desk.node.mine(3)
    desk.settle()
    _end_well(desk)


def _announce(desk: DoctoredDesk, raw: str) -> None:
    """Somebody else had kept these bytes; the pool takes them where it may."""
    with contextlib.suppress(RpcError):
        desk.node.broadcast(raw)


# --- mutants ---

Patch = pytest.MonkeyPatch


def sends_before_it_stores(patch: Patch) -> None:
    right = NonceSender._store_and_send

    def wrong(self: NonceSender, signed: Sequence[Signing], tip: BlockRef, now: datetime) -> int:
        for each in signed:
            self._payer.send(each.signed.raw)
        return right(self, signed, tip, now)

    patch.setattr(NonceSender, "_store_and_send", wrong)


def has_no_fence(patch: Patch) -> None:
    patch.setattr(ChainLease, "guard", lambda _: None)


def takes_a_new_number_to_send_again(patch: Patch) -> None:
    def wrong(
        self: Following, family: Sequence[Stored], outcomes: Mapping[str, Outcome], _now: datetime
    ) -> frozenset[str]:
        newest = family[-1]
        if outcomes[str(newest.row.txid)].fact.standing is Standing.ABSENT:
            number = int(newest.row.nonce or 0) + 1
            offer = self._payer.read(str(newest.row.signed)).offer
            self._payer.send(self._payer.sign(send_of(newest), nonce=number, offer=offer).raw)
        return frozenset()

    patch.setattr(Following, "_send_again", wrong)


def bumps_with_another_number(patch: Patch) -> None:
    right = Bumping._sign

    def wrong(self: Bumping, newest: Stored, payment: Any, offer: Any) -> Signing:
        newest.row.nonce = int(newest.row.nonce or 0) + 1
        return right(self, newest, payment, offer)

    patch.setattr(Bumping, "_sign", wrong)


def reserves_no_number(patch: Patch) -> None:
    patch.setattr(sender_module, "reserve", lambda _made: None)


def gives_back_what_is_refused(patch: Patch) -> None:
    right = Following._send

    def wrong(self: Following, stored: Stored, outcomes: Any, now: datetime) -> bool:
        taken = right(self, stored, outcomes, now)
        if not taken:
            _give_back(self, stored, now)
        return taken

    patch.setattr(Following, "_send", wrong)


def gives_back_after_an_exception(patch: Patch) -> None:
    right = Following._send

    def wrong(self: Following, stored: Stored, outcomes: Any, now: datetime) -> bool:
        try:
            return right(self, stored, outcomes, now)
        except NodeDown:
            _give_back(self, stored, now)
            raise

    patch.setattr(Following, "_send", wrong)


def _give_back(following: Following, stored: Stored, now: datetime) -> None:
    (payment,) = payments_of([stored])[str(stored.row.id)]
    if payment.state == "requested":
        due.refuse(following._batch(now), payment, "it was not sent")


def fails_what_is_not_final(patch: Patch) -> None:
    patch.setattr(Look, "is_final", lambda *_: True)


def takes_what_nobody_knows_for_lost(patch: Patch) -> None:
    right = Takers.of

    def wrong(
        self: Takers, family: Sequence[Stored], outcomes: Mapping[str, Outcome]
    ) -> Fact | None:
        if outcomes[str(family[-1].row.txid)].fact.standing is Standing.ABSENT:
            return Fact("0x" + "ff" * 32, Standing.MINED, BlockRef(0, "0x" + "ff" * 32))
        return right(self, family, outcomes)

    patch.setattr(Takers, "of", wrong)
    patch.setattr(Takers, "payment_by", lambda *_: None)


Life = Callable[[DoctoredDesk], None]
LIVES: tuple[Life, ...] = (
    power_fails_while_it_stores,
    another_engine_has_taken_over,
    the_pool_forgets_and_remembers,
    the_network_gets_dear,
    power_fails_before_its_replacement_goes_out,
    it_is_taken_and_said_to_be_refused,
    the_reply_is_lost,
    its_receipt_says_for_a_while_that_it_failed,
)
MUTANTS: tuple[tuple[Callable[[Patch], None], Life], ...] = (
    (sends_before_it_stores, power_fails_while_it_stores),
    (has_no_fence, another_engine_has_taken_over),
    (takes_a_new_number_to_send_again, the_pool_forgets_and_remembers),
    (takes_what_nobody_knows_for_lost, the_pool_forgets_and_remembers),
    (bumps_with_another_number, the_network_gets_dear),
    (bumps_with_another_number, power_fails_before_its_replacement_goes_out),
    (reserves_no_number, it_is_taken_and_said_to_be_refused),
    (gives_back_what_is_refused, it_is_taken_and_said_to_be_refused),
    (gives_back_after_an_exception, the_reply_is_lost),
    (fails_what_is_not_final, its_receipt_says_for_a_while_that_it_failed),
)


@pytest.mark.parametrize("life", LIVES, ids=lambda each: each.__name__)
def test_the_right_sender_lives_through_it(desk: DoctoredDesk, life: Life) -> None:
    life(desk)


@pytest.mark.parametrize(("mutate", "life"), MUTANTS, ids=lambda each: each.__name__)
def test_a_sender_that_is_wrong_in_one_thing_is_caught(
    desk: DoctoredDesk, mutate: Callable[[Patch], None], life: Life, monkeypatch: Patch
) -> None:
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        life(desk)
