"""What the tables alone show: debts of clients, our own funds, coins of nobody, coins out of their
blocks, payments that stay behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from db.connection import database
from db.exact import compare_sql, value_sql
from db.models import Balance, Client, Payment
from engine import ledger
from engine.ledger import shift
from engine.reconciliation.kinds import Finding
from engine.reconciliation.mending import LOSS
from engine.reconciliation.timing import DUE, OUT_OF_BLOCK, RULES

BATCH = 500  # names in one query


def wallet_accounts(currency: str) -> dict[str, int]:
    """Units on each wallet account."""
    rows = Balance.select().where(
        Balance.account.startswith("wallet:") & (Balance.currency == currency)
    )
    return {row.account: int(row.units) for row in rows}


def debts(currency: str) -> Iterator[Finding]:
    """Clients below zero: after a reversal they owe us what they had moved on already."""
    owes = compare_sql(database.obj, "units", ">", value_sql(database.obj, "'0'"))
    cursor = database.execute_sql(
        f"SELECT account, units FROM balance WHERE currency = {database.param}"  # noqa: S608
        f" AND SUBSTR(account, 1, 7) = 'client:' AND {owes} ORDER BY account",
        [currency],
    )
    owing = {account.removeprefix("client:"): int(kept) for account, kept in cursor.fetchall()}
    known = {row.id: row for row in _clients(list(owing))}
    for client, units in owing.items():
        account, row = ledger.client_account(client), known.get(client)
        evidence = {
            "client": client,
            "owes": str(units),
            "blocked": bool(row is not None and row.blocked),
            "because": "" if row is None else row.blocked_reason,
        }
        entry = shift("adjust", currency, units, to=LOSS, out_of=account)
        yield Finding("negative_balance", currency, account, -units, evidence, entry=entry)


def _clients(names: Sequence[str]) -> Iterator[Client]:
    for start in range(0, len(names), BATCH):
        yield from Client.select().where(Client.id.in_(names[start : start + BATCH]))


def own_funds(currency: str) -> Iterator[Finding]:
    """Our own accounts together must not be below zero: no client's money pays for us."""
    rows = Balance.select().where(
        Balance.account.in_(ledger.OWN_FUNDS) & (Balance.currency == currency)
    )
    kept = {row.account: int(row.units) for row in rows}
    funds = -sum(kept.values())
    if funds < 0:
        evidence = {account: str(-units) for account, units in sorted(kept.items())}
        yield Finding("own_funds_negative", currency, "own funds", funds, evidence)


def coins_of_nobody(chain: str, currency: str) -> Iterator[Finding]:
    """Held deposits without a client: in suspense until a person books them."""
    rows = Payment.select().where(
        (Payment.chain == chain)
        & (Payment.currency == currency)
        & (Payment.kind == "deposit")
        & (Payment.state == "held")
        & Payment.client.is_null()
    )
    for row in rows.order_by(Payment.first_seq):
        units = int(row.units or 0)
        entry = shift(
            "book", currency, units, to=ledger.suspense_account(row.id), out_of=ledger.HOUSE
        )
        yield Finding("unknown_arrival", currency, row.id, units, _of_payment(row), entry=entry)


def on_their_way(
    currency: str, payments: Iterable[Payment], height: int, *, lagging: frozenset[str]
) -> Iterator[Finding]:
    """Of what stands between the two sides: posted coins out of their blocks, and payments that
    were due the last time already (`lagging`)."""
    for row in payments:
        name, sign = RULES[row.kind](row, height)
        units = sign * int(row.units or 0)
        if name == OUT_OF_BLOCK:
            yield Finding("reorged", currency, row.id, units, _of_payment(row))
        elif name == DUE and row.id in lagging:
            yield Finding(
                "state_lags", currency, row.id, units, _of_payment(row), payments=(row.id,)
            )


def lagging_sends(
    currency: str, payments: Iterable[Payment], *, lagging: frozenset[str]
) -> Iterator[Finding]:
    """Those of `payments`, which should be settled, that should have been the last time already."""
    for row in payments:
        if row.id in lagging:
            yield Finding("state_lags", currency, row.id, -int(row.units or 0), _of_payment(row))


def due(payments: Iterable[Payment], height: int) -> frozenset[str]:
    """Payments that are deep enough and not booked yet."""
    return frozenset(row.id for row in payments if RULES[row.kind](row, height)[0] == DUE)


def _of_payment(row: Payment) -> dict[str, object]:
    return {
        "payment": row.id,
        "state": row.state,
        "client": row.client,
        "reason": row.reason,
        "txid": row.txid,
        "index": row.idx,
        "address": row.address,
        "height": row.block_height,
        "units": str(row.units),
    }
