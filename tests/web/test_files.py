"""The page's files: what they may not hold."""

from __future__ import annotations

import re

import pytest

from web.files import FOLDER, read_file, static_path

NAMES = sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_no_file_loads_from_elsewhere(name: str) -> None:
    text = read_file(name).content.decode()
    elsewhere = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+[^\s\"')]*", text)
    assert [link for link in elsewhere if "www.w3.org/2000/svg" not in link] == []
    assert "@import" not in text


def test_an_address_changes_with_the_content() -> None:
    assert static_path("page.css").startswith("/static/page.css?v=")
    with pytest.raises(FileNotFoundError):
        static_path("none.css")
