"""Whether a family of attempts is what was signed: its payments' own histories tell, its rows alone
are not believed where they would lead to another signature.

Two things sign for a payment that was signed for before: a replacement with a higher fee, and a
second chain tx once the first is proved dead. A forged row must bring about neither.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from db.models import History, Payment
from engine.audit.sealed import SealedHistory
from engine.sender.attempts import Stored
from engine.sender.proof import verified_rows

log = logging.getLogger(__name__)

_Told = tuple[str, str, str]  # attempt, txid, the chain's fee


class AsSigned:
    """Whether families of one chain are as signed, for whoever would sign in their place."""

    def __init__(self, symbol: str, sealed: SealedHistory) -> None:
        self._symbol = symbol
        self._sealed = sealed

    def __call__(self, family: Sequence[Stored], payments: Sequence[Payment]) -> bool:
        """Said and logged: a row that was forged signs nothing, and a person must look."""
        if is_as_signed(family, payments, self._sealed):
            return True
        log.error(
            "%s: attempt %s is not what was signed: nothing is signed in its place",
            self._symbol,
            family[-1].row.id,
        )
        return False


def is_as_signed(
    family: Sequence[Stored], payments: Sequence[Payment], sealed: SealedHistory
) -> bool:
    """Whether the histories of all that the family pays say that just these attempts were signed,
    from these coins, with these outputs. `payments` are those of its newest attempt."""
    if not payments or len(payments) != len(family[-1].payments):
        return False
    return all(_is_told(family, payment, sealed) for payment in payments)


def _is_told(family: Sequence[Stored], payment: Payment, sealed: SealedHistory) -> bool:
    rows = verified_rows(payment.id)
    if rows is None or rows[-1].hash != payment.last_hash or not sealed.hold(rows):
        return False
    return _pay_what_was_asked(family, rows) and _are_those_signed(family, rows)


def _pay_what_was_asked(family: Sequence[Stored], rows: Sequence[History]) -> bool:
    asked = (_spelled(json.loads(rows[0].evidence).get("address")), rows[0].units)
    paid = [
        (_spelled(output.address), output.units)
        for stored in family
        for output in stored.outputs
        if output.payment == rows[0].payment
    ]
    return paid == [asked] * len(family)


def _spelled(address: object) -> str:
    """An address as it is compared: the capitals of an EVM one are a checksum only."""
    text = str(address)
    return text.lower() if text.startswith("0x") else text


def _are_those_signed(family: Sequence[Stored], rows: Sequence[History]) -> bool:
    signed = [at for at, row in enumerate(rows) if row.event == "sign"]
    if not signed:
        return False
    told = [json.loads(row.evidence) for row in rows[signed[-1] :] if row.event in {"sign", "bump"}]
    coins = sorted(told[0].get("inputs", ()))
    attempts: list[_Told] = [(each["attempt"], each["txid"], each["chain_fee"]) for each in told]
    return attempts == [_of(stored) for stored in family] and all(
        sorted(f"{each.txid}:{each.idx}" for each in stored.inputs) == coins for stored in family
    )


def _of(stored: Stored) -> _Told:
    return str(stored.row.id), str(stored.row.txid), str(stored.row.fee_units)
