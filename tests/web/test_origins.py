"""Hosts and origins: our names, the site's, and everybody else's."""

from __future__ import annotations

import pytest

from engine.config import Config
from tests.web.conftest import Configure
from tests.web.running import Visitor
from web.origins import Origins


@pytest.mark.parametrize("host", ["127.0.0.1:8700", "localhost:1", "LOCALHOST", "[::1]:8700"])
def test_a_local_page_is_known_by_this_machines_names(config: Config, host: str) -> None:
    assert Origins(config).knows_host(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8700", "", "8.8.8.8"]
)
def test_a_strange_host_is_refused(config: Config, stranger: Visitor, host: str) -> None:
    assert not Origins(config).knows_host(host)
    if host:
        answer = stranger.get("/healthz", Host=host)
        assert (answer.status, answer.code) == (421, "host_unknown")


def test_the_public_name_is_known_and_its_scheme_is_ours(configure: Configure) -> None:
    config = configure(web='public_url = "https://cashier.example"')
    origins = Origins(config)
    assert origins.secure
    assert origins.is_own("https://cashier.example", host="cashier.example")
    assert not origins.is_own("http://cashier.example", host="cashier.example")
    assert not origins.is_own("https://cashier.example:444", host="cashier.example")
    assert not origins.is_own("https://evil.example", host="evil.example")
    assert not origins.is_own("null", host="cashier.example")


def test_on_a_sandbox_any_site_may_lead_here(config: Config) -> None:
    assert Origins(config).is_site("https://anything.example")
    assert Origins(config).is_site(None)
    assert Origins(config).site_url is None


def test_with_a_list_only_its_sites_may(configure: Configure) -> None:
    origins = Origins(
        configure(site='origins = ["https://*.trading.example", "https://t.example"]')
    )
    assert origins.is_site("https://t.example")
    assert origins.is_site("https://www.trading.example")
    assert not origins.is_site("https://trading.example.evil.example")
    assert not origins.is_site("https://eviltrading.example")
    assert not origins.is_site("http://www.trading.example")
    assert not origins.is_site("null")
    assert not origins.is_site(None)
    assert origins.site_url == "https://t.example"
