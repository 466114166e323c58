"""Reading the database as it stood at one moment, while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from db.connection import database
from db.exact import is_sqlite


@contextmanager
def snapshot() -> Iterator[None]:
    """Every read inside sees the same moment; nobody is held up, and nothing may be written."""
    opened = database.obj
    if is_sqlite(opened):
        # Our write lock is IMMEDIATE; a deferred one never waits for or stops a writer.
        with opened.transaction("DEFERRED"):
            yield
        return
    with opened.transaction():
        opened.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
