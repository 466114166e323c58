"""A client asks for a withdrawal over the API: once per key, within its rules, or not at all."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.models import Address, Client, Idempotency, Payment
from engine.clock import rfc3339, utc_now
from engine.config import Config
from tests.nodes.ports import PATIENCE_S
from tests.web.conftest import Configure, token_for
from tests.web.running import Answer, Visitor, running
from tests.web.till import Till

COIN = 100_000_000
ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
BODY = {"currency": "LTC", "address": ADDRESS, "amount": "1.5"}
TERMS = 'withdrawal = { minimum = "0.01", fee = "0.001", approve_above = "5", daily_limit = "8" }'


@pytest.fixture
def config(configure: Configure) -> Config:
    """Limits, and a client with ten coins."""
    config = configure(currencies=TERMS)
    Till(config).fund(10 * COIN)
    return config


def ask(client: Visitor, key: str | None = None, **changed: Any) -> Answer:
    """POST /v1/withdrawals with a key of its own, or this one."""
    return client.post(
        "/v1/withdrawals", {**BODY, **changed}, Idempotency_Key=key or secrets.token_hex(8)
    )


def count() -> int:
    return Payment.select().where(Payment.kind == "withdrawal").count()


def test_the_history_says_which_way_each_payment_went(client: Visitor) -> None:
    ask(client)
    told = client.get("/cashier/history").text
    assert told.index("Withdrawal · <time") < told.index("Deposit · <time")


def test_a_withdrawal_is_answered_with_the_payment(client: Visitor) -> None:
    answer = ask(client)
    assert answer.status == 201
    given = answer.json
    assert (given["kind"], given["state"], given["network"]) == (
        "withdrawal",
        "requested",
        "regtest",
    )
    assert (given["amount"], given["fee"], given["address"]) == ("1.5", "0.001", ADDRESS)
    assert given["uri"] is None
    assert "Idempotency-Replayed" not in answer.headers
    [balance] = client.get("/v1/balances").json["items"]
    assert (balance["available"], balance["in_transit"]) == ("8.499", "1.501")
    assert client.get(f"/v1/payments/{given['id']}").json["history"][0]["event"] == "request"


def test_the_terms_are_known_before(client: Visitor) -> None:
    [currency] = client.get("/v1/currencies").json["items"]
    assert currency["withdrawals"] == {
        "state": "open",
        "reason": None,
        "minimum": "0.01",
        "fee": "0.001",
    }


def test_a_pause_is_told_and_takes_wishes_all_the_same(client: Visitor, config: Config) -> None:
    Till(config, addresses=0).chain("LTC", height=1000, state="paused", reason="catching up")
    [currency] = client.get("/v1/currencies").json["items"]
    assert (currency["withdrawals"]["state"], currency["withdrawals"]["reason"]) == (
        "paused",
        "catching up",
    )
    assert ask(client).status == 201


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"currency": "XYZ"}, 422, "currency_unknown"),
        ({"currency": None}, 422, "currency_unknown"),
        ({"amount": 1}, 422, "amount_invalid"),
        ({"amount": "1e1"}, 422, "amount_invalid"),
        ({"amount": ["1"]}, 422, "amount_invalid"),
        ({"amount": "1.000000001"}, 422, "amount_precision"),
        ({"amount": "0"}, 422, "amount_below_minimum"),
        ({"amount": "0.00000546"}, 422, "amount_below_minimum"),
        ({"address": ""}, 422, "address_invalid"),
        ({"address": 7}, 422, "address_invalid"),
        ({"address": f"{ADDRESS} "}, 422, "address_invalid"),
        ({"address": ADDRESS[:-1]}, 422, "address_invalid"),
        ({"address": "\ud800"}, 422, "address_invalid"),
        ({"address": "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"}, 422, "address_wrong_network"),
        ({"amount": "8.00000001"}, 422, "limit_exceeded"),
        ({"amount": 1.5}, 400, "body_invalid"),
        ({"more": "1"}, 400, "body_invalid"),
    ],
)
def test_what_is_wrong_is_named_and_moves_nothing(
    client: Visitor, changed: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(client, **changed)
    assert (answer.status, answer.code) == (status, code)
    assert count() == 0


def test_more_than_there_is_is_refused(client: Visitor, config: Config) -> None:
    Till(config, addresses=5).fund(COIN, client="CR0007")
    other = Visitor(client.port)
    other.enter(token_for(config, "CR0007"))
    answer = ask(other, amount="1")
    assert (answer.status, answer.code) == (422, "balance_insufficient")
    assert ask(other, amount="0.999").status == 201


def test_an_own_address_and_a_blocked_client_are_refused(client: Visitor) -> None:
    own = Address.get(Address.client.is_null()).id
    given = str(Address.get_by_id(own).address)
    Address.update(address=ADDRESS).where(Address.id == own).execute()
    assert ask(client).code == "address_own"
    Address.update(address=given).where(Address.id == own).execute()
    Client.update(blocked=True).execute()
    assert ask(client).code == "client_blocked"


def test_a_larger_one_is_held_and_says_so(client: Visitor) -> None:
    given = ask(client, amount="6").json
    assert (given["state"], given["reason"]) == (
        "held",
        "larger withdrawals are looked at by a person",
    )


# --- the same request again


def test_the_same_request_again_is_the_first_answer(client: Visitor) -> None:
    first, again = ask(client, "k1"), ask(client, '"k1"')
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count() == 1


def test_a_first_answer_stays_though_the_payment_moves(client: Visitor) -> None:
    first = ask(client, "k1")
    client.post(f"/v1/withdrawals/{first.json['id']}/cancel", {})
    assert ask(client, "k1").body == first.body


def test_a_refusal_is_the_answer_too(client: Visitor) -> None:
    first = ask(client, "k1", address="nowhere")
    again = ask(client, "k1", address="nowhere")
    assert (again.status, again.code) == (422, "address_invalid")
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_of_another_request_is_refused(client: Visitor) -> None:
    ask(client, "k1")
    for changed in ({"amount": "1.6"}, {"amount": 1}, {"address": "x"}, {"currency": "BTC"}):
        answer = ask(client, "k1", **changed)
        assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert count() == 1


def test_another_clients_key_is_another_key(client: Visitor, config: Config) -> None:
    Till(config, addresses=5).fund(10 * COIN, client="CR0007")
    other = Visitor(client.port)
    other.enter(token_for(config, "CR0007"))
    assert ask(client, "k1").json["id"] != ask(other, "k1").json["id"]
    assert count() == 2


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_missing"),
        ("a b", "idempotency_key_invalid"),
        ('"', "idempotency_key_invalid"),
        ("x" * 256, "idempotency_key_invalid"),
        ("\xe9", "idempotency_key_invalid"),
    ],
)
def test_a_key_is_needed_and_of_one_form(client: Visitor, key: str | None, code: str) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = client.post("/v1/withdrawals", BODY, **headers)
    assert (answer.status, answer.code) == (400, code)
    assert count() == 0


def test_a_key_is_not_taken_by_what_never_was_a_request(client: Visitor) -> None:
    assert ask(client, "k1", more="1").code == "body_invalid"
    csrf, client.csrf = client.csrf, "guess"
    assert ask(client, "k1").code == "csrf_invalid"
    client.csrf = csrf
    assert ask(client, "k1").status == 201


def test_while_the_first_runs_the_second_is_told_to_wait(client: Visitor) -> None:
    ask(client, "k1")
    Idempotency.update(status=None, body=None, created_at=rfc3339(utc_now())).execute()
    answer = ask(client, "k1")
    assert (answer.status, answer.code) == (409, "idempotency_key_running")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_double_click_is_one_withdrawal(client: Visitor) -> None:
    answers: list[Answer] = []

    def click() -> None:
        twin = Visitor(client.port, cookies=dict(client.cookies), csrf=client.csrf)
        answers.append(ask(twin, "k1"))

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.json["id"] for answer in answers if answer.status == 201}) == 1
    assert count() == 1


# --- the risk hook


LOOKING, DECIDED = threading.Event(), threading.Event()


def decide(_: object) -> str:
    """A hook that lets it go when it is told to."""
    LOOKING.set()
    DECIDED.wait(PATIENCE_S)
    return "allow"


@pytest.fixture
def hook() -> Iterator[str]:
    """`decide` as cashier.toml names it; it answers when the test ends, or before."""
    LOOKING.clear()
    DECIDED.clear()
    yield f'[risk]\npython = "{__name__}:decide"'
    DECIDED.set()


def test_a_hook_that_does_not_answer_in_time_holds_the_withdrawal(
    configure: Configure, hook: str
) -> None:
    config = configure(currencies=f"{TERMS}\n{hook}\ntimeout = 1")
    Till(config).fund(10 * COIN)
    with running(config) as port:
        client = Visitor(port)
        client.enter(token_for(config))
        assert ask(client).json["state"] == "held"


def test_a_hook_that_takes_its_time_holds_up_nobody_else(configure: Configure, hook: str) -> None:
    config = configure(currencies=f"{TERMS}\n{hook}\ntimeout = 60")
    Till(config).fund(10 * COIN)
    with running(config) as port:
        client = Visitor(port)
        client.enter(token_for(config))
        answers: list[Answer] = []
        asking = threading.Thread(target=lambda: answers.append(ask(client)))
        asking.start()
        assert LOOKING.wait(PATIENCE_S)
        assert client.get("/v1/balances").status == 200
        assert not answers
        DECIDED.set()
        asking.join(PATIENCE_S)
    assert answers[0].json["state"] == "requested"


# --- taking it back


def cancel(client: Visitor, payment: str) -> Answer:
    return client.post(f"/v1/withdrawals/{payment}/cancel", {})


def test_a_withdrawal_is_taken_back_once_and_answered_again(client: Visitor) -> None:
    payment = ask(client).json["id"]
    first, again = cancel(client, payment), cancel(client, payment)
    assert (first.status, first.json["state"]) == (200, "cancelled")
    assert first.json == again.json
    [balance] = client.get("/v1/balances").json["items"]
    assert (balance["available"], balance["in_transit"]) == ("10", "0")
    empty = client.ask(
        "POST", f"/v1/withdrawals/{payment}/cancel", b"", {"X-CSRF-Token": client.csrf}
    )
    assert empty.status == 200


def test_too_late_is_said_and_changes_nothing(client: Visitor, config: Config) -> None:
    payment = ask(client).json["id"]
    Till(config, addresses=0).move(payment, "sign", attempt="a" * 32, sub_state="sending")
    answer = cancel(client, payment)
    assert (answer.status, answer.code) == (409, "too_late")
    assert client.get(f"/v1/payments/{payment}").json["state"] == "requested"


def test_anothers_withdrawal_and_a_deposit_are_not_there(client: Visitor, config: Config) -> None:
    payment = ask(client).json["id"]
    deposit = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    other = Visitor(client.port)
    other.enter(token_for(config, "CR0007"))
    for visitor, path in ((other, payment), (client, deposit), (client, "x"), (client, "%00")):
        answer = cancel(visitor, path)
        assert (answer.status, answer.code) == (404, "payment_not_found")
    assert client.get(f"/v1/payments/{payment}").json["state"] == "requested"


# --- who may


def test_a_session_for_deposits_may_not_withdraw(client: Visitor, config: Config) -> None:
    payment = ask(client).json["id"]
    depositor = Visitor(client.port)
    depositor.enter(token_for(config, action="deposit"))
    for answer in (ask(depositor), cancel(depositor, payment)):
        assert (answer.status, answer.code) == (403, "action_not_granted")
    assert count() == 1


def test_no_session_and_no_csrf_token_ask_for_nothing(stranger: Visitor, client: Visitor) -> None:
    assert ask(stranger).code == "session_missing"
    client.csrf = "guess"
    assert ask(client).code == "csrf_invalid"
    assert cancel(client, "0" * 32).code == "csrf_invalid"
    assert count() == 0


# --- garbage


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from([*BODY, "x"]), inner, max_size=4)
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_garbage_is_refused_with_a_code(client: Visitor, body: bytes) -> None:
    headers = {
        "Content-Type": "application/json",
        "X-CSRF-Token": client.csrf,
        "Idempotency-Key": secrets.token_hex(8),
    }
    answer = client.ask("POST", "/v1/withdrawals", body, headers)
    assert 400 <= answer.status < 500
    assert answer.code
    assert count() == 0
