"""The guide to the console tells what is so: every key of every screen, and a picture of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import themes
from console.screens import SCREENS
from tests.console import guide, pictures

TEXT = guide.GUIDE.read_text(encoding="utf-8")


def test_every_screen_has_its_table_and_its_picture() -> None:
    assert guide.tables_in(TEXT) == set(guide.BOUND)
    for place in SCREENS:
        assert f"images/console-{place.name}.svg" in TEXT


@pytest.mark.parametrize("name", sorted(guide.BOUND))
def test_a_table_says_the_keys_as_they_are_bound(name: str) -> None:
    assert guide.table(name) in TEXT, "make pictures writes the tables anew"


def test_every_theme_is_named() -> None:
    assert all(f"`{theme}`" in TEXT for theme in themes.THEMES)


def test_pictures_are_the_same_each_time_and_ask_nothing_of_the_network(tmp_path: Path) -> None:
    taken = pictures.take(tmp_path)
    named = {path.name for path in taken}
    assert {f"console-{place.name}.svg" for place in SCREENS} < named
    assert named == {path.name for path in guide.GUIDE.parent.glob("images/console-*.svg")}
    for path in taken:
        drawn = path.read_text(encoding="utf-8")
        assert "url(http" not in drawn
        assert "@font-face" not in drawn
        assert f"images/{path.name}" in TEXT
