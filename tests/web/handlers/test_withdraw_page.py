"""The withdrawal page without a script: form, review, one request, each mistake at its field."""

from __future__ import annotations

import re
from html import unescape

import pytest

from db.models import Payment
from engine.config import Config
from tests.web.conftest import Configure, token_for
from tests.web.running import Answer, Visitor
from tests.web.till import Till

COIN = 100_000_000
ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
PAGE = "/cashier/withdraw?currency=LTC"
FORM = {"currency": "LTC", "address": ADDRESS, "amount": "1.5"}
TERMS = 'withdrawal = { minimum = "0.01", fee = "0.001", approve_above = "5" }'
RULE = """
[[rule]]
name = "nobody"
kind = "withdrawal"
clients = ["CR0007"]
then = "refuse"
reason = "Not <b>from</b> here"
"""


@pytest.fixture
def config(configure: Configure) -> Config:
    config = configure(currencies=TERMS + RULE)
    Till(config).fund(10 * COIN)
    return config


def review(client: Visitor, **changed: str) -> Answer:
    return client.submit("/cashier/withdraw", {**FORM, "_csrf": client.csrf, **changed})


def key_in(page: Answer) -> str:
    found = re.search(r'name="_idempotency" value="([^"]+)"', page.text)
    assert found
    return unescape(found[1])


def confirm(client: Visitor, key: str, **changed: str) -> Answer:
    form = {**FORM, "_csrf": client.csrf, "_idempotency": key, **changed}
    return client.submit("/v1/withdrawals", form)


def test_terms_are_said_before(client: Visitor) -> None:
    page = client.get("/cashier/withdraw", Accept="text/html").text
    for words in (
        "Fee 0.001 LTC, added to the amount",
        "Minimum 0.01 LTC.",
        "More than 5 LTC at once waits for a person.",
        'Available <span class="amount">10.00000000 LTC</span>',
        "Everything: 9.999",
        "practice network (regtest)",
    ):
        assert words in page


def test_a_review_moves_nothing_and_shows_every_figure(client: Visitor) -> None:
    page = review(client, address=ADDRESS.upper(), amount=" 6 ")
    assert page.status == 200
    for words in ("6.00000000 LTC", "0.00100000 LTC", "6.00100000 LTC", "3.99900000 LTC"):
        assert words in page.text
    assert f'name="address" value="{ADDRESS}"' in page.text
    assert "will wait for a person" in page.text
    assert Payment.select().where(Payment.kind == "withdrawal").count() == 0
    assert key_in(page) != key_in(review(client))


def test_a_form_asks_once_however_often_it_is_sent(client: Visitor) -> None:
    key = key_in(review(client))
    for _ in range(3):
        answer = confirm(client, key)
        assert (answer.status, answer.headers["Location"]) == (
            303,
            "/cashier/withdraw?currency=LTC",
        )
    assert Payment.select().where(Payment.kind == "withdrawal").count() == 1
    page = client.get("/cashier/withdraw", Accept="text/html").text
    assert "1.501 LTC are set aside" in page
    assert "Cancel this withdrawal" in page


def test_a_form_is_cancelled_by_its_button(client: Visitor) -> None:
    confirm(client, "k1")
    payment = Payment.get(Payment.kind == "withdrawal")
    answer = client.submit(f"/v1/withdrawals/{payment.id}/cancel", {"_csrf": client.csrf})
    assert (answer.status, answer.headers["Location"]) == (303, "/cashier/withdraw?currency=LTC")
    assert Payment.get_by_id(payment.id).state == "cancelled"
    assert "Cancelled" in client.get("/cashier/withdraw", Accept="text/html").text


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"amount": "11"}, "amount", "11.001 LTC are needed"),
        ({"amount": "x"}, "amount", "Amount must be a decimal string"),
        ({"amount": ""}, "amount", "Amount must be a decimal string"),
        ({"address": "<script>alert(1)</script>"}, "address", "This is no Litecoin address"),
        ({"address": "0x" + "0" * 40}, "address", "This is an address of Ethereum"),
    ],
)
@pytest.mark.parametrize("step", ["review", "confirm"])
def test_what_is_wrong_stands_at_its_field(
    client: Visitor, changed: dict[str, str], field: str, said: str, step: str
) -> None:
    answer = review(client, **changed) if step == "review" else confirm(client, "k1", **changed)
    assert answer.status == 422
    wrong = re.search(r'class="wrong" id="(\w+)-wrong" role="alert">([^<]*)', answer.text)
    assert wrong
    assert wrong[1] == field
    assert unescape(wrong[2]).startswith(said)
    assert "<script>alert" not in answer.text
    for name, text in {**FORM, **changed}.items():
        if name != "currency":
            assert f'name="{name}" value="{text.replace("<", "&lt;").replace(">", "&gt;")}"' in (
                answer.text
            )


