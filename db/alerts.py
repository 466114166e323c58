"""The tables of alerts: what staff are told, and what of it arrived where."""

from __future__ import annotations

from peewee import CompositeKey, IntegerField, TextField

from db.row import Row


class Alert(Row):
    """A fact that staff must know, from the first time it was seen until it was gone. `details` is
    a JSON object."""

    id = TextField(primary_key=True)
    kind = TextField()
    currency = TextField()
    subject = TextField()
    text = TextField()
    details = TextField()
    first_seen = TextField()
    gone_at = TextField(null=True)


class AlertDelivery(Row):
    """An alert on its way to one sink: tried again at `next_at` until `delivered_at` is set."""

    alert = TextField()
    sink = TextField()
    tries = IntegerField(default=0)
    next_at = TextField()
    last_error = TextField(default="")
    delivered_at = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("alert", "sink")
