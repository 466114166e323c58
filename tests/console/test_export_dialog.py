"""Histories written from the console verify like any others, and nothing is written over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.audit.verify import verify
from tests.console.houses import FilledHouse
from tests.console.terminal import LARGE, NOW, Terminal, at_terminal


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Names without a folder are of this one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


async def _closed(shown: Terminal) -> None:
    await shown.press("enter")
    await shown.until(lambda: len(shown.app.screen_stack) == 1, "the dialog to close")


def _silent(house: FilledHouse) -> dict[str, Any]:
    """Nobody answers the wish for a seal; the auditor sits here."""
    with house.connected():
        from db.models import Chain

        Chain.update(beat_at=None).execute()
    return house.sits("aud")


def test_an_auditor_writes_everything_and_it_verifies(house: FilledHouse, here: Path) -> None:
    name = f"histories-{NOW:%Y-%m-%d}.jsonl"

    async def steps(shown: Terminal) -> None:
        await shown.press("X")
        await shown.sees("Every move of everybody", name)
        await shown.press("enter")
        await shown.sees("rows are in", "cashier verify", "marked unsealed", "Enter closes")
        await _closed(shown)

    at_terminal(house.path, steps, size=LARGE, **_silent(house))
    assert verify(here / name).ok
    assert [path.name for path in here.iterdir()] == [name]


def test_one_clients_are_written_from_the_screen_of_clients(house: FilledHouse, here: Path) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("5")
        await shown.sees("client CR1040")
        await shown.press("X")
        await shown.sees("Every move of client CR1040")
        await shown.press("enter")
        await shown.sees("rows are in")

    at_terminal(house.path, steps, size=LARGE, **_silent(house))
    text = next(here.glob("histories-CR1040-*.jsonl")).read_text(encoding="utf-8")
    assert "CR1040" in text
    assert "CR1041" not in text


def test_a_file_that_is_there_is_never_written_over(house: FilledHouse, here: Path) -> None:
    there = here / f"histories-{NOW:%Y-%m-%d}.jsonl"
    there.write_text("mine")

    async def steps(shown: Terminal) -> None:
        await shown.press("X", "enter")
        await shown.sees("is there already")
        await shown.press("escape")

    at_terminal(house.path, steps, size=LARGE, **_silent(house))
    assert there.read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(house: FilledHouse, here: Path) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("X", "ctrl+u")
        await shown.type("nowhere/file")
        await shown.press("enter")
        await shown.sees("nowhere/file cannot be written: No such file or directory")

    at_terminal(house.path, steps, size=LARGE, **_silent(house))
    assert not list(here.iterdir())


@pytest.mark.parametrize("name", ["sue", ""])
def test_support_and_who_only_looks_export_nothing(
    house: FilledHouse, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    said: list[str] = []

    async def steps(shown: Terminal) -> None:
        # Toasts are off in a console without a terminal.
        monkeypatch.setattr(shown.app, "notify", lambda text, **_: said.append(text))
        await shown.press("X")
        await shown.until(lambda: bool(said), "a word")
        assert len(shown.app.screen_stack) == 1

    at_terminal(house.path, steps, size=LARGE, **(house.sits(name) if name else {}))
    assert "to export is for payments, approver, auditor" in said[0]
