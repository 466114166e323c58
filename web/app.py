"""The web application: one table of routes, one dictionary of settings."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from tornado.web import Application as TornadoApplication
from tornado.web import RequestHandler

from engine.config import Config
from web.desk import Desk, make_desk
from web.feed import Feed
from web.handlers.balances import BalancesHandler
from web.handlers.currencies import CurrenciesHandler
from web.handlers.deposits import DepositsHandler
from web.handlers.documents import DocsHandler, OpenApiHandler
from web.handlers.feed import FeedHandler
from web.handlers.handshake import HandshakeHandler
from web.handlers.operations import HealthHandler, MetricsHandler, ReadyHandler
from web.handlers.page import DepositPage, HistoryPage, HomePage, NotFound, PaymentPage
from web.handlers.payments import PaymentHandler, PaymentsHandler
from web.handlers.static import StaticHandler
from web.handlers.withdraw_page import WithdrawPage
from web.handlers.withdrawals import CancelHandler, WithdrawalsHandler
from web.worker import Worker

FOLDER = Path(__file__).parent
SOCKET_BYTES_MAX = 4096
PING_S = 20.0

log = logging.getLogger("cashier.web.access")

ROUTES: list[tuple[str, type[RequestHandler]]] = [
    (r"/", HomePage),
    (r"/cashier", DepositPage),
    (r"/cashier/withdraw", WithdrawPage),
    (r"/cashier/history", HistoryPage),
    (r"/cashier/payments/([^/]+)", PaymentPage),
    (r"/v1/handshake", HandshakeHandler),
    (r"/v1/currencies", CurrenciesHandler),
    (r"/v1/deposits", DepositsHandler),
    (r"/v1/withdrawals", WithdrawalsHandler),
    (r"/v1/withdrawals/([^/]+)/cancel", CancelHandler),
    (r"/v1/payments", PaymentsHandler),
    (r"/v1/payments/([^/]+)", PaymentHandler),
    (r"/v1/balances", BalancesHandler),
    (r"/v1/feed", FeedHandler),
    (r"/healthz", HealthHandler),
    (r"/readyz", ReadyHandler),
    (r"/metrics", MetricsHandler),
    (r"/openapi\.json", OpenApiHandler),
    (r"/docs", DocsHandler),
    (r"/static/([a-z-]+\.(?:css|js|svg))", StaticHandler),
]


class Application(TornadoApplication):
    """The application, and the desk that its handlers share."""

    def __init__(self, desk: Desk, **settings: Any) -> None:
        self.desk = desk
        super().__init__(list(ROUTES), desk=desk, **settings)


def make_app(config: Config, *, worker: Worker, feed: Feed) -> Application:
    """The application of one web process."""
    return Application(
        make_desk(config, worker=worker, feed=feed),
        default_handler_class=NotFound,
        template_path=str(FOLDER / "templates"),
        log_function=_log_answer,
        websocket_max_message_size=SOCKET_BYTES_MAX,
        websocket_ping_interval=PING_S,
        websocket_ping_timeout=PING_S,
        xheaders=False,
    )


def _log_answer(handler: RequestHandler) -> None:
    """Count and log one answer; never its query, which may hold a token."""
    request = handler.request
    desk: Desk = handler.settings["desk"]
    took_s = request.request_time()
    method = request.method or ""
    desk.meters.count(method, handler.get_status(), took_s)
    log.info(
        "%s %s %s %d %.1f ms",
        getattr(handler, "request_id", "-"),
        ascii(method)[1:-1],
        ascii(request.path[:200])[1:-1],
        handler.get_status(),
        took_s * 1000,
    )
