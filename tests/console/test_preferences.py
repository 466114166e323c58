"""What a person chose stays chosen, and a file that is broken only means the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import preferences
from console.preferences import Preferences


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "cashier" / "console.json"


def test_what_was_chosen_is_there_the_next_time(state: Path) -> None:
    chosen = Preferences("light", bell=True)
    assert preferences.save(chosen)
    assert preferences.load() == chosen
    assert [each.name for each in state.parent.iterdir()] == ["console.json"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": 5}', '{"theme": "pink"}', "\x00\xff"])
def test_a_broken_file_means_the_defaults(state: Path, text: str) -> None:
    state.parent.mkdir()
    state.write_text(text)
    assert preferences.load() == Preferences()


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(state: Path) -> None:
    state.parent.write_text("a file where the folder would be")
    assert not preferences.save(Preferences("light"))
    assert preferences.load() == Preferences()
