"""The site's server: its routes, its settings, and the doors that every request passes."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tornado.httpserver import HTTPServer
from tornado.web import Application

from demo.site import handlers
from demo.trouble import DemoTrouble
from engine.config import Config
from web.worker import Worker

HERE = Path(__file__).resolve().parent
BODY_BYTES_MAX = 16_384


class Faucet(Protocol):
    """A wallet that is not the cashier's. Both raise RpcError or OSError."""

    def pay(self, address: str, amount: str) -> str:
        """Pay test coins, `amount` whole ones; the txid."""

    def address(self) -> str:
        """An address where it can be paid."""


class Site:
    """The running site, in the demo's own process. It only reads the cashier's database, which
    must be open."""

    def __init__(self, config: Config, faucets: Mapping[str, Faucet], *, url: str) -> None:
        if not config.sandbox:
            raise DemoTrouble("the demo site is for sandbox networks only")
        self.url = url
        self._worker = Worker(threads=1)
        self._server = HTTPServer(
            make_app(config, faucets, self._worker, url=url), max_body_size=BODY_BYTES_MAX
        )

    def start(self, sockets: Sequence[socket.socket]) -> None:
        """Serve on sockets that listen already."""
        self._server.add_sockets(sockets)

    async def stop(self) -> None:
        """Serve no more."""
        self._server.stop()
        await self._server.close_all_connections()
        self._worker.close()


def make_app(
    config: Config, faucets: Mapping[str, Faucet], worker: Worker, *, url: str
) -> Application:
    """The routes and settings of the site at `url`."""
    routes: list[Any] = [
        (r"/", handlers.Home),
        (r"/accounts/([^/]*)", handlers.AccountPage),
        (r"/accounts/([^/]*)/live", handlers.Live),
        (r"/accounts/([^/]*)/(deposit|withdraw)", handlers.CashierButton),
        (r"/accounts/([^/]*)/faucet", handlers.FaucetButton),
    ]
    port = url.rpartition(":")[2]
    return Application(
        routes,
        default_handler_class=handlers.Nothing,
        template_path=str(HERE / "templates"),
        static_path=str(HERE / "static"),
        static_handler_class=handlers.Files,
        xsrf_cookies=True,
        # Cookies know no port: two demos on one machine must not overwrite each other's.
        xsrf_cookie_name=f"site_{port}_xsrf",
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Strict"},
        config=config,
        faucets=faucets,
        worker=worker,
        url=url,
        notices={},
        wallets={},
    )
