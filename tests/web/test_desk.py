"""The shared parts follow the configuration, and so does the application over them."""

from __future__ import annotations

from datetime import UTC

import pytest

from engine.config import Config
from engine.errors import ConfigError
from tests.web.conftest import Configure
from web.app import ROUTES, make_app
from web.base import BaseHandler
from web.desk import make_desk
from web.feed import Feed
from web.worker import Worker


def test_the_desk_is_as_the_configuration_says(configure: Configure) -> None:
    config = configure(
        web='public_url = "https://cashier.example"\nframe_ancestors = ["https://t.example"]'
    )
    worker = Worker(1)
    try:
        desk = make_desk(config, worker=worker, feed=Feed(config, worker))
    finally:
        worker.close()
    assert desk.cookies.secure
    assert desk.cookies.embedded
    assert desk.by_address.per_minute == desk.by_client.per_minute == 0
    assert "https://t.example" in desk.headers["Content-Security-Policy"]
    assert desk.now().tzinfo is UTC


def test_every_route_has_the_checks_of_the_base(config: Config) -> None:
    assert all(issubclass(handler, BaseHandler) for _, handler in ROUTES)
    worker = Worker(1)
    try:
        app = make_app(config, worker=worker, feed=Feed(config, worker))
    finally:
        worker.close()
    assert issubclass(app.settings["default_handler_class"], BaseHandler)


def test_a_risk_hook_that_cannot_be_loaded_stops_the_start(configure: Configure) -> None:
    config = configure(currencies='[risk]\npython = "nowhere:decide"')
    worker = Worker(1)
    try:
        with pytest.raises(ConfigError, match="nowhere"):
            make_desk(config, worker=worker, feed=Feed(config, worker))
    finally:
        worker.close()
