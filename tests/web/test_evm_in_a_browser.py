"""The pages of ether and of a token in a real browser: where to pay, what would be lost, and the
address in its one form before a withdrawal is confirmed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from db.models import Address, Payment
from engine.coins.eip55 import written
from engine.config import Config
from tests.web.browsing import DARK, DESKTOP, PHONE, SMALL, Open, keep
from tests.web.conftest import Configure
from tests.web.till import Till

pytestmark = pytest.mark.browser

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
PAYEE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
EVM = f"""
[currency.ETH]
chain_id = 31337
node = "http://127.0.0.1:1/"
keys = {{ mnemonic = "env:CASHIER_ETH_MNEMONIC" }}
confirmations = 3
withdrawal = {{ minimum = "0.01", fee = "0.0005" }}
[currency.USDT]
name = "Tether"
chain = "ETH"
token = "{CONTRACT.lower()}"
decimals = 6
withdrawal = {{ minimum = "5", fee = "1" }}
"""
SHAPES = {"phone": PHONE, "desktop": DESKTOP, "small": SMALL, "dark": DARK}
ETHER = 10**18
TETHER = 10**6


@pytest.fixture
def config(configure: Configure) -> Config:
    """Ether and a token, and a client that has both."""
    config = configure(currencies=EVM)
    till = Till(config)
    till.fund(2 * ETHER, currency="ETH")
    till.fund(250 * TETHER, currency="USDT")
    return config


@pytest.fixture
def till(config: Config) -> Till:
    return Till(config, addresses=0)


def text_of(page: Page, selector: str) -> str:
    """All of it, when the page that has it is loaded whole."""
    page.locator(selector).wait_for()
    page.wait_for_load_state()
    return re.sub(r"\s", "", page.locator(selector).inner_text())


def withdrawal() -> Payment:
    """The newest one."""
    asked = Payment.select().where(Payment.kind == "withdrawal").order_by(-Payment.first_seq)
    newest: Payment = asked.get()
    return newest


@pytest.mark.usefixtures("till")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_is_paid_where_page_link_and_code_say_the_same(
    config: Config, port: int, enter: Open, shape: str
) -> None:
    page = enter(config, port, **SHAPES[shape])
    page.get_by_role("link", name="USDT Tether").click()
    keep(page, f"{shape}-evm-1-again")
    page.get_by_role("button", name="Show my Tether address").click()
    panel = page.locator(".panel")
    expect(panel).to_contain_text("Ethereum development (chain 31337), practice network")
    expect(panel).to_contain_text("USDT on Ethereum development (chain 31337), an ERC-20 token")
    expect(panel).to_contain_text("another contract than 0x5FbDB2…180aa3, is lost")
    shown = text_of(page, ".address")
    assert shown == written(shown)
    assert Address.get(Address.address == shown).client == "CR1042"
    link = page.get_by_role("link", name="Open in wallet").get_attribute("href")
    assert link == f"ethereum:{CONTRACT}@31337/transfer?address={shown}"
    keep(page, f"{shape}-evm-2-place")


def ask(page: Page, symbol: str, amount: str, payee: str = PAYEE) -> None:
    page.get_by_role("link", name="Withdraw", exact=True).click()
    page.get_by_role("link", name=re.compile(f"^(✓ )?{symbol}")).click()
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("To this address on Ethereum development").fill(payee)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_withdrawal_shows_the_address_in_its_one_form_before_it_is_confirmed(
    config: Config, port: int, till: Till, enter: Open, shape: str
) -> None:
    page = enter(config, port, **SHAPES[shape])
    ask(page, "USDT", "100", PAYEE.lower())
    expect(page.locator("#address-hint")).to_contain_text(
        "must take USDT on Ethereum development (chain 31337), an ERC-20 token"
    )
    expect(page.locator(".terms")).to_contain_text("Fee 1 USDT, added to the amount")
    expect(page.locator(".terms")).to_contain_text("Minimum 5 USDT.")
    keep(page, f"{shape}-evm-3-form")
    page.get_by_role("button", name="Review withdrawal").click()
    assert text_of(page, ".review .address") == PAYEE
    expect(page.locator(".review")).to_contain_text("capitals are the network's own check")
    expect(page.locator(".review")).to_contain_text("149.000000 USDT")
    keep(page, f"{shape}-evm-4-review")
    page.get_by_role("button", name="Withdraw 100 USDT").click()
    card = page.locator("article").first
    expect(card).to_contain_text("101 USDT are set aside")
    payment = withdrawal()
    assert payment.address == PAYEE
    till.move(payment.id, "sign", attempt="a" * 32, sub_state="sending")
    till.send(payment.id, height=1001)
    till.chain("ETH", height=1002)
    expect(card).to_contain_text("2 of 3")
    till.chain("ETH", height=1003)
    till.settle(payment.id)
    expect(card).to_contain_text("The coins are at the address that you gave.")
    keep(page, f"{shape}-evm-5-credited")


@pytest.mark.parametrize("shape", ["phone", "dark"])
def test_a_withdrawal_that_failed_on_chain_says_what_came_back(
    config: Config, port: int, till: Till, enter: Open, shape: str
) -> None:
    page = enter(config, port, **SHAPES[shape])
    ask(page, "ETH", "1.25")
    page.get_by_role("button", name="Review withdrawal").click()
    expect(page.locator(".review")).not_to_contain_text("capitals")
    page.get_by_role("button", name="Withdraw 1.25 ETH").click()
    card = page.locator("article").first
    expect(card).to_contain_text("1.2505 ETH are set aside")
    payment = withdrawal()
    till.move(payment.id, "sign", attempt="a" * 32, sub_state="sending")
    till.send(payment.id, height=1001)
    expect(card).to_contain_text("pending")
    till.fail(payment.id, kept=21_000 * 10**9)
    expect(card).to_contain_text("Ended without paying")
    expect(card).to_contain_text("1.250479 ETH are back in your balance")
    expect(card).to_contain_text("0.000021 ETH of the fee are kept")
    expect(page.locator(".balances")).to_contain_text("1.99997900")
    keep(page, f"{shape}-evm-6-failed")


@pytest.mark.usefixtures("till")
def test_an_address_that_cannot_be_right_is_refused_at_its_field(
    config: Config, port: int, enter: Open
) -> None:
    page = enter(config, port, **PHONE)
    for payee, words in [
        (PAYEE[2:], "begins with 0x: put it in front"),
        (PAYEE.replace("aA", "Aa"), "Its capital letters do not fit"),
        ("somebody.eth", "Names are not looked up here"),
        (CONTRACT, "the contract of the token Tether itself"),
        (f"0x{'0' * 40}", "belongs to nobody"),
    ]:
        ask(page, "ETH", "1", payee)
        page.get_by_role("button", name="Review withdrawal").click()
        expect(page.locator("#address-wrong")).to_contain_text(words)
        expect(page.get_by_label("Amount")).to_have_value("1")
        keep(page, "phone-evm-7-wrong")
