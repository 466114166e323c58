"""Text from outside on one line, without what could drive a terminal."""

from __future__ import annotations

import pytest

from engine.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 漢字", "Zürich 漢字"),
        ("\x1b[31mred\n", "\\x1b[31mred\\n"),
        ("a\u202eb", "a\\u202eb"),
        ("half \ud83d", "half \\ud83d"),
        ("\u200b\u00a0", "\\u200b\\xa0"),
        (15, "15"),
    ],
)
def test_what_is_not_visible_is_written_as_its_escape(text: object, shown: str) -> None:
    assert printable(text) == shown
