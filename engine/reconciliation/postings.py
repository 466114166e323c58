"""Payments against their postings: what each must have been posted, by its state, is there once and
nothing else. What a signed cure posted for a payment counts as its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from db.connection import database
from db.exact import sum_sql
from db.models import Entry, Payment
from engine import ledger
from engine.chronicle import Subject
from engine.ledger import Line, NewEntry
from engine.moves.addresses import house_addresses, wallet_of
from engine.reconciliation import payouts
from engine.reconciliation.kinds import Finding
from engine.reconciliation.lines import BOOKED
from engine.reconciliation.numbered import Sent, settled_for
from engine.reconciliation.outlays import NOTHING_TOLD, Told
from engine.reconciliation.payouts import Accounts, Cost
from engine.sender.entries import FEES_NETWORK

BATCH = 500
UNBOOKED = ("requested", "pending", "expired", "vanished", "reversed")
_FEE_EVENTS = "('chain_fee', 'chain_fee_undone')"


def cures_of(payment: str) -> Subject:
    """The chronicle of what staff posted to put right the fee of the attempt that a payment bears;
    what they put right for the payment itself is in its own history."""
    return Subject("staff", f"{payment}/fee-cures")


def other_postings(since: int, told: Told = NOTHING_TOLD) -> Iterator[Finding]:
    """Every payment with entries after `since` (from the beginning: all) that is not posted as
    its state demands. Inside the caller's snapshot."""
    for payments in _touched(since):
        yield from differing(payments, told)


def differing(payments: Sequence[Payment], told: Told = NOTHING_TOLD) -> Iterator[Finding]:
    """Those of `payments` that are not posted as their states demand, and their chain txs as far
    as the node has `told`."""
    posted = _postings_of([payment.id for payment in payments])
    paying = [payment.id for payment in payments if payment.kind != "deposit"]
    costs, paid = payouts.costs_of(paying, told), payouts.paid_by(paying, told)
    sent = settled_for(paying, told)
    houses: dict[str, dict[str, str]] = {}
    for payment in payments:
        found = posted.get(payment.id, _Posted())
        if payment.kind != "deposit":
            settled = sent.get(payment.id)
            wanted = payouts.demanded(payment, settled)
            more = _to_be_asked(settled, told)
            yield from _check_payout(payment, found.own, wanted, paid.get(payment.id, 0), more)
            yield from _check_fee(payment, found.fee, costs.get(payment.id))
            continue
        if payment.chain not in houses:
            houses[payment.chain] = house_addresses(payment.chain)
        if payment.state in (*BOOKED, *UNBOOKED):  # another part's states check themselves
            wanted = demanded(payment, wallet_of(payment, houses[payment.chain]))
            yield from _check(payment, found.own, wanted)


@dataclass(slots=True)
class _Posted:
    """What was posted for a payment; `fee` apart, for the attempt that it bears."""

    own: Accounts = field(default_factory=dict)
    fee: Accounts = field(default_factory=dict)


def posted_for(payment: str) -> Accounts:
    """What stands on each account for a payment, with its signed cures, without its chain fee."""
    return payouts.without_zeros(_postings_of([payment]).get(payment, _Posted()).own)


def _touched(since: int) -> Iterator[list[Payment]]:
    after = 0
    while True:
        rows = Payment.select().where(Payment.first_seq > after)
        if since:
            entries = Entry.select(Entry.payment).where(Entry.id > since)
            rows = rows.where(Payment.id.in_(entries))
        batch = list(rows.order_by(Payment.first_seq).limit(BATCH))
        if not batch:
            return
        yield batch
        after = batch[-1].first_seq


def _postings_of(payments: Sequence[str]) -> dict[str, _Posted]:
    """Sums by payment, those of its cures with them."""
    if not payments:
        return {}
    owners = {each: (each, False) for each in payments}
    owners |= {cures_of(each).id: (each, True) for each in payments}
    found: dict[str, _Posted] = defaultdict(_Posted)
    names = list(owners)
    for start in range(0, len(names), BATCH):
        for name, event_fee, account, currency, units in _sums(names[start : start + BATCH]):
            payment, fee = owners[name]
            sums = found[payment].fee if fee or event_fee else found[payment].own
            sums[account, currency] = sums.get((account, currency), 0) + int(units)
    return found


def _sums(names: list[str]) -> Iterator[tuple[str, int, str, str, int]]:
    total = sum_sql(database.obj, "posting.units")
    places = ", ".join([database.param] * len(names))
    is_fee = f"CASE WHEN entry.event IN {_FEE_EVENTS} THEN 1 ELSE 0 END"
    cursor = database.execute_sql(
        f"SELECT entry.payment, {is_fee}, posting.account, posting.currency,"  # noqa: S608 - placeholders
        f" {total} FROM entry JOIN posting ON posting.entry = entry.id"
        f" WHERE entry.payment IN ({places}) GROUP BY 1, 2, 3, 4",
        names,
    )
    yield from cursor.fetchall()


