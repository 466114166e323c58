"""A database is made whole by one command, again and again to the same end."""

from __future__ import annotations

import stat
from pathlib import Path

from db import migrate
from db.connection import database
from tests.commands.desk import Desk


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_database_gets_tables_key_and_chains(new_desk: Desk) -> None:
    result = new_desk.type("migrate")
    assert result.exit_code == 0
    assert "applied 0001_initial" in result.stdout
    assert "made audit key" in result.stdout
    assert new_desk.type("status").exit_code == 1  # paused: there is no engine, but a table
    assert new_desk.json("status")["audit_key"] in result.stdout


def test_a_second_time_changes_nothing(new_desk: Desk) -> None:
    new_desk.type("migrate")
    key = new_desk.config().audit_key.read_bytes()
    result = new_desk.type("migrate")
    assert result.exit_code == 0
    assert "up to date" in result.stdout
    assert "found audit key" in result.stdout
    assert new_desk.config().audit_key.read_bytes() == key


def test_others_cannot_read_what_it_makes(new_desk: Desk) -> None:
    new_desk.type("migrate")
    assert mode(new_desk.config().audit_key) == 0o600
    assert not mode(new_desk.folder / "var" / "new.db") & 0o007


def test_a_key_that_others_can_read_is_refused(new_desk: Desk) -> None:
    new_desk.type("migrate")
    new_desk.config().audit_key.chmod(0o644)
    result = new_desk.type("migrate")
    assert result.exit_code == 2
    assert "can be read by others; chmod 600" in result.stderr


def test_a_database_of_a_newer_program_is_left_alone(desk: Desk) -> None:
    with desk.opened():
        database.execute_sql(
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2030-01-01')"
        )
    for command in ("migrate", "status"):
        result = desk.type(command)
        assert result.exit_code == 2
        assert "newer than this program: it has 9999_future" in result.stderr


def test_a_database_with_data_and_without_tables_is_a_persons_decision(desk: Desk) -> None:
    with desk.opened():
        database.execute_sql("DELETE FROM schema_migration")
        assert migrate.pending()
    for words in (("status",), ("run", "--only", "engine"), ("run",)):
        result = desk.type(*words)
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1].endswith("run `cashier migrate`")
