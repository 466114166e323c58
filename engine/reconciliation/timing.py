"""What may stand between the node and the wallet accounts for a while: named items, as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from db.attempts import Attempt, AttemptOutput
from db.models import Payment
from engine.moves.cold import told
from engine.reconciliation.lines import BOOKED

NOT_DEEP = "deposits_not_deep"
IMMATURE = "rewards_immature"
DUE = "deposits_due"
OUT_OF_BLOCK = "deposits_out_of_block"
SENDS = "sends_not_settled"
SEND_FEES = "fees_not_settled"
SENDS_OUT = "sends_out_of_block"
SEND_FEES_OUT = "fees_out_of_block"
MOVES = "moves_not_settled"
MOVES_OUT = "moves_out_of_block"
COLD_FEES = "cold_fees_not_booked"
COLD_FEES_OUT = "cold_fees_out_of_block"

WORDS: Mapping[str, str] = MappingProxyType(
    {
        NOT_DEEP: "deposits mined, not yet deep enough",
        IMMATURE: "rewards mined, not yet mature",
        DUE: "deposits deep enough, being booked",
        OUT_OF_BLOCK: "deposits booked, out of their block for now",
        SENDS: "withdrawals mined, not yet settled",
        SEND_FEES: "network fees of those",
        SENDS_OUT: "withdrawals settled, out of their block for now",
        SEND_FEES_OUT: "network fees of those",
        MOVES: "moves of our own coins mined, not yet settled: what did not land",
        MOVES_OUT: "moves of our own coins settled, out of their block for now: what did not land",
        COLD_FEES: "network fees of moves out of the cold wallet, mined, not yet booked",
        COLD_FEES_OUT: "network fees of those booked and out of their block for now",
    }
)


@dataclass(frozen=True, slots=True)
class Timing:
    """One item: what the node shows more (positive) or less than the wallet accounts, in units,
    and how many payments that are."""

    name: str
    units: int
    count: int


def _of_deposit(payment: Payment, height: int) -> tuple[str, int]:
    """The item to which an open deposit belongs, and its sign there."""
    if payment.state in BOOKED:
        return OUT_OF_BLOCK, -1
    if payment.generated:
        return IMMATURE, 1
    deep = height - int(payment.block_height or 0) + 1 >= int(payment.required or 0)
    return (DUE if deep else NOT_DEEP), 1


# How each kind of payment that is on its way stands between the two sides.
RULES: Mapping[str, Callable[[Payment, int], tuple[str, int]]] = MappingProxyType(
    {"deposit": _of_deposit}
)


def on_the_way(chain: str, currency: str) -> list[Payment]:
    """Open payments that the node and the wallet accounts see differently."""
    in_block = (Payment.state == "pending") & ~Payment.block_hash.is_null()
    out_of_it = Payment.state.in_(BOOKED) & Payment.block_hash.is_null()
    return list(
        Payment.select().where(
            (Payment.chain == chain)
            & (Payment.currency == currency)
            & (Payment.final == 0)
            & Payment.kind.in_(sorted(RULES))
            & (in_block | out_of_it)
        )
    )


def sends(chain: str, currency: str) -> tuple[Timing, ...]:
    """Attempts that the node and the wallet accounts see differently: what they pay and cost."""
    mined = (Attempt.state == "mined") & ~Attempt.block_hash.is_null()
    booked = (Attempt.state == "settled") & Attempt.block_hash.is_null()
    ours = (Attempt.chain == chain) & (Attempt.currency == currency) & (Attempt.final == 0)
    ours &= Attempt.nonce.is_null()
    found: list[Timing] = []
    for which, names, sign in (
        (mined, (SENDS, SEND_FEES), -1),
        (booked, (SENDS_OUT, SEND_FEES_OUT), 1),
    ):
        rows = list(Attempt.select(Attempt.id, Attempt.fee_units).where(ours & which))
        paid = _paid([row.id for row in rows])
        fees = sum(int(row.fee_units) for row in rows)
        if rows:
            found.append(Timing(names[0], sign * sum(paid), len(paid)))
            found.append(Timing(names[1], sign * fees, len(rows)))
    return tuple(found)


def _paid(attempts: list[str]) -> list[int]:
    """Units of the outputs that pay somebody else; what goes to the cold wallet stays ours."""
    rows = (
        AttemptOutput.select(AttemptOutput.units)
        .join(Payment, on=(AttemptOutput.payment == Payment.id))
        .where(AttemptOutput.attempt.in_(attempts) & (Payment.kind != "transfer"))
    )
    return [int(row.units) for row in rows]


def cold_moves(chain: str, currency: str) -> tuple[Timing, ...]:
    """Moves out of the cold wallet: coins of ours became others of ours, less the chain's fee. A
    token's is in the chain's coin."""
    if currency != chain:
        return ()
    in_block = (Payment.state == "pending") & ~Payment.block_hash.is_null()
    out_of_it = (Payment.state == "credited") & Payment.block_hash.is_null()
    moves = (Payment.chain == chain) & (Payment.final == 0)
    from_cold = (Payment.kind == "transfer") & (Payment.origin == "cold")
    found = []
    for which, name, sign in ((in_block, COLD_FEES, -1), (out_of_it, COLD_FEES_OUT, 1)):
        rows = list(Payment.select().where(moves & from_cold & which))
        if rows:
            fees = sum(int(told(row)["chain_fee"]) for row in rows)
            found.append(Timing(name, sign * fees, len(rows)))
    return tuple(found)


def items(payments: Iterable[Payment], height: int) -> tuple[Timing, ...]:
    """The items of these payments at a tip of this height, those of nothing left out."""
    units: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    for payment in payments:
        name, sign = RULES[payment.kind](payment, height)
        units[name] += sign * int(payment.units or 0)
        count[name] += 1
    return tuple(Timing(name, units[name], count[name]) for name in WORDS if count[name])