def demanded(payment: Payment, wallet: str = ledger.WALLET_DEPOSITS) -> Accounts:
    """What the postings of a deposit must sum to, account by account, by its state and address."""
    if payment.state not in BOOKED:
        return {}
    units, currency = int(payment.units or 0), payment.currency
    owner = ledger.suspense_account(payment.id)
    if payment.state == "credited":
        owner = ledger.owner_account(payment.client)
    elif payment.state == "refunded":
        owner = "in_transit"
    return {(wallet, currency): units, (owner, currency): -units}


def _to_be_asked(sent: Sent | None, told: Told) -> dict[str, object]:
    """What evidence names of the chain tx by which a payment was judged."""
    if sent is None:
        return {}
    txid = str(sent.row.txid)
    return {"txid": txid, **({"node": told[txid].as_json()} if txid in told else {})}


def _check_payout(
    payment: Payment,
    posted: Accounts,
    wanted: Accounts | None,
    paid: int,
    more: Mapping[str, object],
) -> Iterator[Finding]:
    """A withdrawal or transfer. What the node shows follows from its attempts, not its state."""
    if wanted is None:
        return
    truth = -paid if payment.kind == "withdrawal" else _wallets(wanted)
    yield from _check(payment, posted, wanted, difference=truth - _wallets(posted), more=more)


def _check(
    payment: Payment,
    posted: Accounts,
    wanted: Accounts,
    *,
    difference: int | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> Iterator[Finding]:
    wrong = _wrong(posted, wanted)
    if not wrong:
        return
    coins = _wallets(wrong)
    credited = sum(units for (account, _), units in wrong.items() if account.startswith("client:"))
    yield Finding(
        "duplicate_credit" if credited < 0 and _is_credit(posted) else "amount_differs",
        payment.currency,
        payment.id,
        credited or -coins,
        {
            "payment": payment.id,
            "state": payment.state,
            "units": str(payment.units),
            **_both(posted, wanted),
            "entries": _entries_of(payment.id),
            **more,
        },
        difference=-coins if difference is None else difference,
        entry=_entry(wrong),
        payments=(payment.id,),
    )


def _check_fee(payment: Payment, posted: Accounts, cost: Cost | None) -> Iterator[Finding]:
    """The entry of the attempt that this payment bears: one, and of what the chain tx took."""
    wanted = {} if cost is None else cost.posted
    wrong = _wrong(posted, wanted)
    if not wrong:
        yield from _check_said(payment, cost)
        return
    fee = sum(units for (account, _), units in wrong.items() if account == FEES_NETWORK)
    difference = -_wallets(wrong)
    if cost is not None and cost.row.block_hash is None:
        difference -= cost.wrong  # its timing items bear what our rows say
    yield Finding(
        "fee_differs",
        next(iter(wrong))[1],  # a token's chain tx costs the chain's coin
        payment.id,
        fee or -_wallets(wrong),
        {
            "payment": payment.id,
            **({} if cost is None else payouts.fee_evidence(cost)),
            **_both(posted, wanted),
            "entries": _entries_of(payment.id),
        },
        difference=difference,
        entry=_entry(wrong),
        payments=(payment.id,),
    )


def _check_said(payment: Payment, cost: Cost | None) -> Iterator[Finding]:
    """The attempt's own row, which people read, of one that is posted rightly."""
    if cost is None or not cost.account or cost.row.block_hash is None or cost.said == cost.fee:
        return
    yield Finding(
        "state_lags",
        str(cost.row.chain),
        str(cost.row.txid),
        cost.said - cost.fee,
        {"payment": payment.id, **payouts.fee_evidence(cost), "send": cost.row.id},
    )


def _wrong(posted: Accounts, wanted: Accounts) -> Accounts:
    return {
        key: posted.get(key, 0) - wanted.get(key, 0)
        for key in sorted(wanted.keys() | posted.keys())
        if posted.get(key, 0) != wanted.get(key, 0)
    }


def _wallets(sums: Mapping[tuple[str, str], int]) -> int:
    return sum(units for (account, _), units in sums.items() if account.startswith("wallet:"))


def _is_credit(posted: Accounts) -> bool:
    """Whether a client's account was touched at all; a debit that is missing is no credit."""
    return any(account.startswith("client:") for account, _ in posted)


def _both(posted: Accounts, wanted: Accounts) -> dict[str, object]:
    return {
        "posted": {account: str(u) for (account, _), u in sorted(posted.items())},
        "demanded": {account: str(u) for (account, _), u in sorted(wanted.items())},
    }


def _entry(wrong: Accounts) -> NewEntry | None:
    lines = tuple(Line(account, currency, -u) for (account, currency), u in wrong.items())
    return None if sum(line.units for line in lines) else NewEntry("adjust", lines)


def _entries_of(payment: str) -> list[int]:
    rows = Entry.select(Entry.id).where(Entry.payment == payment).order_by(Entry.id)
    return [int(row.id) for row in rows]
