"""A real browser at the page: shapes of screens, and screenshots for whoever wants to look.

`CASHIER_SHOTS=folder` keeps screenshots of what the tests see.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
SMALL: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
DARK: dict[str, Any] = {**PHONE, "color_scheme": "dark"}

Open = Callable[..., Page]


def keep(page: Page, name: str) -> None:
    """Screenshot, if somebody wants to look; and nothing may be wider than the screen."""
    width = page.evaluate("document.documentElement.scrollWidth")
    size = page.viewport_size
    assert size is not None
    assert width <= size["width"]
    folder = os.environ.get("CASHIER_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
