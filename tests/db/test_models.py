"""The models say what the migrations made."""

from __future__ import annotations

import peewee

from db import models
from db.connection import database as opened
from db.models import Coin
from db.row import Row
from tests.db.test_bulk import coin


def test_a_model_has_the_columns_of_its_table(database: str) -> None:
    assert database
    for model in models.MODELS:
        table = opened.get_columns(model._meta.table_name)
        found = {column.name: column.null for column in table}
        expected = {field.column_name: bool(field.null) for field in model._meta.sorted_fields}
        assert found == expected, model
        assert {column.name for column in table if column.primary_key} == primary_key(model)


def primary_key(model: type[Row]) -> set[str]:
    key = model._meta.primary_key
    if isinstance(key, peewee.CompositeKey):
        return {model._meta.fields[name].column_name for name in key.field_names}
    assert isinstance(key, peewee.Field)
    return {key.column_name}


def test_every_table_has_its_model(database: str) -> None:
    assert database
    tables = set(opened.get_tables()) - {"schema_migration"}
    assert tables == {model._meta.table_name for model in models.MODELS}


def kinds_of(model: type[Row]) -> dict[str, str]:
    cursor = opened.execute_sql(
        "SELECT column_name, data_type FROM information_schema.columns"
        f" WHERE table_name = '{model._meta.table_name}' AND table_schema = 'public'"
    )
    return dict(cursor.fetchall())


SQLITE_KINDS = {"TEXT": "TEXT", "BIGINT": "INTEGER", "INT": "INTEGER", "INTEGER": "INTEGER"}
SQLITE_KINDS |= {"UNITS": "TEXT", "BIGAUTO": "INTEGER"}
POSTGRESQL_KINDS = {"TEXT": "text", "BIGINT": "bigint", "INT": "integer", "INTEGER": "integer"}
POSTGRESQL_KINDS |= {"UNITS": "numeric", "BIGAUTO": "bigint"}


def test_a_column_is_of_the_kind_that_its_field_writes(database: str) -> None:
    for model in models.MODELS:
        if database.startswith("sqlite"):
            table = opened.get_columns(model._meta.table_name)
            found = {column.name: column.data_type for column in table}
            kinds = SQLITE_KINDS
        else:
            found, kinds = kinds_of(model), POSTGRESQL_KINDS
        expected = {f.column_name: kinds[f.field_type] for f in model._meta.sorted_fields}
        assert found == expected, model


def test_a_row_with_a_compound_key_is_found_by_it(database: str) -> None:
    assert database
    Coin.insert(coin(1)).execute()
    key = ("LTC", f"{1:064x}", "vout:0", "LTC")
    assert Coin.get_by_id(key).units == coin(1)["units"]
