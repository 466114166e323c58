"""A withdrawal in a real browser: filled in, compared, confirmed, followed, taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from db.models import Payment
from engine.config import Config
from tests.web.browsing import DARK, DESKTOP, PHONE, SMALL, Open, keep
from tests.web.conftest import BTC, Configure
from tests.web.running import running
from tests.web.till import Till

pytestmark = pytest.mark.browser

COIN = 100_000_000
ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
TERMS = (
    'withdrawal = { minimum = "0.002", fee = "0.0005", approve_above = "5", daily_limit = "50" }'
)


@pytest.fixture
def config(configure: Configure) -> Config:
    """One currency with limits, and a client that has ten coins."""
    config = configure(currencies=TERMS)
    Till(config).fund(10 * COIN)
    return config


@pytest.fixture
def till(config: Config) -> Till:
    return Till(config, addresses=0)


def fill(page: Page, amount: str, address: str = ADDRESS) -> None:
    page.get_by_role("link", name="Withdraw", exact=True).click()
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("To this Litecoin address").fill(address)


def confirm(page: Page, words: str = "Withdraw 1.5 LTC") -> None:
    page.get_by_role("button", name="Review withdrawal").click()
    page.get_by_role("button", name=words).click()


def asked() -> str:
    """Id of the newest withdrawal."""
    newest = Payment.select().where(Payment.kind == "withdrawal").order_by(-Payment.first_seq)
    return str(newest.get().id)


@pytest.mark.parametrize("shape", ["phone", "desktop", "small", "dark"])
def test_a_withdrawal_is_compared_confirmed_and_followed_to_its_end(
    config: Config, port: int, till: Till, enter: Open, shape: str
) -> None:
    settings = {"phone": PHONE, "desktop": DESKTOP, "small": SMALL, "dark": DARK}[shape]
    page = enter(config, port, **settings)
    fill(page, "1.5")
    keep(page, f"{shape}-w1-form")
    page.get_by_role("button", name="Review withdrawal").click()
    review = page.locator(".review")
    expect(review).to_contain_text("1.50050000 LTC")
    expect(review).to_contain_text("8.49950000 LTC")
    page.wait_for_load_state()
    assert (
        page.locator(".review .address").inner_text().replace(" ", "").replace("\n", "") == ADDRESS
    )
    assert ADDRESS not in page.url
    keep(page, f"{shape}-w2-review")
    page.get_by_role("button", name="Withdraw 1.5 LTC").click()

    card = page.locator("article")
    expect(card).to_contain_text("1.5005 LTC are set aside")
    expect(page.locator(".balances")).to_contain_text("1.50050000 being withdrawn")
    expect(page.locator("#live")).to_contain_text("Live")
    keep(page, f"{shape}-w3-requested")
    page.evaluate("window.unchanged = true")
    payment = asked()
    till.move(payment, "sign", attempt="a" * 32, sub_state="sending")
    expect(card).to_contain_text("Being sent")
    expect(page.get_by_role("button", name="Cancel this withdrawal")).to_have_count(0)
    till.send(payment, height=1001)
    till.chain("LTC", height=1002)
    expect(card).to_contain_text("2 of 3")
    keep(page, f"{shape}-w4-pending")
    till.chain("LTC", height=1003)
    till.settle(payment)
    expect(card).to_contain_text("The coins are at the address that you gave.")
    expect(page.locator(".balances")).not_to_contain_text("being withdrawn")
    assert page.evaluate("window.unchanged") is True, "the page was loaded anew"
    keep(page, f"{shape}-w5-credited")


@pytest.mark.usefixtures("till")
def test_everything_is_the_balance_without_the_fee_and_forgets_no_address(
    config: Config, port: int, enter: Open
) -> None:
    page = enter(config, port)
    fill(page, "")
    page.get_by_role("link", name="Everything: 9.9995").click()
    expect(page.get_by_label("Amount")).to_have_value("9.9995")
    expect(page.get_by_label("To this Litecoin address")).to_have_value(ADDRESS)
    page.get_by_role("button", name="Review withdrawal").click()
    expect(page.locator(".review")).to_contain_text("will wait for a person")
    expect(page.locator(".sum")).to_contain_text("0.00000000 LTC")


@pytest.mark.usefixtures("till")
def test_what_is_wrong_stands_at_its_field_with_what_was_typed(
    config: Config, port: int, enter: Open
) -> None:
    page = enter(config, port, **PHONE)
    fill(page, "11")
    page.get_by_role("button", name="Review withdrawal").click()
    expect(page.locator("#amount-wrong")).to_contain_text("11.0005 LTC are needed")
    expect(page.get_by_label("Amount")).to_have_value("11")
    expect(page.get_by_label("To this Litecoin address")).to_have_value(ADDRESS)
    keep(page, "phone-w-too-much")
    page.get_by_label("Amount").fill("1")
    bitcoin = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    page.get_by_label("To this Litecoin address").fill(bitcoin)
    page.get_by_role("button", name="Review withdrawal").click()
    expect(page.locator("#address-wrong")).to_contain_text("an address of Bitcoin (main)")
    expect(page.locator("#live")).to_contain_text("Live")
    keep(page, "phone-w-wrong-network")


def test_a_withdrawal_is_taken_back(config: Config, port: int, till: Till, enter: Open) -> None:
    page = enter(config, port, **PHONE)
    fill(page, "6")
    confirm(page, "Withdraw 6 LTC")
    card = page.locator("article")
    expect(card).to_contain_text("Waiting for a person")
    till.chain("LTC", height=1000, state="paused", reason="our node is catching up")
    expect(page.locator(".pauses")).to_contain_text("Withdrawals of LTC are paused")
    keep(page, "phone-w-held-paused")
    page.get_by_role("button", name="Cancel this withdrawal").click()
    expect(card).to_contain_text("Amount and fee are back in your balance.")
    expect(page.locator(".balances")).to_contain_text("10.00000000")


def test_what_is_being_typed_survives_what_moves_meanwhile(
    config: Config, port: int, till: Till, enter: Open
) -> None:
    page = enter(config, port)
    fill(page, "1")
    confirm(page, "Withdraw 1 LTC")
    page.get_by_label("Amount").fill("2.25")
    till.move(asked(), "sign", attempt="a" * 32, sub_state="sending")
    expect(page.locator("article")).to_contain_text("Being sent")
    expect(page.get_by_label("Amount")).to_have_value("2.25")
    expect(page.get_by_label("Amount")).to_be_focused()


@pytest.mark.usefixtures("till")
def test_two_clicks_are_one_withdrawal(config: Config, port: int, enter: Open) -> None:
    page = enter(config, port)
    fill(page, "1.5")
    page.get_by_role("button", name="Review withdrawal").click()
    page.get_by_role("button", name="Withdraw 1.5 LTC").dblclick()
    expect(page.locator("article")).to_have_count(1)
    page.reload()
    expect(page.locator("article")).to_have_count(1)


def test_without_a_script_the_form_does_the_same(configure: Configure, enter: Open) -> None:
    config = configure(currencies=f"{TERMS}\n{BTC}")
    Till(config).fund(10 * COIN)
    with running(config) as port:
        page = enter(config, port, java_script_enabled=False, **PHONE)
        page.get_by_role("link", name="Withdraw", exact=True).click()
        page.get_by_role("link", name="LTC Litecoin").click()
        page.get_by_role("link", name="Everything: 9.9995").click()
        page.get_by_label("To this Litecoin address").fill(ADDRESS.upper())
        page.get_by_label("Amount").fill("0.0001")
        page.get_by_role("button", name="Review withdrawal").click()
        expect(page.locator("#amount-wrong")).to_contain_text("smallest withdrawal is 0.002 LTC")
        page.get_by_label("Amount").fill("1.5")
        page.get_by_role("button", name="Review withdrawal").click()
        page.get_by_role("button", name="Change something").click()
        expect(page.get_by_label("To this Litecoin address")).to_have_value(ADDRESS)
        confirm(page)
        expect(page.locator("article")).to_contain_text("Accepted")
        keep(page, "phone-w-no-script")
        page.get_by_role("button", name="Cancel this withdrawal").click()
        expect(page.locator("article")).to_contain_text("Cancelled")
        page.get_by_role("link", name="History").first.click()
        expect(page.locator("article").first).to_contain_text("cancelled")


@pytest.mark.usefixtures("till")
def test_the_tabs_are_what_the_site_granted(config: Config, port: int, enter: Open) -> None:
    page = enter(config, port, action="withdraw")
    assert page.url.endswith("/cashier/withdraw")
    tabs = page.locator(".tabs a")
    expect(tabs).to_have_text(["Withdraw", "History"])
    page = enter(config, port, action="deposit")
    expect(page.locator(".tabs a")).to_have_text(["Deposit", "History"])
