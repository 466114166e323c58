"""Coins that were sent to our own addresses arrived as far as they stayed there."""

from __future__ import annotations

import pytest

from engine.sending import Outcome, Send
from tests.engine.families.evm.conftest import OpenHands
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import runtime
from tests.nodes.payer_hands import EvmPayerHands, outcome_of, signed

pytestmark = pytest.mark.node
UNITS = 1_000_000


def _became(on: EvmPayerHands, send: Send) -> Outcome:
    made = signed(on, send)
    on.payer.send(made.raw)
    on.mine()
    return outcome_of(on, made, send)


def test_coins_that_code_at_our_address_swallows_did_not_arrive(
    hands: OpenHands, anvil: Anvil
) -> None:
    on = hands()
    whole = Send(on.deposit, "ETH", on.hot, UNITS)
    assert _became(on, whole).arrived == UNITS
    anvil.set_code(on.hot, runtime("Forwarder"))
    became = _became(on, whole)
    assert (became.succeeded, became.left, became.arrived) == (True, UNITS, 0)
    anvil.set_code(on.hot, runtime("Hungry"))
    assert _became(on, whole).arrived == UNITS
    anvil.set_code(on.hot, "0x")


def test_code_at_our_address_takes_nothing_from_what_it_sends_in_the_same_block(
    hands: OpenHands, anvil: Anvil
) -> None:
    on = hands()
    anvil.set_code(on.hot, runtime("Hungry"))
    sends = [Send(on.deposit, "ETH", on.hot, 3 * UNITS), Send(on.hot, "ETH", on.stranger(), UNITS)]
    made = {signed(on, each).txid: each for each in sends}
    for each in sends:
        on.payer.send(signed(on, each).raw)
    on.mine()
    outcomes = on.payer.outcomes(made, tip=on.tip())
    assert [outcomes[txid].arrived for txid in made] == [3 * UNITS, UNITS]
    anvil.set_code(on.hot, "0x")
