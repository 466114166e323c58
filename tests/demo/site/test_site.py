"""The demo's trading site: its account page, its handshake, its faucet, and what it refuses."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from demo.rpc import RpcError
from demo.site.accounts import CLIENTS
from demo.site.handlers import suggested
from engine.clock import utc_now
from engine.config import Config
from engine.deposits.request import request_deposit
from engine.handshake import check_token
from engine.queries import PaymentView
from engine.withdrawals.request import request_withdrawal
from tests.demo.site.conftest import PAGE, Purse
from tests.web.running import Answer, Visitor
from tests.web.till import Till

CLIENT = "CR1042"
ACCOUNT = f"/accounts/{CLIENT}"


def _asked(config: Config, client: str = CLIENT) -> PaymentView:
    """The client has asked for an address."""
    return request_deposit(config, client=client, currency="LTC", now=utc_now())[0]


def _field(answer: Answer, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, answer.text
    return unescape(found[1])


def _press(visitor: Visitor, button: str, **fields: str) -> Answer:
    """Open the account page and submit one of its forms."""
    xsrf = _field(visitor.get(ACCOUNT), "_xsrf")
    return visitor.submit(f"{ACCOUNT}/{button}", {"_xsrf": xsrf, "currency": "LTC", **fields})


def test_the_first_account_is_home(visitor: Visitor) -> None:
    answer = visitor.get("/")
    assert (answer.status, answer.headers["Location"]) == (302, ACCOUNT)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_has_its_account(visitor: Visitor, client: str) -> None:
    answer = visitor.get(f"/accounts/{client}")
    assert answer.status == 200
    assert f"Client {client}" in answer.text
    assert "0.00000000" in answer.text


def test_names_are_escaped(visitor: Visitor) -> None:
    page = visitor.get("/accounts/CR2210").text
    assert "Chiara O&#x27;Neill" in page or "Chiara O&#39;Neill" in page
    assert "O'Neill" not in page


def test_the_balance_is_what_the_cashier_has_credited(
    visitor: Visitor, config: Config, till: Till
) -> None:
    till.deposit(_asked(config).id, 150_000_000)
    till.see(_asked(config).id, 25_000_000, height=999)
    page = visitor.get(ACCOUNT).text
    assert '<span class="amount" data-balance="LTC">1.50000000</span>' in page
    assert "+ 0.25 LTC on the way" in page
    assert "in your balance" in page


def test_one_client_sees_nothing_of_another(visitor: Visitor, config: Config, till: Till) -> None:
    payment = _asked(config, "CR0007")
    till.deposit(payment.id, 150_000_000)
    for path in (ACCOUNT, f"{ACCOUNT}/live"):
        text = visitor.get(path).text
        assert str(payment.address) not in text
        assert "1.5" not in text


def test_the_live_parts_are_those_of_the_page(visitor: Visitor, config: Config, till: Till) -> None:
    till.see(_asked(config).id, 50_000_000, height=999)
    page, parts = visitor.get(ACCOUNT).text, visitor.get(f"{ACCOUNT}/live").json
    assert set(parts) == {"balances", "target", "payments"}
    for id_, html in parts.items():
        assert f'<div id="{id_}">{html}</div>' in page
    assert "2 of 3 confirmations" in parts["payments"]


@pytest.mark.parametrize("action", ["deposit", "withdraw"])
def test_a_button_hands_over_with_a_token_that_the_cashier_takes(
    visitor: Visitor, config: Config, action: str
) -> None:
    answer = _press(visitor, action)
    assert answer.status == 200
    assert f'action="{PAGE}/cashier"' in answer.text
    token = _field(answer, "token")
    grant = check_token(config, token, now=utc_now())
    assert (grant.client, grant.action, grant.currency) == (CLIENT, action, "LTC")
    assert f"form-action 'self' {PAGE};" in answer.headers["Content-Security-Policy"]
    # Otherwise the browser would not tell the cashier where its visitor comes from.
    assert answer.headers["Referrer-Policy"] == "strict-origin"


def test_the_faucet_pays_the_newest_address(
    visitor: Visitor, config: Config, till: Till, purse: Purse
) -> None:
    first = _asked(config)
    till.deposit(first.id, 1)
    second = _asked(config)
    answer = _press(visitor, "faucet", amount="0.50")
    assert (answer.status, answer.headers["Location"]) == (303, ACCOUNT)
    assert purse.paid == [(second.address, "0.5")]
    assert "0.5 LTC are on their way, txid abababab…ababab." in visitor.get(ACCOUNT).text
    assert "on their way" not in visitor.get(ACCOUNT).text


def test_the_wallet_to_withdraw_to_stays_the_same(visitor: Visitor, purse: Purse) -> None:
    for _ in range(2):
        assert "<code>rltc1qwallet1</code>" in visitor.get(ACCOUNT).text
    purse.error = OSError()
    page = visitor.get("/accounts/CR0007")
    assert page.status == 200
    assert "rltc1qwallet" not in page.text
    purse.error = None
    assert "<code>rltc1qwallet2</code>" in visitor.get("/accounts/CR0007").text


def test_a_withdrawal_is_a_line_of_its_own(visitor: Visitor, config: Config, till: Till) -> None:
    till.fund(200_000_000, client=CLIENT)
    request_withdrawal(
        config,
        client=CLIENT,
        currency="LTC",
        address="rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy",
        amount="1",
        now=utc_now(),
    )
    page = visitor.get(ACCOUNT).text
    assert "<td>withdrawal</td>" in page
    assert "being sent" in page
    assert 'data-balance="LTC">0.99950000<' in page


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("", "decimal string"),
        ("-1", "decimal string"),
        ("1e3", "decimal string"),
        ("NaN", "decimal string"),
        ("٣", "decimal string"),
        ("1" * 500, "decimal string"),
        ("0.000000001", "more than 8 decimals"),
        ("0", "more than 0"),
        ("100.00000001", "up to 100 LTC"),
        ('"><script>alert(1)</script>', "decimal string"),
    ],
)
def test_an_amount_that_cannot_be_sent_is_said_beside_its_field(
    visitor: Visitor, config: Config, purse: Purse, amount: str, said: str
) -> None:
    _asked(config)
    answer = _press(visitor, "faucet", amount=amount)
    assert answer.status == 422
    assert re.search(rf'role="alert">Nothing was sent: [^<]*{said}', answer.text)
    assert "<script>alert" not in answer.text
    assert not purse.paid


def test_what_is_suggested_can_be_withdrawn_again(config: Config) -> None:
    litecoin = config.currencies["LTC"]
    assert suggested(litecoin) == "0.5"
    dear = litecoin.withdrawal.model_copy(update={"minimum": 10**8, "fee": 5 * 10**7})
    assert suggested(replace(litecoin, withdrawal=dear)) == "15"


def test_a_payment_of_an_unknown_amount_names_its_currency(
    visitor: Visitor, config: Config
) -> None:
    _asked(config)
    assert "\N{EN DASH} LTC</td>" in visitor.get(ACCOUNT).text


def test_without_an_address_the_faucet_says_where_to_get_one(visitor: Visitor) -> None:
    answer = _press(visitor, "faucet", amount="1")
    assert answer.status == 422
    assert "Nothing was sent: press Deposit first" in answer.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RpcError(-6, "Insufficient <funds>"), "Insufficient &lt;funds&gt;"),
        (OSError(), "comes back"),
    ],
)
def test_a_faucet_that_cannot_pay_says_why(
    visitor: Visitor, config: Config, purse: Purse, error: Exception, said: str
) -> None:
    _asked(config)
    purse.error = error
    answer = _press(visitor, "faucet", amount="1")
    assert answer.status == 422
    assert said in answer.text


@pytest.mark.parametrize("button", ["deposit", "withdraw", "faucet"])
def test_a_form_from_another_site_does_nothing(
    visitor: Visitor, config: Config, purse: Purse, button: str
) -> None:
    _asked(config)
    form = {"currency": "LTC", "amount": "1"}
    assert visitor.submit(f"{ACCOUNT}/{button}", form).status == 403
    visitor.get(ACCOUNT)  # brings the cookie, as any visit does
    assert visitor.submit(f"{ACCOUNT}/{button}", form).status == 403
    assert visitor.submit(f"{ACCOUNT}/{button}", {"_xsrf": "a", **form}).status == 403
    assert not purse.paid


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/accounts/nobody", 404),
        ("/accounts/", 404),
        ("/accounts/%3Cscript%3E", 404),
        ("/accounts/%ff", 400),
        ("/accounts/nobody/live", 404),
        ("/nowhere", 404),
        ("/static/../app.py", 403),
        ("/static/%2e%2e/app.py", 403),
        (f"{ACCOUNT}/deposit", 405),
    ],
)
def test_garbage_in_a_path_is_a_page_that_says_so(visitor: Visitor, path: str, status: int) -> None:
    answer = visitor.get(path)
    assert answer.status == status
    assert "Traceback" not in answer.text
    assert "<script>" not in answer.text


def test_another_currency_is_refused(visitor: Visitor) -> None:
    assert _press(visitor, "deposit", currency="BTC").status == 400


def test_another_host_is_refused(visitor: Visitor) -> None:
    assert visitor.get(ACCOUNT, Host="rebound.example").status == 421


def test_no_page_asks_anything_of_other_servers(visitor: Visitor) -> None:
    for path in (ACCOUNT, "/static/site.css", "/static/site.js", "/static/handshake.js"):
        text = visitor.get(path).text
        assert not re.search(r"(?:src|href|url\(|fetch\()[=\"'(]*(?:https?:)?//", text), path
    policy = visitor.get(ACCOUNT).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
