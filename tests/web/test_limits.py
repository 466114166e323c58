"""Rates and addresses: who is slowed down, and whom a request counts for."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.conftest import Configure, token_for
from tests.web.running import Visitor, running
from tests.web.till import Till
from web.limits import OpenConnections, RateLimit, client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_a_minute_allows_its_number_and_refills_evenly() -> None:
    limit = RateLimit(60)
    assert [limit.wait_s("a", at_s=0.0) for _ in range(60)] == [0.0] * 60
    assert limit.wait_s("a", at_s=0.0) == pytest.approx(1.0)
    assert limit.wait_s("a", at_s=1.01) == 0.0
    assert limit.wait_s("a", at_s=1.02) > 0


def test_keys_do_not_share_and_zero_is_off() -> None:
    limit = RateLimit(1)
    assert limit.wait_s("a", at_s=0.0) == 0.0
    assert limit.wait_s("b", at_s=0.0) == 0.0
    assert limit.wait_s("a", at_s=0.0) > 0
    off = RateLimit(0)
    assert not any(off.wait_s("a", at_s=0.0) for _ in range(1000))


def test_memory_is_bounded() -> None:
    limit = RateLimit(1, keys_max=10)
    for number in range(1000):
        limit.wait_s(str(number), at_s=0.0)
    assert len(limit._buckets) == 10


def test_a_clock_that_runs_back_gives_nothing() -> None:
    limit = RateLimit(1)
    assert limit.wait_s("a", at_s=100.0) == 0.0
    assert limit.wait_s("a", at_s=0.0) > 0


@pytest.mark.parametrize(
    ("remote", "forwarded", "counted"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.7", "203.0.113.5"),  # nobody vouches for it
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),  # invented by 198.51.100.7
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, garbage", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "", "2001:db8:1:2::/64"),
        ("not an address", "198.51.100.7", "not an address"),
    ],
)
def test_a_request_counts_for_the_last_address_that_our_proxies_saw(
    remote: str, forwarded: str, counted: str
) -> None:
    assert client_address(remote, forwarded, trusted=PROXIES) == counted


@given(remote=st.text(max_size=60), forwarded=st.text(max_size=200))
def test_any_header_leaves_an_address(remote: str, forwarded: str) -> None:
    assert isinstance(client_address(remote, forwarded, trusted=PROXIES), str)


def test_a_proxy_of_ours_stands_for_everybody() -> None:
    places = OpenConnections(total=4, per_address=2, trusted=PROXIES)
    assert [places.admit("203.0.113.5") for _ in range(3)] == [True, True, False]
    assert [places.admit("10.0.0.1") for _ in range(3)] == [True, True, False]
    places.leave("203.0.113.5")
    assert places.admit("10.0.0.1")


def test_too_many_requests_are_told_when_to_come_back(configure: Configure) -> None:
    config = configure(web="")
    limited = config.web.model_copy(update={"rate_limit": 5})
    object.__setattr__(config, "web", limited)
    Till(config)
    with running(config) as port:
        visitor = Visitor(port)
        answers = [visitor.get("/v1/currencies") for _ in range(7)]
        assert [answer.status for answer in answers[:5]] == [401] * 5
        assert answers[6].code == "rate_limited"
        assert int(answers[6].headers["Retry-After"]) > 0
        assert visitor.get("/healthz").status == 200


def test_a_client_is_limited_wherever_it_asks_from(configure: Configure) -> None:
    config = configure(web='trusted_proxies = ["127.0.0.1"]')
    object.__setattr__(config, "web", config.web.model_copy(update={"rate_limit": 5}))
    Till(config)
    with running(config) as port:
        visitor = Visitor(port)
        visitor.enter(token_for(config))
        codes = [
            visitor.get("/v1/balances", X_Forwarded_For=f"198.51.100.{n}").status for n in range(8)
        ]
    assert codes[:5] == [200] * 5
    assert codes[-1] == 429
