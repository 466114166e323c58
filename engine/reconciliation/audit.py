"""The ledger against itself: entries sum to zero, balances are their postings, and every payment
is posted exactly as its state demands.

The first look and a full one read everything; the others only what was posted since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from db.connection import database
from db.exact import compare_sql, sum_sql, value_sql
from db.models import Balance, Entry
from engine.reconciliation.kinds import Finding
from engine.reconciliation.outlays import NOTHING_TOLD, Told
from engine.reconciliation.payouts import Accounts
from engine.reconciliation.postings import other_postings

BATCH = 500
# Accounts of which there are many have few postings each; of the others we keep running sums.
MANY = ("client:", "suspense:")


class PostingAudit:
    """Remembers how far the postings were read. One thread owns it; a look runs inside the
    caller's snapshot."""

    def __init__(self) -> None:
        self._read_up_to = 0
        self._sums: Accounts = {}
        self._clean = False

    def look(self, *, full: bool, told: Told = NOTHING_TOLD) -> list[Finding]:
        """What is wrong with the postings since the last look; with `full`, or after a look that
        found something, with any of them. `told` is what the node said of chain txs of ours."""
        if full or not self._clean:
            self._read_up_to, self._sums = 0, {}
        since = self._read_up_to
        found = [
            *_unbalanced(since),
            *self._other_balances(since),
            *other_postings(since, told),
        ]
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
