"""What the postings of withdrawals and transfers must sum to: by their state, and for the network's
fee by the chain tx that was settled. Pure but for reading rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.models import Payment
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT, client_account
from engine.moves.cold import told
from engine.moves.origins import FROM_COLD
from engine.reconciliation import numbered
from engine.reconciliation.kinds import Finding
from engine.reconciliation.numbered import Sent
from engine.reconciliation.outlays import NOTHING_TOLD, Outlay, Told
from engine.sender.entries import FEES_NETWORK, FEES_SERVICE, IN_TRANSIT

Accounts = dict[tuple[str, str], int]  # (account, currency) → units

OPEN = ("requested", "held", "pending", "confirmed")
GIVEN_BACK = ("refused", "cancelled")
ENDED = ("credited", "failed")
JUDGED = (*OPEN, *GIVEN_BACK, *ENDED)


def demanded(payment: Payment, sent: Sent | None = None) -> Accounts | None:
    """What the postings of a withdrawal or transfer must sum to, the network's fee left out; `sent`
    is what settled it where addresses count their sends. None for a state that this module does
    not judge."""
    if payment.state not in JUDGED:
        return None
    if sent is not None and payment.state in ENDED:
        by_account = numbered.demanded(payment, sent).items()
        return without_zeros({(name, payment.currency): each for name, each in by_account})
    if payment.kind == "transfer":
        return _of_transfer(payment)
    units, fee = int(payment.units or 0), int(payment.fee_units or 0)
    currency = payment.currency
    sums: dict[str, int] = defaultdict(int)
    if payment.refund_of is None and payment.state not in (*GIVEN_BACK, "failed"):
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
        found: dict[tuple[str, str], int] = defaultdict(int)
        found[WALLET_HOT, currency] += to_hot
        found[WALLET_COLD, currency] -= to_hot
        found[WALLET_COLD, payment.chain] -= fee
        found[FEES_NETWORK, payment.chain] += fee
        return without_zeros(found)
    units = int(payment.units or 0)
    sums = {WALLET_COLD: units, WALLET_HOT: -units}
    return without_zeros({(account, currency): each for account, each in sums.items()})


@dataclass(frozen=True, slots=True)
class Cost:
    """A mined attempt: what its chain tx took from us in fees (inputs less outputs), and what of
    its inputs stood on wallet:deposits. `paid` is what it paid to others, `stored` what our own
    rows say of that. By the node's word where it was heard (`told`). Units. Where addresses count
    their sends, `account` is what the fee left, in the chain's coin; what was paid is no part of
    it."""

    row: Attempt
    fee: int
    from_deposits: int
    paid: int
    stored: int
    told: Outlay | None = None
    account: str = ""

    @property
    def said(self) -> int:
        """The fee as the attempt's own row has it."""
        return int((self.row.paid_units or 0) if self.account else self.row.fee_units)

    @property
    def wrong(self) -> int:
        """What our rows say too much of all that left us."""
        if self.account:
            return 0  # rows of what left are compared with the chain one by one
        return int(self.row.fee_units) + self.stored - self.fee - self.paid

    @property
    def posted(self) -> Accounts:
        """Its entry, as it must be once it is settled."""
        if self.account:
            coin = self.row.chain
            return {(FEES_NETWORK, coin): self.fee, (self.account, coin): -self.fee}
        currency, moved = self.row.currency, self.from_deposits
        sums = {FEES_NETWORK: self.fee, WALLET_HOT: moved - self.fee, WALLET_DEPOSITS: -moved}
        return without_zeros({(account, currency): each for account, each in sums.items()})


def costs_of(payments: Collection[str], told: Told = NOTHING_TOLD) -> dict[str, Cost]:
    """The settled attempt whose entry each of these payments bears, where there is one: the
    first payment of an attempt bears it."""
    paying = AttemptOutput.select(AttemptOutput.attempt).where(
        AttemptOutput.payment.in_(list(payments))
    )
    found = _costs((Attempt.state == "settled") & Attempt.id.in_(paying), told)
    first = _first_payments([cost.row.id for cost in found])
    return {first[cost.row.id]: cost for cost in found if first.get(cost.row.id) in payments}


def paid_by(payments: Collection[str], told: Told = NOTHING_TOLD) -> dict[str, int]:
    """Units that settled attempts took out of the hot wallet for each of these payments."""
    return _paid_by_coins(payments, told) | {
        payment: sent.left for payment, sent in numbered.settled_for(payments, told).items()
    }


def _paid_by_coins(payments: Collection[str], told: Told) -> dict[str, int]:
    rows = (
        AttemptOutput.select(AttemptOutput)
        .join(Attempt, on=(AttemptOutput.attempt == Attempt.id))
        .where(AttemptOutput.payment.in_(list(payments)) & (Attempt.state == "settled"))
    )
    outputs = list(rows)
    paying = Attempt.select(Attempt.id, Attempt.txid).where(
        Attempt.id.in_(sorted({row.attempt for row in outputs}))
    )
    outlays = {row.id: told.get(str(row.txid)) for row in paying}
    paid: dict[str, int] = defaultdict(int)
    for row in outputs:
        paid[str(row.payment)] += _output(row, outlays.get(row.attempt))
    return paid


