"""Which configuration a command works with, and in what state it accepts the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.context import App
from db.connection import database
from engine.errors import ConfigError, SchemaError
from tests.commands.desk import Desk


def test_the_option_wins_then_the_folder_then_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert App().config_path == Path("cashier.toml")
    monkeypatch.setenv("CASHIER_CONFIG", "elsewhere.toml")
    assert App().config_path == Path("elsewhere.toml")
    (tmp_path / "cashier.toml").touch()
    assert App().config_path == Path("cashier.toml")
    assert App(Path("given.toml")).config_path == Path("given.toml")


def test_the_option_may_stand_before_or_after_the_command(desk: Desk, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.toml")
    result = desk.type("export", "histories", "--config", missing)
    assert result.exit_code == 2
    assert missing in result.stderr


def test_a_fitting_database_is_opened_and_connected_for_the_block(desk: Desk) -> None:
    with App(desk.path).connect("console") as config:
        assert config.role == "console"
        assert not database.is_closed()
    assert database.is_closed()


def test_a_database_that_does_not_fit_is_refused(desk: Desk) -> None:
    with desk.opened():
        database.execute_sql("DELETE FROM schema_migration")
    with pytest.raises(SchemaError, match="run `cashier migrate`"):
        App(desk.path).open("console")


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        App(tmp_path / "missing.toml").load("console")


def test_a_broken_sandbox_clock_is_wrong_use(desk: Desk) -> None:
    result = desk.type("export", "histories", environ={"CASHIER_CLOCK": "soon"})
    assert result.exit_code == 2
    assert "CASHIER_CLOCK must look like +3d" in result.stderr
