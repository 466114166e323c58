"""A real browser, with the patience that tests have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from demo.pictures import find_browser
from tests.nodes.ports import PATIENCE_S

PATIENCE_MS = 1000 * PATIENCE_S


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium; where there is none, an error."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=find_browser(),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            timeout=PATIENCE_MS,
        )
        yield opened
        opened.close()


def new_context(browser: Browser, **settings: Any) -> BrowserContext:
    """A browser of its own, as somebody's who opens it anew."""
    context = browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MS)
    return context
