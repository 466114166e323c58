"""The tables of reconciliation: the last sum of each currency, and what differed when."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from db.fields import UnitsField
from db.row import Row


class Reconciliation(Row):
    """The last sum of a currency at one block: what the node holds, what the books say, and the
    timing items between them. `listed_at` is when the node's coins were last compared one by one.
    """

    currency = TextField(primary_key=True)
    chain = TextField()
    height = BigIntegerField()
    hash = TextField()
    at = TextField()
    listed_at = TextField()
    node_units = UnitsField()
    books_units = UnitsField()
    accounts = TextField()
    timing = TextField()
    residual_units = UnitsField()


class Break(Row):
    """A difference that reconciliation found. `subject` names what it is about, so that the same
    difference found again is the same row; `units` are signed, more at the node is positive."""

    id = TextField(primary_key=True)
    currency = TextField()
    chain = TextField()
    kind = TextField()
    subject = TextField()
    units = UnitsField()
    evidence = TextField()
    owner = TextField()
    cure = TextField()
    entry = TextField(null=True)
    state = TextField(default="open")
    first_seen = TextField()
    last_seen = TextField()
    closed_at = TextField(null=True)
    closed_by = TextField(default="")

    class Meta:
        table_name = "break_"
