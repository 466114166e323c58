"""The transfers of sweeping as they are opened; the sender proves and pays them."""

from __future__ import annotations

from db.models import Payment
from engine.config import Currency
from engine.lifecycle import Batch
from engine.sending import Offer
from engine.sweeps.under_way import GAS, SWEEP


def open_sweep(
    batch: Batch, currency: Currency, *, source: str, hot: str, units: int, offer: Offer, tip: int
) -> Payment:
    """`units` from a deposit address to the hot one, for a fee within `offer`; opened at a tip of
    height `tip`."""
    return batch.open(
        kind="transfer",
        client=None,
        currency=currency.symbol,
        chain=currency.chain,
        address=hot,
        source=source,
        purpose=SWEEP,
        units=units,
        required=currency.confirmations.required(units),
        asked_by="engine",
        evidence={
            "address": hot,
            "source": source,
            "purpose": SWEEP,
            "fee_units": "0",
            "tip_height": tip,
            "gas": str(offer.gas),
            "most": str(offer.most),
        },
    )


def open_top_up(
    batch: Batch, ground: Currency, token: Currency, *, to: str, units: int, offer: Offer
) -> Payment:
    """`units` of the chain's coin for the fee of sweeping `token` from a deposit address."""
    return batch.open(
        kind="transfer",
        client=None,
        currency=ground.symbol,
        chain=ground.symbol,
        address=to,
        purpose=GAS,
        units=units,
        required=ground.confirmations.required(units),
        asked_by="engine",
        evidence={
            "address": to,
            "purpose": GAS,
            "for": token.symbol,
            "fee_units": "0",
            "gas": str(offer.gas),
            "most": str(offer.most),
        },
    )
