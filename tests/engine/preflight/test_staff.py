"""Without OpenSSH, or with no key in force, staff could not act: found before it matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.config import Config
from engine.preflight.staff import check_staff
from tests.engine.approvals.people import People
from tests.engine.house import NOW, house


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


@pytest.fixture
def config(tmp_path: Path, people: People) -> Config:
    return people.join(house(tmp_path), "ann", "ben")


def test_staff_with_keys_can_sign(config: Config) -> None:
    found = list(check_staff(config, now=NOW))
    assert [each.ok for each in found] == [True, True]
    assert found[1].what == "2 of 2 can sign"


def test_an_installation_without_staff_needs_no_openssh(tmp_path: Path) -> None:
    assert list(check_staff(house(tmp_path), now=NOW)) == []


def test_a_machine_without_openssh_is_found(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    first, _ = check_staff(config, now=NOW)
    assert (first.ok, first.cure) == (False, "install OpenSSH's client")


def test_staff_whose_keys_have_all_ended_are_found(tmp_path: Path, people: People) -> None:
    config = house(tmp_path)
    ended = people.row("ann", until=NOW)
    config = replace(config, staff=(ended, people.row("ben")))
    assert [each.what for each in check_staff(config, now=NOW)][1] == "1 of 2 can sign, not: ann"
    config = replace(config, staff=(ended,))
    assert [each.ok for each in check_staff(config, now=NOW + timedelta(days=1))] == [True, False]
