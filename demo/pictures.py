"""The pictures in the README: the page of a running demo, as a phone and as a desktop show it.

`make pictures` makes them anew, after the page has changed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from demo.sandbox import TOP
from demo.showing import Showing
from demo.trouble import DemoTrouble

FOLDER = TOP / "docs" / "images"
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=900)
SHARPNESS = 2
WAIT_MS = 60_000


def find_browser() -> str:
    """Where Chromium is on this machine. Raises DemoTrouble."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        binary = shutil.which(name)
        if binary is not None:
            return binary
    raise DemoTrouble("Chromium is not installed; install it with: apt-get install chromium")


def take(folder: Path) -> tuple[Path, ...]:
    """Run a demo and write page-phone.png (an address, waiting for coins) and page-desktop.png (a
    deposit on its way) into `folder`."""
    with Showing() as showing, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        phone = _enter(browser, showing.site, "Ada Lindqvist", PHONE)
        first = _shoot(phone.context.pages[1], folder / "page-phone.png")
        desktop = _enter(browser, showing.site, "Bo Okafor", DESKTOP)
        desktop.get_by_role("button", name="Send test coins").first.click()
        page = desktop.context.pages[1]
        expect(page.locator("[aria-current=step]").last).to_contain_text("2 of 3", timeout=WAIT_MS)
        second = _shoot(page, folder / "page-desktop.png")
        browser.close()
    return first, second


def _enter(browser: Browser, site: str, account: str, size: ViewportSize) -> Page:
    """The site's tab, with the cashier page open in a second one."""
    context = browser.new_context(
        viewport=size, device_scale_factor=SHARPNESS, color_scheme="light", locale="en-GB"
    )
    tab = context.new_page()
    tab.goto(site)
    tab.get_by_role("link", name=account).click()
    with context.expect_page() as opened:
        tab.get_by_role("button", name="Deposit LTC").click()
    expect(opened.value.get_by_role("button", name="Copy address")).to_be_visible(timeout=WAIT_MS)
    return tab


def _shoot(page: Page, path: Path) -> Path:
    page.bring_to_front()
    expect(page.get_by_text("Live")).to_be_visible(timeout=WAIT_MS)
    page.screenshot(path=path, animations="disabled", full_page=True)
    return path


def main() -> None:
    """Write the pictures and name them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in take(FOLDER):
        click.echo(path.relative_to(TOP))


if __name__ == "__main__":
    main()
