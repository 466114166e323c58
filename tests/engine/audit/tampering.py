"""What someone with the whole database in hand can do to it: triggers and constraints are no
obstacle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from db.connection import database
from db.exact import is_sqlite
from db.models import History, Payment
from engine.history import canonical, row_hash, row_of


def tamper(*statements: str) -> None:
    """Run SQL with triggers and foreign keys out of the way."""
    if is_sqlite(database.obj):
        _unguard_sqlite()
    else:
        database.execute_sql("SET session_replication_role = replica")
    for statement in statements:
        database.execute_sql(statement)


def _unguard_sqlite() -> None:
    database.execute_sql("PRAGMA foreign_keys = OFF")
    database.execute_sql("PRAGMA ignore_check_constraints = ON")
    drop_guards()


def drop_guards() -> None:
    """The triggers of append-only tables, as the owner of the tables can."""
    if is_sqlite(database.obj):
        names = database.execute_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            sql(f"DROP TRIGGER {name}")
        return
    rows = database.execute_sql(
        "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    )
    for name, table in rows.fetchall():
        sql(f"DROP TRIGGER {name} ON {table}")


def sql(statement: str, *values: object) -> None:
    """Run one statement, `?` in the place of each value."""
    database.execute_sql(statement.replace("?", database.param), values)


def rewrite(payment: Payment, change: Callable[[dict[str, Any]], None]) -> None:
    """Change rows of a payment's history, with hashes that fit again."""
    prev = payment.id
    for record in list(History.select().where(History.payment == payment.id).order_by(History.seq)):
        row = row_of(record)
        change(row)
        row["prev"] = prev
        prev = row["hash"] = row_hash(row)
        sql(
            "UPDATE history SET client = ?, units = ?, amount = ?, evidence = ?, prev = ?,"
            " hash = ?, event = ?, to_state = ? WHERE seq = ?",
            row["client"],
            row["units"],
            row["amount"],
            canonical(row["evidence"]).decode(),
            row["prev"],
            row["hash"],
            row["event"],
            row["to"],
            row["seq"],
        )
    sql("UPDATE payment SET last_hash = ? WHERE id = ?", prev, payment.id)
