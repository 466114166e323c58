"""The demo's staff can sign, and nobody else reads their keys."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from demo import staff, toml


def test_everybody_has_a_key_of_their_own(tmp_path: Path) -> None:
    people = staff.make_staff(tmp_path / "staff")
    assert {each["name"]: each["role"] for each in people} == staff.ROLES
    assert len({each["key"] for each in people}) == len(people)
    for each in people:
        key = tmp_path / "staff" / each["name"]
        assert key.stat().st_mode & 0o077 == 0
        found = subprocess.run(
            ["ssh-keygen", "-y", "-f", str(key)], capture_output=True, text=True, check=True
        )
        assert " ".join(found.stdout.split()[:2]) == each["key"]


def test_without_openssh_there_is_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert staff.make_staff(tmp_path / "staff") == []


def test_they_stand_in_cashier_toml_as_tables_of_a_list(tmp_path: Path) -> None:
    people = staff.make_staff(tmp_path / "staff")
    assert tomllib.loads(toml.dump({"staff": people})) == {"staff": people}


def test_the_two_who_sign_are_two_approvers() -> None:
    assert staff.SITS != staff.SECOND
    assert {staff.ROLES[staff.SITS], staff.ROLES[staff.SECOND]} == {"approver"}
