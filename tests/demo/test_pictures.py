"""The README's pictures can be made anew at any time."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from demo import pictures


@pytest.mark.long
@pytest.mark.node
@pytest.mark.browser
def test_both_pictures_are_made_as_their_devices_show_them(tmp_path: Path) -> None:
    phone, desktop = pictures.take(tmp_path)
    assert (phone.name, _width(phone)) == ("page-phone.png", 2 * 390)
    assert (desktop.name, _width(desktop)) == ("page-desktop.png", 2 * 1280)


def _width(path: Path) -> int:
    """Pixels, from the header of a PNG."""
    raw = path.read_bytes()
    assert raw[1:4] == b"PNG"
    (width,) = struct.unpack(">I", raw[16:20])
    return int(width)