def test_a_refusal_from_before_is_shown_again(client: Visitor) -> None:
    for _ in range(2):
        answer = confirm(client, "k1", amount="11")
        assert answer.status == 422
        assert "11.001 LTC are needed" in answer.text


def test_an_unknown_currency_leads_back_to_the_choice(client: Visitor) -> None:
    for answer in (review(client, currency="XYZ"), confirm(client, "k1", currency="XYZ")):
        assert answer.status == 422
        assert answer.headers["Content-Type"].startswith("text/html")


def test_change_something_keeps_what_was_typed(client: Visitor) -> None:
    form = {**FORM, "amount": "77", "_csrf": client.csrf}
    page = client.submit("/cashier/withdraw?change=1", form)
    assert page.status == 200
    assert 'name="amount" value="77"' in page.text
    assert f'name="address" value="{ADDRESS}"' in page.text


def test_a_rule_that_refuses_is_said_before_and_on_the_card(
    client: Visitor, config: Config
) -> None:
    Till(config, addresses=5).fund(10 * COIN, client="CR0007")
    other = Visitor(client.port)
    other.enter(token_for(config, "CR0007"))
    page = review(other).text
    assert "will not be carried out: Not &lt;b&gt;from&lt;/b&gt; here" in page
    confirm(other, "k1")
    page = other.get("/cashier/withdraw", Accept="text/html").text
    assert "Amount and fee are back in your balance" in page
    assert "<b>from</b>" not in page


def test_what_a_client_types_is_in_no_address(client: Visitor) -> None:
    page = client.get(f"/cashier/withdraw?amount=5&address={ADDRESS}", Accept="text/html").text
    assert ADDRESS not in page
    assert 'name="amount" value=""' in page
    every = client.get("/cashier/withdraw?amount=all", Accept="text/html").text
    assert 'name="amount" value="9.999"' in every


def test_only_whom_the_site_granted_it_gets_the_form(stranger: Visitor, config: Config) -> None:
    stranger.enter(token_for(config, action="deposit"))
    page = stranger.get("/cashier/withdraw", Accept="text/html")
    assert page.status == 200
    assert "opened for" in page.text
    assert 'name="amount"' not in page.text
    assert review(stranger).status == 403
    assert ">Withdraw</a>" not in stranger.get("/cashier", Accept="text/html").text


def test_a_withdrawal_is_no_deposit_on_the_deposit_page(client: Visitor) -> None:
    confirm(client, "k1")
    page = client.get("/cashier", Accept="text/html").text
    assert "Cancel this withdrawal" not in page
    assert "1.50100000 being withdrawn" in page
    history = client.get("/cashier/history", Accept="text/html").text
    assert "Details of the withdrawal of 1.50000000 LTC" in history


def test_entry_leads_to_what_was_granted(stranger: Visitor, config: Config) -> None:
    for action, where in (("withdraw", "/cashier/withdraw"), ("both", "/cashier")):
        answer = stranger.get(f"/cashier?token={token_for(config, action=action)}")
        assert (answer.status, answer.headers["Location"]) == (303, where)


def test_what_the_house_keeps_to_itself_is_on_no_page_and_in_no_answer(
    client: Visitor, config: Config
) -> None:
    confirm(client, "k1")
    payment = Payment.get(Payment.kind == "withdrawal").id
    Till(config, addresses=0).move(payment, "hold", reason="somebody may have our keys")
    for path in (f"/cashier/payments/{payment}", PAGE, "/cashier/history"):
        text = client.get(path, Accept="text/html").text
        assert "Waiting for a person" in text
        assert "have our keys" not in text
    assert client.get(f"/v1/payments/{payment}").json["reason"] is None
    assert "have our keys" not in client.get(f"/v1/payments/{payment}").text
    assert "have our keys" not in client.get("/v1/payments").text
