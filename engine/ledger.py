"""Double entry, append-only: the only writer of postings and balances.

Assets (`wallet:*`) are positive, everything else is negative inside. A balance is checked in the
statement that changes it, so that no order of processes can pass a bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from db import bulk
from db.connection import database
from db.exact import add_sql, compare_sql, value_sql
from db.models import Balance, Entry, Posting
from engine.errors import BalanceInsufficient, LedgerError

WALLET_DEPOSITS = "wallet:deposits"
WALLET_HOT = "wallet:hot"
WALLET_COLD = "wallet:cold"
HOUSE = "house"
OWN_FUNDS = ("fees:network", "fees:service", "house", "loss", "adjustments", "opening")


def client_account(client: str) -> str:
    """What we owe this client."""
    return f"client:{client}"


def owner_account(client: str | None) -> str:
    """Where a deposit's coins stand once they are somebody's: its client's, else the house's."""
    return HOUSE if client is None else client_account(client)


def suspense_account(payment: str) -> str:
    """Coins of this payment that are nobody's yet."""
    return f"suspense:{payment}"


@dataclass(frozen=True, slots=True)
class Line:
    """A signed amount, in units, on one account."""

    account: str
    currency: str
    units: int


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be posted. `overdraw` is for what the chain did, which no bound can undo: a
    reversal may take a client below zero, and a chain tx a wallet account, until its other side
    is booked, too."""

    event: str
    lines: tuple[Line, ...]
    overdraw: bool = False

    def as_json(self) -> list[list[str]]:
        """The lines as they stand in a history row's evidence: [account, currency, units]."""
        return [[line.account, line.currency, str(line.units)] for line in self.lines]


def shift(event: str, currency: str, units: int, *, to: str, out_of: str) -> NewEntry:
    """The entry that puts `units` on account `to` and takes them from account `out_of`."""
    return NewEntry(event, (Line(to, currency, units), Line(out_of, currency, -units)))


def post(entries: Sequence[tuple[int, str, str | None, NewEntry]], *, at: str) -> None:
    """Write entries, each given as (entry id, event, payment id, entry), inside the caller's
    database transaction. Raises LedgerError when one does not sum to zero, BalanceInsufficient
    when an account would pass its bound."""
    for _, _, _, entry in entries:
        _check_zero_sum(entry)
    _move_balances(entry for _, _, _, entry in entries)
    bulk.insert_rows(
        Entry,
        [{"id": n, "at": at, "event": event, "payment": p} for n, event, p, _ in entries],
    )
    bulk.insert_rows(
        Posting,
        [
            {
                "entry": number,
                "line": at_line,
                "account": line.account,
                "currency": line.currency,
                "units": line.units,
            }
            for number, _, _, entry in entries
            for at_line, line in enumerate(entry.lines)
        ],
    )


def balance(account: str, currency: str) -> int:
    """The signed balance of an account in units; 0 if it never had a posting."""
    row = Balance.get_or_none((Balance.account == account) & (Balance.currency == currency))
    return 0 if row is None else int(row.units)


def own_funds(currency: str) -> int:
    """Units that are ours and nobody else's; below zero a client's money pays for us."""
    rows = Balance.select().where(Balance.account.in_(OWN_FUNDS) & (Balance.currency == currency))
    return -sum(int(row.units) for row in rows)


def _check_zero_sum(entry: NewEntry) -> None:
    sums: dict[str, int] = defaultdict(int)
    for line in entry.lines:
        sums[line.currency] += line.units
    if not entry.lines or any(sums.values()):
        raise LedgerError(f"entry {entry.event} does not sum to zero", detail=str(entry))


def _bound(account: str) -> str | None:
    """The side of zero on which an account must stay: `>=`, `<=`, or None for our own funds."""
    if account.startswith("wallet:"):
        return ">="
    if account.startswith(("client:", "suspense:")) or account == "in_transit":
        return "<="
    return None


def _move_balances(entries: Iterable[NewEntry]) -> None:
    total: dict[tuple[str, str], int] = defaultdict(int)
    ordinary: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        for line in entry.lines:
            key = (line.account, line.currency)
            total[key] += line.units
            if not (entry.overdraw and line.account.startswith(("client:", "wallet:"))):
                ordinary[key] += line.units
    # Only what the chain did may pass the bound, never a debit that happens to stand beside it.
    bounded = {key for key, units in ordinary.items() if _tightens(key[0], units)}
    # In one order everywhere, so that two writers on PostgreSQL cannot wait for each other.
    _add([(key, units) for key, units in sorted(total.items()) if units and key not in bounded])
    for key in sorted(bounded):
        _add_within_bound(key, total[key])


def _tightens(account: str, units: int) -> bool:
    bound = _bound(account)
    return (bound == ">=" and units < 0) or (bound == "<=" and units > 0)


def _add(changes: Sequence[tuple[tuple[str, str], int]]) -> None:
    total = add_sql(database.obj, "balance.units", "excluded.units")
    bulk.insert_rows(
        Balance,
        [{"account": a, "currency": c, "units": units} for (a, c), units in changes],
        on=f"ON CONFLICT (account, currency) DO UPDATE SET units = {total}",
    )


def _add_within_bound(key: tuple[str, str], units: int) -> None:
    account, currency = key
    param, given = database.param, value_sql(database.obj, database.param)
    changed = add_sql(database.obj, "units", given)
    allowed = compare_sql(
        database.obj, changed, _bound(account) or "=", value_sql(database.obj, "'0'")
    )
    cursor = database.execute_sql(
        f"UPDATE balance SET units = {changed}"  # noqa: S608 - placeholders and operators only
        f" WHERE account = {param} AND currency = {param}"
        f" AND {allowed}",
        [str(units), account, currency, str(units)],
    )
    if cursor.rowcount != 1:
        raise BalanceInsufficient(
            "the balance is not sufficient",
            detail=f"{account} {currency} cannot change by {units}",
        )
