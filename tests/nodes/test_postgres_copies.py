"""A database that is used again is as new: rows, numbers, schema and settings, and nobody in it."""

from __future__ import annotations

import itertools
from typing import Any

import psycopg2
import pytest

from tests.nodes.postgres import Postgres
from tests.nodes.postgres_copies import Copies

NO = "FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN {}; END'"
SET = "DO $$BEGIN {}; END$$"

_numbers = itertools.count()

pytestmark = pytest.mark.postgres


def _do(server: Postgres, name: str, *statements: str) -> list[tuple[Any, ...]]:
    with server.opened(name) as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def made(postgres: Postgres) -> Copies:
    """Of a small database: one row and its number from the beginning."""
    name = f"small_{next(_numbers)}"
    postgres.create(name)
    _do(
        postgres,
        name,
        "CREATE TABLE kept (id serial PRIMARY KEY, text text NOT NULL)",
        "CREATE TABLE filled (id serial PRIMARY KEY, kept int REFERENCES kept, text text)",
        "INSERT INTO kept (text) VALUES ('from the beginning')",
        f"CREATE {NO.format('NULL')}",
        "CREATE TRIGGER no BEFORE DELETE ON kept FOR EACH ROW EXECUTE FUNCTION no()",
    )
    return Copies(postgres, name)


def test_what_was_written_is_taken_out_again(postgres: Postgres, made: Copies) -> None:
    name = made.take()
    _do(
        postgres,
        name,
        "INSERT INTO kept (text) VALUES ('more')",
        "INSERT INTO filled (kept, text) VALUES (2, 'of it')",
        "UPDATE kept SET text = 'changed' WHERE id = 1",
    )
    made.give_back(name)
    assert made.take() == name
    assert _do(postgres, name, "SELECT * FROM filled") == []
    assert _do(postgres, name, "SELECT * FROM kept") == [(1, "from the beginning")]
    assert _do(postgres, name, "INSERT INTO kept (text) VALUES ('x') RETURNING id") == [(2,)]
    assert _do(postgres, name, "INSERT INTO filled (text) VALUES ('x') RETURNING id") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE filled ADD COLUMN more text",
        "ALTER TABLE filled RENAME COLUMN text TO words",
        "ALTER TABLE kept DISABLE TRIGGER no",
        "DROP TRIGGER no ON kept",
        "CREATE INDEX more ON filled (text)",
        "ALTER TABLE filled ALTER COLUMN text SET DEFAULT 'x'",
        "ALTER TABLE filled ADD CHECK (text <> '')",
        "CREATE TABLE more (id int)",
        f"CREATE OR REPLACE {NO.format('OLD')}",
        "INSERT INTO filled (text) SELECT repeat('x', 100) FROM generate_series(1, 5000)",
        SET.format("EXECUTE format('ALTER DATABASE %I SET work_mem = 65', current_database())"),
    ],
)
def test_a_database_that_was_changed_or_grew_is_not_used_again(
    postgres: Postgres, made: Copies, statement: str
) -> None:
    name = made.take()
    _do(postgres, name, statement)
    made.give_back(name)
    assert made.take() != name
    with pytest.raises(psycopg2.OperationalError, match="does not exist"), postgres.opened(name):
        pass


def test_who_is_still_there_is_thrown_out(postgres: Postgres, made: Copies) -> None:
    name = made.take()
    with postgres.opened(name) as cursor:
        made.give_back(name)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")
