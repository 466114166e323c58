"""The ledger against itself: entries sum to zero, balances are their postings, and every deposit
is posted exactly as its state demands.

The first look and a full one read everything; the others only what was posted since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from db.connection import database
from db.exact import compare_sql, sum_sql, value_sql
from db.models import Balance, Entry, Payment
from engine import ledger
from engine.ledger import Line, NewEntry
from engine.moves.addresses import house_addresses, wallet_of
from engine.reconciliation.kinds import Finding
from engine.reconciliation.lines import BOOKED

BATCH = 500
UNBOOKED = ("requested", "pending", "expired", "vanished", "reversed")
# Accounts of which there are many have few postings each; of the others we keep running sums.
MANY = ("client:", "suspense:")

Accounts = dict[tuple[str, str], int]  # (account, currency) → units


class PostingAudit:
    """Remembers how far the postings were read. One thread owns it; a look runs inside the
    caller's snapshot."""

    def __init__(self) -> None:
        self._read_up_to = 0
        self._sums: Accounts = {}
        self._clean = False

    def look(self, *, full: bool) -> list[Finding]:
        """What is wrong with the postings since the last look; with `full`, or after a look that
        found something, with any of them."""
        if full or not self._clean:
            self._read_up_to, self._sums = 0, {}
        since = self._read_up_to
        found = [*_unbalanced(since), *self._other_balances(since), *_other_postings(since)]
        self._read_up_to = _last_entry()
        self._clean = not found
        return found

    def _other_balances(self, since: int) -> Iterator[Finding]:
        posted = _posted_since(since)
        truth: Accounts = {}
        for key, units in posted.items():
            if not key[0].startswith(MANY):
                truth[key] = self._sums[key] = self._sums.get(key, 0) + units
        many = {key[0] for key in posted if key[0].startswith(MANY)}
        truth |= posted if not since else {}
        truth |= _sums_of(sorted(many)) if since else {}
        yield from _compare_balances(truth, everything=not since)


def _compare_balances(truth: Accounts, *, everything: bool) -> Iterator[Finding]:
    rows = Balance.select()
    if not everything:
        rows = rows.where(Balance.account.in_(sorted({account for account, _ in truth})))
    kept = {(row.account, row.currency): int(row.units) for row in rows}
    if not everything:
        kept = {key: units for key, units in kept.items() if key in truth}
    for key in sorted(kept.keys() | truth.keys()):
        account, currency = key
        units = kept.get(key, 0) - truth.get(key, 0)
        if units:
            wallet = account.startswith("wallet:")
            evidence = {
                "account": account,
                "balance": str(kept.get(key, 0)),
                "postings": str(truth.get(key, 0)),
            }
            difference = -units if wallet else 0
            yield Finding("amount_differs", currency, account, units, evidence, difference)


def _unbalanced(since: int) -> Iterator[Finding]:
    total, param = sum_sql(database.obj, "units"), database.param
    zero = value_sql(database.obj, "'0'")
    is_zero = compare_sql(database.obj, total, "=", zero)
    cursor = database.execute_sql(
        f"SELECT entry, currency, {total} FROM posting"  # noqa: S608 - our own names
        f" WHERE entry > {param} GROUP BY entry, currency HAVING NOT {is_zero}",
        [since],
    )
    for entry, currency, units in cursor.fetchall():
        evidence = {"entry": entry, "sum": str(units)}
        yield Finding("amount_differs", currency, f"entry:{entry}", int(units), evidence)


def _posted_since(since: int) -> Accounts:
    return _grouped(f"entry > {database.param}", [since])


def _sums_of(accounts: list[str]) -> Accounts:
    sums: Accounts = {}
    for start in range(0, len(accounts), BATCH):
        part = accounts[start : start + BATCH]
        sums |= _grouped(f"account IN ({', '.join([database.param] * len(part))})", part)
    return sums


def _grouped(where: str, values: list[Any]) -> Accounts:
    total = sum_sql(database.obj, "units")
    cursor = database.execute_sql(
        f"SELECT account, currency, {total} FROM posting"  # noqa: S608 - placeholders only
        f" WHERE {where} GROUP BY account, currency",
        values,
    )
    return {(account, currency): int(units) for account, currency, units in cursor.fetchall()}


def _last_entry() -> int:
    row = Entry.select(Entry.id).order_by(Entry.id.desc()).first()
    return 0 if row is None else int(row.id)


# --- payments and their postings ---


def _other_postings(since: int) -> Iterator[Finding]:
    houses: dict[str, dict[str, str]] = {}
    for payments in _touched(since):
        posted = _postings_of([payment.id for payment in payments])
        for payment in payments:
            if payment.chain not in houses:
                houses[payment.chain] = house_addresses(payment.chain)
            wallet = wallet_of(payment, houses[payment.chain])
            yield from _check(payment, posted.get(payment.id, {}), wallet)


def _touched(since: int) -> Iterator[list[Payment]]:
    """Deposits with entries after `since`; from the beginning, all of them."""
    after = 0
    while True:
        rows = Payment.select().where((Payment.kind == "deposit") & (Payment.first_seq > after))
        if since:
            entries = Entry.select(Entry.payment).where(Entry.id > since)
            rows = rows.where(Payment.id.in_(entries))
        batch = list(rows.order_by(Payment.first_seq).limit(BATCH))
        if not batch:
            return
        yield batch
        after = batch[-1].first_seq


def _postings_of(payments: Iterable[str]) -> dict[str, Accounts]:
    names = list(payments)
    total = sum_sql(database.obj, "posting.units")
    places = ", ".join([database.param] * len(names))
    cursor = database.execute_sql(
        "SELECT entry.payment, posting.account, posting.currency,"  # noqa: S608 - placeholders
        f" {total} FROM entry JOIN posting ON posting.entry = entry.id"
        f" WHERE entry.payment IN ({places}) GROUP BY 1, 2, 3",
        names,
    )
    found: dict[str, Accounts] = defaultdict(dict)
    for payment, account, currency, units in cursor.fetchall():
        found[payment][account, currency] = int(units)
    return found


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


def _check(
    payment: Payment, posted: Mapping[tuple[str, str], int], wallet: str
) -> Iterator[Finding]:
    if payment.state not in (*BOOKED, *UNBOOKED):
        return  # a state of another part's making, which checks it itself
    wanted = demanded(payment, wallet)
    wrong = {
        key: posted.get(key, 0) - wanted.get(key, 0)
        for key in sorted(wanted.keys() | posted.keys())
        if posted.get(key, 0) != wanted.get(key, 0)
    }
    if not wrong:
        return
    coins = sum(units for (account, _), units in wrong.items() if account.startswith("wallet:"))
    credited = sum(units for (account, _), units in wrong.items() if account.startswith("client:"))
    kind = "duplicate_credit" if credited < 0 else "amount_differs"
    lines = tuple(Line(account, currency, -u) for (account, currency), u in wrong.items())
    whole = not sum(line.units for line in lines)
    yield Finding(
        kind,
        payment.currency,
        payment.id,
        credited or -coins,
        {
            "payment": payment.id,
            "state": payment.state,
            "units": str(payment.units),
            "posted": {account: str(u) for (account, _), u in sorted(posted.items())},
            "demanded": {account: str(u) for (account, _), u in sorted(wanted.items())},
            "entries": _entries_of(payment.id),
        },
        difference=-coins,
        entry=NewEntry("adjust", lines) if whole else None,
        payments=(payment.id,),
    )


def _entries_of(payment: str) -> list[int]:
    rows = Entry.select(Entry.id).where(Entry.payment == payment).order_by(Entry.id)
    return [int(row.id) for row in rows]
