"""A running demo site over a database that the test fills; its faucet notes what it should pay."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tornado.netutil import bind_sockets

from db import connection
from demo.sandbox import TOP, write_config
from demo.site.app import Site
from engine.config import Config, load_config
from tests.nodes.ports import PATIENCE_S
from tests.web.running import Visitor
from tests.web.till import Till

PAGE = "http://127.0.0.1:4001"


@dataclass
class Purse:
    """A faucet without a node."""

    paid: list[tuple[str, str]] = field(default_factory=list)
    error: Exception | None = None
    addresses: int = 0

    def pay(self, address: str, amount: str) -> str:
        if self.error is not None:
            raise self.error
        self.paid.append((address, amount))
        return "ab" * 32

    def address(self) -> str:
        if self.error is not None:
            raise self.error
        self.addresses += 1
        return f"rltc1qwallet{self.addresses}"


@pytest.fixture
def config(tmp_path: Path, ready_sqlite: Path) -> Iterator[Config]:
    """The demo's own configuration, with its database open for the test."""
    shutil.copyfile(ready_sqlite, tmp_path / "cashier.db")
    path = write_config(
        tmp_path,
        {"LTC": {"network": "regtest", "node": "http://127.0.0.1:1/wallet/none"}},
        template=TOP / "cashier.toml",
        page_port=4001,
        site_url="http://127.0.0.1:4000",
    )
    loaded = load_config(path, role="web")
    connection.open_database(loaded.database)
    with connection.connected():
        yield loaded


@pytest.fixture
def till(config: Config) -> Till:
    return Till(config)


@pytest.fixture
def purse() -> Purse:
    return Purse()


@pytest.fixture
def visitor(config: Config, till: Till, purse: Purse) -> Iterator[Visitor]:  # noqa: ARG001
    """A browser at the running site."""
    started, ports, ends = threading.Event(), list[int](), list[asyncio.Event]()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        sockets = bind_sockets(0, "127.0.0.1")
        ports.append(sockets[0].getsockname()[1])
        site = Site(config, {"LTC": purse}, url=f"http://127.0.0.1:{ports[0]}")
        site.start(sockets)
        ends.append(asyncio.Event())
        started.set()
        await ends[0].wait()
        await site.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(PATIENCE_S)
        yield Visitor(ports[0])
    finally:
        loop.call_soon_threadsafe(ends[0].set)
        thread.join(PATIENCE_S)
        loop.close()
