"""A running page with a database of its own; no node and no engine behind it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from db import connection
from engine.clock import utc_now
from engine.config import Config, load_config
from engine.handshake import make_token
from tests.chromium import chromium, new_context
from tests.web.browsing import Open
from tests.web.running import Visitor, running
from tests.web.till import Till

SECRET = "a secret of at least thirty-two bytes, for tests"

TOML = """
[cashier]
database = "{database}"
[web]
listen = "127.0.0.1:8700"
rate_limit = 0
{web}
[site]
name = "Example Trading"
{site}
handshake = {{ algorithm = "HS256", secret = "{secret}" }}
[currency.LTC]
network = "regtest"
node = "http://user:password@127.0.0.1:1/wallet/none"
confirmations = 3
deposit_minimum = "0.001"
{currencies}
"""

BTC = """
[currency.BTC]
network = "regtest"
node = "http://user:password@127.0.0.1:1/wallet/none"
confirmations = [[1, "1"], [3, "10"], [6]]
"""

Configure = Callable[..., Config]
Issue = Callable[..., str]


def write_config(folder: Path, database: str, **parts: str) -> Config:
    """A configuration of one currency; `web`, `site` and `currencies` add to its tables."""
    path = folder / "cashier.toml"
    given = {"web": "", "site": "", "currencies": "", **parts}
    path.write_text(TOML.format(database=database, secret=SECRET, **given))
    return load_config(path, role="web")


@pytest.fixture
def configure(tmp_path: Path, ready_sqlite: Path) -> Iterator[Configure]:
    """`configure(web=…, site=…, currencies=…)`: a configuration with its own open database."""
    path = tmp_path / "cashier.db"
    shutil.copyfile(ready_sqlite, path)
    opened = connection.open_database(f"sqlite:///{path}")

    def made(**parts: str) -> Config:
        return write_config(tmp_path, f"sqlite:///{path}", **parts)

    with connection.connected():
        yield made
    if not opened.is_closed():
        opened.close()


@pytest.fixture
def config(configure: Configure) -> Config:
    return configure()


@pytest.fixture
def till(config: Config) -> Till:
    """What the engine would have put into the database."""
    return Till(config)


@pytest.fixture
def port(config: Config) -> Iterator[int]:
    with running(config) as port:
        yield port


@pytest.fixture
def stranger(port: int) -> Visitor:
    """A client without a session."""
    return Visitor(port)


@pytest.fixture
def client(port: int, config: Config) -> Visitor:
    """Client CR1042 with a session that may do everything."""
    visitor = Visitor(port)
    assert visitor.enter(token_for(config)).status == 201
    return visitor


def token_for(
    config: Config,
    client: str = "CR1042",
    *,
    action: str = "both",
    currency: str | None = None,
    ttl_s: int = 60,
) -> str:
    """A fresh token as the site makes it."""
    return make_token(
        config, client=client, action=action, currency=currency, ttl_s=ttl_s, now=utc_now()
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def enter(browser: Browser) -> Iterator[Open]:
    """`enter(config, port, **browser settings)`: the page after a handshake. A script error, or
    anything that the page's own policy blocked, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(
        config: Config,
        port: int,
        *,
        client: str = "CR1042",
        action: str = "both",
        **settings: Any,
    ) -> Page:
        context = new_context(browser, timezone_id="Asia/Tokyo", locale="en-GB", **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: _note(told.text, complaints))
        token = token_for(config, client, action=action)
        page.goto(f"http://127.0.0.1:{port}/cashier?token={token}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _note(text: str, complaints: list[str]) -> None:
    if "Content Security Policy" in text or "Uncaught" in text:
        complaints.append(text)
