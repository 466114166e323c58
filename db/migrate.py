"""Bringing the tables to the shape that this program needs, in one database transaction each."""

from __future__ import annotations

from pathlib import Path

from playhouse.migrations import Runner

from db.connection import database

DIRECTORY = Path(__file__).parent / "migrations"
LIST = "schema_migration"


def _runner() -> Runner:
    return Runner(database.obj, directory=str(DIRECTORY), table_name=LIST)


def pending() -> list[str]:
    """Names of the migrations that this database still lacks."""
    return [step.name for step in _runner().status() if step.applied is None]


def unknown() -> list[str]:
    """Migrations that a newer program applied and this one does not know."""
    return [step.name for step in _runner().status() if step.path is None]


def is_empty() -> bool:
    """Whether the database holds no table of ours yet; a first migration that failed leaves the
    list of migrations, empty."""
    return not set(database.get_tables()) - {LIST}


def apply() -> list[str]:
    """Apply what is pending; returns the names. A failing one is rolled back whole."""
    return list(_runner().up())
