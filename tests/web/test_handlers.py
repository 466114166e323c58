"""The API beside deposits and the page: handshake, lists, operations, documents, files."""

from __future__ import annotations

import logging
import re
import threading

import jwt
import pytest

from db.models import Client, Payment, Session, UsedToken
from engine.config import Config
from tests.web.conftest import SECRET, token_for
from tests.web.running import Visitor
from tests.web.till import Till
from web.files import FOLDER, read_file

# --- handshake


def test_a_handshake_answers_with_the_session(stranger: Visitor, config: Config) -> None:
    answer = stranger.enter(token_for(config, currency="LTC"))
    assert answer.status == 201
    assert {k: v for k, v in answer.json.items() if k not in {"csrf", "expires_at"}} == {
        "client": "CR1042",
        "action": "both",
        "currency": "LTC",
        "currencies": ["LTC"],
    }
    assert stranger.get("/v1/balances").status == 200


def test_a_token_works_once_even_at_the_same_moment(port: int, config: Config) -> None:
    token = token_for(config)
    statuses: list[int] = []

    def enter() -> None:
        statuses.append(Visitor(port).enter(token).status)

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [401] * 7
    assert Session.select().count() == 1


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("garbage", "token_invalid"),
        (jwt.encode({"sub": "CR1"}, SECRET + "x", algorithm="HS256"), "token_invalid"),
        (jwt.encode({"sub": "CR1"}, SECRET, algorithm="HS384"), "token_invalid"),
    ],
)
def test_a_forged_token_is_refused_and_nothing_created(
    stranger: Visitor, token: str, code: str
) -> None:
    answer = stranger.enter(token)
    assert (answer.status, answer.code) == (401, code)
    assert "Set-Cookie" not in answer.headers
    assert [t.select().count() for t in (Session, Client, UsedToken)] == [0, 0, 0]


def test_a_replayed_token_leaves_the_first_session_alone(client: Visitor, config: Config) -> None:
    token = token_for(config, "CR0007")
    assert Visitor(client.port).enter(token).status == 201
    answer = client.enter(token)
    assert (answer.status, answer.code) == (401, "token_replayed")
    assert client.get("/v1/balances").status == 200


def test_a_new_handshake_ends_the_old_session_of_the_cookie(
    client: Visitor, config: Config
) -> None:
    old = dict(client.cookies)
    client.enter(token_for(config, "CR0007"))
    assert client.get("/v1/balances").status == 200
    assert client.cookies != old
    client.cookies = old
    assert client.get("/v1/balances").code == "session_missing"


def test_tokens_are_in_no_log(
    stranger: Visitor, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        token = token_for(config)
        stranger.get(f"/cashier?token={token}")
        stranger.get(f"/cashier?token={token}x")
        stranger.get(f"/nothing?token={token}")
    assert caplog.records
    assert token not in caplog.text
    assert token.rpartition(".")[2] not in caplog.text


# --- payments, balances, currencies


def test_a_list_is_followed_by_its_cursor(client: Visitor, till: Till) -> None:
    for units in (1, 2, 3):
        till.see(client.post("/v1/deposits", {"currency": "LTC"}).json["id"], units)
    first = client.get("/v1/payments?limit=2").json
    assert [item["amount"] for item in first["items"]] == ["0.00000003", "0.00000002"]
    rest = client.get(f"/v1/payments?limit=2&after={first['next']}").json
    assert [item["amount"] for item in rest["items"]] == ["0.00000001"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=-1",
        "after=",
        "after=1e3",
        "after=" + "9" * 30,
        "after=%EF%BC%91",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "other=1",
        "after=%ff",
    ],
)
def test_a_query_of_the_wrong_form_is_refused(client: Visitor, query: str) -> None:
    answer = client.get(f"/v1/payments?{query}")
    assert answer.status == 400
    assert answer.code in {"query_invalid", "request_malformed"}


def test_one_payment_comes_with_what_its_client_may_know_of_it(client: Visitor, till: Till) -> None:
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    till.see(payment, 5, height=999)
    answer = client.get(f"/v1/payments/{payment}").json
    assert answer["confirmations"] == 2
    assert [(row["from"], row["to"]) for row in answer["history"]] == [
        (None, "requested"),
        ("requested", "pending"),
    ]
    assert "10.0.0.5" not in str(answer)


@pytest.mark.usefixtures("till")
def test_another_clients_payment_does_not_exist(client: Visitor, config: Config) -> None:
    other = Visitor(client.port)
    other.enter(token_for(config, "CR0007"))
    foreign = other.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    for path in (foreign, foreign.upper(), "0" * 32, "x", "%00", "..%2f..", "'--", foreign + "0"):
        answer = client.get(f"/v1/payments/{path}")
        assert (answer.status, answer.code) == (404, "payment_not_found")
    assert client.get("/v1/payments").json["items"] == []


