"""What someone with the whole database in hand can do to it: triggers and constraints are no
obstacle."""

from __future__ import annotations

from db.connection import database
from db.exact import is_sqlite


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
    names = database.execute_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in names.fetchall():
        database.execute_sql(f"DROP TRIGGER {name}")
