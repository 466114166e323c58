"""The values of sending by nonce."""

from __future__ import annotations

from engine.sending import Offer


def test_an_offer_costs_at_most_its_gas_at_its_cap() -> None:
    assert Offer(gas=21_000, fee_cap=30 * 10**9, tip_cap=10**9).most == 21_000 * 30 * 10**9