def test_a_balance_is_what_was_credited(client: Visitor, till: Till) -> None:
    till.deposit(client.post("/v1/deposits", {"currency": "LTC"}).json["id"], 150_000_000)
    till.see(client.post("/v1/deposits", {"currency": "LTC"}).json["id"], 5)
    assert client.get("/v1/balances").json == {
        "items": [
            {
                "currency": "LTC",
                "available": "1.5",
                "pending": "0.00000005",
                "in_transit": "0",
            }
        ],
        "next": None,
    }


@pytest.mark.usefixtures("till")
def test_currencies_say_what_is_open_and_on_what_terms(client: Visitor) -> None:
    item = client.get("/v1/currencies").json["items"][0]
    assert (item["symbol"], item["network"], item["confirmations"]) == ("LTC", "regtest", 3)
    assert item["deposits"] == {"state": "open", "reason": None, "minimum": "0.001"}


# --- operations


def test_a_process_is_ready_while_a_chain_is_sick(stranger: Visitor, till: Till) -> None:
    till.chain("LTC", height=1000, state="paused", reason="our node is catching up")
    answer = stranger.get("/readyz")
    assert answer.status == 200
    assert answer.json["chains"][0]["state"] == "paused"
    assert answer.json["chains"][0]["reason"] == "our node is catching up"


def test_a_chain_that_was_never_asked_is_named(stranger: Visitor) -> None:
    assert stranger.get("/readyz").json["chains"][0]["currency"] == "LTC"


def test_a_process_without_its_database_is_not_ready(stranger: Visitor) -> None:
    Client._meta.database.execute_sql("ALTER TABLE chain RENAME TO gone")
    assert stranger.get("/readyz").status == 503
    assert stranger.get("/healthz").status == 200


@pytest.mark.usefixtures("till")
def test_metrics_count_answers_and_name_no_client(client: Visitor) -> None:
    client.get("/v1/balances")
    client.get("/nothing")
    text = client.get("/metrics").text
    assert 'cashier_http_answers_total{method="GET",status="200"} ' in text
    assert 'cashier_http_answers_total{method="GET",status="404"} 1' in text
    assert 'cashier_chain_well{chain="LTC"} 1' in text
    assert "CR1042" not in text


# --- documents and files


def test_the_api_describes_every_call_that_it_has(stranger: Visitor) -> None:
    document = stranger.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    page = stranger.get("/docs", Accept="text/html").text
    for path in document["paths"]:
        assert path in page
    assert "/v1/deposits" in document["paths"]


@pytest.mark.usefixtures("till")
def test_a_described_payment_is_a_payment(stranger: Visitor, client: Visitor) -> None:
    schemas = stranger.get("/openapi.json").json["components"]["schemas"]
    given = client.post("/v1/deposits", {"currency": "LTC"}).json
    assert set(schemas["Deposit"]["properties"]) == set(given)
    listed = client.get(f"/v1/payments/{given['id']}").json
    assert set(schemas["PaymentWithHistory"]["properties"]) == set(listed)
    currency = client.get("/v1/currencies").json["items"][0]
    assert set(schemas["Currency"]["properties"]) == set(currency)
    balance = client.get("/v1/balances").json["items"][0]
    assert set(schemas["Balance"]["properties"]) == set(balance)


def test_references_in_the_description_lead_somewhere(stranger: Visitor) -> None:
    answer = stranger.get("/openapi.json")
    names = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
    assert names <= set(answer.json["components"]["schemas"])


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_a_file_is_kept_under_its_contents_name(stranger: Visitor, name: str) -> None:
    kept = stranger.get(f"/static/{name}?v={read_file(name).version}")
    assert kept.status == 200
    assert "immutable" in kept.headers["Cache-Control"]
    assert stranger.get(f"/static/{name}").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["none.css", "../app.py", "..%2fapp.py", "%2e%2e/app.py", "page.css/..", "", "a.html"]
)
def test_no_other_file_is_given_out(stranger: Visitor, path: str) -> None:
    assert stranger.get(f"/static/{path}").status == 404


def test_a_refused_request_is_quick(client: Visitor) -> None:
    import time

    client.get("/v1/payments")
    start = time.process_time()  # our own work, whatever else the machine does
    for _ in range(20):
        client.get("/v1/payments?after=x")
        client.post("/v1/deposits", {"currency": 5})
    assert (time.process_time() - start) / 40 < 0.05
    assert Payment.select().count() == 0
