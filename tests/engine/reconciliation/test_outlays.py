"""What chain txs truly took: asked once for each, and only believed when it is told whole."""

from __future__ import annotations

import pytest

from engine.chain import Sender, Senders
from engine.reconciliation.outlays import Outlay, Outlays, unheard
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.fake import FakeChain

WHOLE = Senders((Sender("aa", "vout:1", "x", 10),), 9, (4, 5))


def test_what_is_told_whole_is_inputs_outputs_and_the_fee_between_them() -> None:
    outlay = Outlay.of(WHOLE)
    assert outlay is not None
    assert (outlay.fee, outlay.outputs) == (1, (4, 5))
    assert Outlay.from_json(outlay.as_json()) == outlay


@pytest.mark.parametrize(
    "told",
    [
        None,
        Senders((), 9, (4, 5)),
        Senders((Sender("aa", "vout:1", None, None),), 9, (4, 5)),
        Senders((Sender("aa", "vout:1", "x", None),), 9, (4, 5)),
        Senders((Sender("aa", "vout:1", "x", 10),), 9),
    ],
)
def test_what_is_not_told_whole_is_not_believed(told: Senders | None) -> None:
    assert Outlay.of(told) is None


def test_only_differences_that_no_node_was_asked_about_are_unheard() -> None:
    evidence: list[dict[str, object]] = [
        {"txid": "aa"},
        {"txid": "bb", "node": {}},
        {"payment": "x"},
        {"txid": None},
    ]
    assert unheard(evidence) == {"aa"}


@on_the_fake
def test_the_node_is_asked_once_for_each_chain_tx(desk: Desk, fake: FakeChain) -> None:
    desk.fund("ann", 5 * COIN)
    desk.withdraw("ann", COIN)
    desk.step()
    outlays = Outlays()
    before = fake.calls()
    outlays.follow(fake, "LTC")
    assert (outlays.told, fake.calls()) == ({}, before)  # in no block yet
    desk.on.mine()
    desk.step()
    outlays.follow(fake, "LTC")
    attempt = desk.attempt()
    assert outlays.told[attempt.txid].fee == attempt.fee_units
    before = fake.calls()
    outlays.follow(fake, "LTC")
    assert not outlays.ask(fake, [attempt.txid])
    assert fake.calls() == before