def fees_of_mined(chain: str, currency: str, told: Told = NOTHING_TOLD) -> Iterator[Finding]:
    """Attempts in a block and not yet settled of which our rows say something else than the chain
    tx: it would be booked wrongly."""
    waiting = (Attempt.state == "mined") & ~Attempt.block_hash.is_null() & (Attempt.final == 0)
    of_coins = Attempt.nonce.is_null() & (Attempt.currency == currency)
    if currency == chain:  # which pays for its tokens' chain txs, too
        of_coins |= ~Attempt.nonce.is_null()
    for cost in _costs(waiting & (Attempt.chain == chain) & of_coins, told):
        if cost.wrong or cost.said != cost.fee:
            wrong = cost.wrong or cost.said - cost.fee
            evidence = {**fee_evidence(cost), "posted": None}
            yield Finding("fee_differs", currency, str(cost.row.txid), wrong, evidence, cost.wrong)


def fee_evidence(cost: Cost) -> dict[str, object]:
    """What is known of an attempt's fee; `node` is the chain tx as the node has it, if it was
    heard."""
    return {
        "attempt": cost.row.id,
        "txid": cost.row.txid,
        "height": cost.row.block_height,
        "stored": str(cost.said),
        ("receipt" if cost.account else "inputs_less_outputs"): str(cost.fee),
        **({} if cost.told is None else {"node": cost.told.as_json()}),
    }


def without_zeros(sums: Mapping[tuple[str, str], int]) -> Accounts:
    """Only the accounts on which something stands."""
    return {key: units for key, units in sums.items() if units}


def _costs(wanted: object, told: Told) -> list[Cost]:
    rows = list(Attempt.select().where(wanted))
    ids = [row.id for row in rows]
    inputs: dict[str, list[AttemptInput]] = defaultdict(list)
    outputs: dict[str, list[AttemptOutput]] = defaultdict(list)
    for coin in AttemptInput.select().where(AttemptInput.attempt.in_(ids)):
        inputs[coin.attempt].append(coin)
    for output in AttemptOutput.select().where(AttemptOutput.attempt.in_(ids)):
        outputs[output.attempt].append(output)
    moves, sent = _moves(outputs), numbered.sent_by(rows, told)
    return [
        _numbered(sent[row.id], told.get(str(row.txid)))
        if row.id in sent
        else _cost(row, inputs[row.id], outputs[row.id], moves, told.get(str(row.txid)))
        for row in rows
    ]


def _numbered(sent: Sent, told: Outlay | None) -> Cost:
    return Cost(sent.row, sent.fee, 0, sent.left, sent.left, told, sent.account)


def _cost(
    row: Attempt,
    inputs: Sequence[AttemptInput],
    outputs: Sequence[AttemptOutput],
    moves: Collection[str],
    told: Outlay | None,
) -> Cost:
    ours = {each.line for each in outputs if each.payment is None or each.payment in moves}
    stored = sum(int(each.units) for each in outputs if each.line not in ours)
    on_deposits = {(c.txid, c.idx) for c in inputs if c.account == WALLET_DEPOSITS}
    outlay = told or Outlay(
        {(str(c.txid), str(c.idx)): int(c.units) for c in inputs},
        tuple(int(each.units) for each in outputs),
    )
    from_deposits = sum(units for coin, units in outlay.inputs.items() if coin in on_deposits)
    paid = stored
    if told is not None:
        paid = sum(units for line, units in enumerate(told.outputs) if line not in ours)
    return Cost(row, outlay.fee, from_deposits, paid, stored, told)


def _output(row: AttemptOutput, told: Outlay | None) -> int:
    """Units of an output: as the chain tx has it, if the node told."""
    if told is None or row.line >= len(told.outputs):
        return int(row.units)
    return told.outputs[row.line]


def _moves(outputs: Mapping[str, Sequence[AttemptOutput]]) -> frozenset[str]:
    """Those of the payments that are moves of our own: what they are paid stays ours."""
    paid = sorted({str(o.payment) for each in outputs.values() for o in each if o.payment})
    rows = Payment.select(Payment.id).where(Payment.id.in_(paid) & (Payment.kind == "transfer"))
    return frozenset(str(row.id) for row in rows)


def _first_payments(attempts: Collection[str]) -> dict[str, str]:
    rows = AttemptOutput.select().where(
        AttemptOutput.attempt.in_(list(attempts)) & ~AttemptOutput.payment.is_null()
    )
    first: dict[str, str] = {}
    for row in rows.order_by(AttemptOutput.attempt, AttemptOutput.line):
        first.setdefault(str(row.attempt), str(row.payment))
    return first
