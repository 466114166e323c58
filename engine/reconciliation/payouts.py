"""What the postings of withdrawals and transfers must sum to: by their state, and for the network's
fee by the attempt that was settled. Pure but for reading rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from db.models import Attempt, AttemptInput, AttemptOutput, Payment
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT, client_account
from engine.moves.cold import told
from engine.moves.origins import FROM_COLD
from engine.reconciliation.kinds import Finding
from engine.sender.entries import FEES_NETWORK, FEES_SERVICE, IN_TRANSIT

Accounts = dict[tuple[str, str], int]  # (account, currency) → units

OPEN = ("requested", "held", "pending", "confirmed")
GIVEN_BACK = ("refused", "cancelled")
JUDGED = (*OPEN, *GIVEN_BACK, "credited")


def demanded(payment: Payment) -> Accounts | None:
    """What the postings of a withdrawal or transfer must sum to, the network's fee left out. None
    for a state that this module does not judge."""
    if payment.state not in JUDGED:
        return None
    if payment.kind == "transfer":
        return _of_transfer(payment)
    units, fee = int(payment.units or 0), int(payment.fee_units or 0)
    currency = payment.currency
    sums: dict[str, int] = defaultdict(int)
    if payment.refund_of is None and payment.state not in GIVEN_BACK:
        sums[client_account(str(payment.client))] += units + fee
        sums[IN_TRANSIT] -= units + fee
    if payment.state == "credited":
        sums[IN_TRANSIT] += units + fee
        sums[WALLET_HOT] -= units
        sums[FEES_SERVICE] -= fee
    return without_zeros({(account, currency): each for account, each in sums.items()})


def _of_transfer(payment: Payment) -> Accounts:
    if payment.state != "credited":
        return {}
    currency = payment.currency
    if payment.origin == FROM_COLD:
        facts = told(payment)
        to_hot, fee = int(facts["to_hot"]), int(facts["chain_fee"])
        sums = {WALLET_HOT: to_hot, WALLET_COLD: -to_hot - fee, FEES_NETWORK: fee}
    else:
        units = int(payment.units or 0)
        sums = {WALLET_COLD: units, WALLET_HOT: -units}
    return without_zeros({(account, currency): each for account, each in sums.items()})


@dataclass(frozen=True, slots=True)
class Cost:
    """A mined attempt: what its chain tx took from us in fees (inputs less outputs), and what of
    its inputs stood on wallet:deposits. Units."""

    row: Attempt
    fee: int
    from_deposits: int

    @property
    def posted(self) -> Accounts:
        """Its entry, as it must be once it is settled."""
        currency, moved = self.row.currency, self.from_deposits
        sums = {FEES_NETWORK: self.fee, WALLET_HOT: moved - self.fee, WALLET_DEPOSITS: -moved}
        return without_zeros({(account, currency): each for account, each in sums.items()})


def costs_of(payments: Collection[str]) -> dict[str, Cost]:
    """The settled attempt whose entry each of these payments bears, where there is one: the
    first payment of an attempt bears it."""
    paying = AttemptOutput.select(AttemptOutput.attempt).where(
        AttemptOutput.payment.in_(list(payments))
    )
    found = _costs((Attempt.state == "settled") & Attempt.id.in_(paying))
    first = _first_payments([cost.row.id for cost in found])
    return {first[cost.row.id]: cost for cost in found if first.get(cost.row.id) in payments}


def paid_by(payments: Collection[str]) -> dict[str, int]:
    """Units that settled attempts took out of the hot wallet for each of these payments."""
    rows = (
        AttemptOutput.select(AttemptOutput)
        .join(Attempt, on=(AttemptOutput.attempt == Attempt.id))
        .where(AttemptOutput.payment.in_(list(payments)) & (Attempt.state == "settled"))
    )
    paid: dict[str, int] = defaultdict(int)
    for row in rows:
        paid[str(row.payment)] += int(row.units)
    return paid


def fees_of_mined(chain: str, currency: str) -> Iterator[Finding]:
    """Attempts in a block and not yet settled whose fee is not what their inputs and outputs
    say: it would be booked wrongly."""
    waiting = (Attempt.state == "mined") & ~Attempt.block_hash.is_null() & (Attempt.final == 0)
    for cost in _costs(waiting & (Attempt.chain == chain) & (Attempt.currency == currency)):
        wrong = int(cost.row.fee_units) - cost.fee
        if wrong:
            evidence = {**fee_evidence(cost), "posted": None}
            yield Finding("fee_differs", currency, str(cost.row.txid), wrong, evidence, wrong)


def fee_evidence(cost: Cost) -> dict[str, object]:
    """What is known of an attempt's fee."""
    return {
        "attempt": cost.row.id,
        "txid": cost.row.txid,
        "height": cost.row.block_height,
        "stored": str(cost.row.fee_units),
        "inputs_less_outputs": str(cost.fee),
    }


def without_zeros(sums: Mapping[tuple[str, str], int]) -> Accounts:
    """Only the accounts on which something stands."""
    return {key: units for key, units in sums.items() if units}


def _costs(wanted: object) -> list[Cost]:
    rows = list(Attempt.select().where(wanted))
    ids = [row.id for row in rows]
    fees: dict[str, int] = defaultdict(int)
    moved: dict[str, int] = defaultdict(int)
    for coin in AttemptInput.select().where(AttemptInput.attempt.in_(ids)):
        fees[coin.attempt] += int(coin.units)
        if coin.account == WALLET_DEPOSITS:
            moved[coin.attempt] += int(coin.units)
    for output in AttemptOutput.select().where(AttemptOutput.attempt.in_(ids)):
        fees[output.attempt] -= int(output.units)
    return [Cost(row, fees[row.id], moved[row.id]) for row in rows]


def _first_payments(attempts: Collection[str]) -> dict[str, str]:
    rows = AttemptOutput.select().where(
        AttemptOutput.attempt.in_(list(attempts)) & ~AttemptOutput.payment.is_null()
    )
    first: dict[str, str] = {}
    for row in rows.order_by(AttemptOutput.attempt, AttemptOutput.line):
        first.setdefault(str(row.attempt), str(row.payment))
    return first
