"""What every table's model stands on: the one database, and names as the migrations have them."""

from __future__ import annotations

import peewee

from db.connection import database


class Row(peewee.Model):
    class Meta:
        database = database
        legacy_table_names = False
