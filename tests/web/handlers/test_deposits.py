"""A client asks for an address: what it gets, and what refuses it."""

from __future__ import annotations

import pytest

from db.models import Address, History, Payment
from engine.config import Config
from tests.web.conftest import token_for
from tests.web.running import Visitor
from tests.web.till import Till


@pytest.mark.usefixtures("till")
def test_a_deposit_is_asked_for_once_and_answered_again(client: Visitor) -> None:
    first = client.post("/v1/deposits", {"currency": "LTC"})
    again = client.post("/v1/deposits", {"currency": "LTC"})

    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json
    given = first.json
    assert given["state"] == "requested"
    assert given["network"] == "regtest"
    assert given["uri"] == f"litecoin:{given['address']}"
    assert given["qr"].startswith("data:image/svg+xml")
    assert given["minimum"] == "0.001"
    assert given["confirmations_required"] == 3


def test_a_used_address_is_followed_by_a_new_one(client: Visitor, till: Till) -> None:
    first = client.post("/v1/deposits", {"currency": "LTC"}).json
    till.see(first["id"], 5_000)
    second = client.post("/v1/deposits", {"currency": "LTC"})
    assert second.status == 201
    assert second.json["address"] != first["address"]


@pytest.mark.usefixtures("till")
def test_an_unknown_currency_is_named_as_such(client: Visitor) -> None:
    answer = client.post("/v1/deposits", {"currency": "XYZ"})
    assert (answer.status, answer.code) == (422, "currency_unknown")


@pytest.mark.usefixtures("till")
def test_an_empty_pool_says_when_to_come_back(client: Visitor) -> None:
    Address.update(client="CR0001", issued_at="x", used_at="x").execute()
    answer = client.post("/v1/deposits", {"currency": "LTC"})
    assert (answer.status, answer.code) == (503, "address_pool_empty")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_sick_node_stops_no_address(client: Visitor, till: Till) -> None:
    till.chain("LTC", height=1000, state="paused", reason="node is catching up")
    assert client.post("/v1/deposits", {"currency": "LTC"}).status == 201


@pytest.mark.usefixtures("till")
def test_a_session_for_withdrawals_may_not_deposit(stranger: Visitor, config: Config) -> None:
    stranger.enter(token_for(config, action="withdraw"))
    answer = stranger.post("/v1/deposits", {"currency": "LTC"})
    assert (answer.status, answer.code) == (403, "action_not_granted")
    assert Payment.select().count() == 0


@pytest.mark.usefixtures("till")
def test_no_session_and_no_csrf_token_create_nothing(stranger: Visitor, client: Visitor) -> None:
    assert stranger.post("/v1/deposits", {"currency": "LTC"}).code == "session_missing"
    for wrong in ("", "deadbeef", client.csrf + "x"):
        client.csrf = wrong
        answer = client.post("/v1/deposits", {"currency": "LTC"})
        assert (answer.status, answer.code) == (403, "csrf_invalid")
    assert History.select().count() == 0


@pytest.mark.usefixtures("till")
def test_a_form_does_the_same_and_leads_back_to_the_page(client: Visitor) -> None:
    answer = client.submit("/v1/deposits", {"currency": "LTC", "_csrf": client.csrf})
    assert answer.status == 303
    assert answer.headers["Location"] == "/cashier?currency=LTC"
    assert Payment.select().count() == 1


@pytest.mark.usefixtures("till")
def test_a_form_without_its_token_is_refused_with_a_page(client: Visitor) -> None:
    answer = client.submit("/v1/deposits", {"currency": "LTC", "_csrf": "guess"})
    assert answer.status == 403
    assert answer.headers["Content-Type"].startswith("text/html")
    assert Payment.select().count() == 0


@pytest.mark.usefixtures("till")
def test_two_clients_never_get_one_address(config: Config, port: int) -> None:
    given = set()
    for name in ("CR1", "CR2", "CR3"):
        visitor = Visitor(port)
        visitor.enter(token_for(config, name))
        given.add(visitor.post("/v1/deposits", {"currency": "LTC"}).json["address"])
    assert len(given) == 3
