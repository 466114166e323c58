"""The command line as a whole: help, --config anywhere, and one line for each error."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cashier import COMMANDS, cli
from tests.commands.desk import Desk


def type_bare(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, list(words))
    return result.exit_code, result.stdout, result.stderr


def test_no_argument_prints_help_that_names_every_command() -> None:
    code, out, _ = type_bare()
    assert code == 0
    assert not [name for name in COMMANDS if f"  {name} " not in out]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_takes_a_configuration(name: str) -> None:
    code, out, _ = type_bare(name, "--help")
    assert code == 0
    assert "Usage: cashier " in out
    assert "--config" in out or "COMMAND" in out


@pytest.mark.parametrize(
    "words",
    [
        ("nix",),
        ("--nix",),
        ("keys",),
        ("show",),
        ("status", "--nix"),
        ("payments", "--state", "nix"),
        ("payments", "--limit", "0"),
        ("lifecycle", "nix"),
        ("run", "--listen", "nowhere"),
        ("run", "--only", "engine", "--listen", "127.0.0.1:0"),
        ("nix\x1b[2J\nline",),
    ],
)
def test_wrong_use_is_one_clear_line(words: tuple[str, ...]) -> None:
    code, out, err = type_bare(*words)
    assert (code, out) == (2, "")
    assert err.startswith("cashier")
    assert err.count("\n") == 1
    assert err.rstrip("\n").isprintable()


def test_a_missing_configuration_is_one_line(tmp_path: Path) -> None:
    code, out, err = type_bare("status", "--config", str(tmp_path / "nix.toml"))
    assert (code, out) == (2, "")
    assert err.startswith("cashier.toml: cannot read")
    assert err.count("\n") == 1


def test_every_problem_of_a_configuration_has_its_line(new_desk: Desk) -> None:
    new_desk.write(confirmations=-1, deposit_minimum="x", tables={"nix": {}})
    for command in ("status", "check", "run", "migrate"):
        result = new_desk.type(command)
        assert result.exit_code == 2
        lines = result.stderr.splitlines()
        assert len(lines) == 3
        assert all(line.startswith("cashier.toml: ") for line in lines)


def test_a_configuration_may_stand_behind_the_command(new_desk: Desk) -> None:
    code, out, err = type_bare("status", "--config", str(new_desk.path))
    assert (code, out) == (2, "")
    assert "there is no database" in err
    assert "run `cashier migrate`" in err


def test_the_environment_names_a_configuration_where_none_lies_here(
    new_desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CASHIER_CONFIG", str(new_desk.path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert "there is no database" in type_bare("status")[2]
    (elsewhere / "cashier.toml").write_text("[nix]\n")
    assert "nix" in type_bare("status")[2]


def test_a_database_that_is_none_is_one_line(new_desk: Desk) -> None:
    (new_desk.folder / "var").mkdir()
    (new_desk.folder / "var" / "new.db").write_bytes(b"this is no database" * 100)
    for words in (("status",), ("payments",), ("migrate",), ("run", "--only", "engine")):
        result = new_desk.type(*words)
        assert result.exit_code == 2
        assert result.stderr.startswith("cashier.toml: cashier.database: sqlite:///")
        assert result.stderr.count("\n") == 1


def test_a_server_that_is_not_there_is_one_line_without_its_password(new_desk: Desk) -> None:
    new_desk.url = "postgresql://cashier:hunter2@127.0.0.1:1/cashier"
    new_desk.write()
    result = new_desk.type("status")
    assert result.exit_code == 2
    assert "postgresql://cashier@127.0.0.1:1/cashier cannot be used" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.stderr
