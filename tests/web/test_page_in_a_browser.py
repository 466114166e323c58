"""The page in a real browser: live without a reload, on a phone and a desktop, without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from db.models import Payment
from engine import queries
from engine.clock import utc_now
from engine.config import Config
from engine.sessions import end_session
from tests.nodes.ports import wait_until
from tests.web.browsing import DARK, DESKTOP, PHONE, SMALL, Open, keep
from tests.web.conftest import BTC, Configure
from tests.web.running import running
from tests.web.till import Till

pytestmark = pytest.mark.browser

CLIPBOARD = ["clipboard-read", "clipboard-write"]
# What an element says next, however soon it says something else.
NEXT_TEXT = """element => ({
  text: new Promise(tell => {
    const note = () => tell(element.textContent);
    new MutationObserver(note).observe(element, {childList: true});
  }),
})"""


def _top(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"]


def requested() -> str:
    """Id of the one open request."""
    return str(Payment.get(Payment.state == "requested").id)


@pytest.mark.parametrize("shape", ["phone", "desktop", "small", "dark"])
def test_a_deposit_goes_through_its_four_states_before_ones_eyes(
    config: Config, port: int, till: Till, enter: Open, shape: str
) -> None:
    settings = {"phone": PHONE, "desktop": DESKTOP, "small": SMALL, "dark": DARK}[shape]
    page = enter(config, port, **settings)
    assert page.url.endswith("/cashier")
    expect(page.get_by_role("heading", name="Deposit Litecoin")).to_be_visible()
    expect(page.locator("#live")).to_contain_text("Live")
    keep(page, f"{shape}-1-requested")

    page.evaluate("window.unchanged = true")
    payment = requested()
    till.see(payment, 50_000_000)
    card = page.locator("article")
    expect(card).to_contain_text("Seen on the network")
    assert _top(page, ".deposits") < _top(page, ".panel"), "what is followed comes first"
    expect(card.locator('[aria-current="step"]')).to_contain_text("pending")
    till.mine(payment, 1001)
    till.chain("LTC", height=1001)
    expect(card).to_contain_text("1 of 3")
    till.chain("LTC", height=1002)
    expect(card).to_contain_text("2 of 3")
    keep(page, f"{shape}-2-pending")
    till.chain("LTC", height=1003)
    till.confirm(payment)
    expect(card).to_contain_text("being credited")
    till.credit(payment)
    expect(card).to_contain_text("The amount is in your balance.")
    expect(page.locator(".balances")).to_contain_text("0.50000000")
    assert page.evaluate("window.unchanged") is True, "the page was loaded anew"
    keep(page, f"{shape}-3-credited")


@pytest.mark.usefixtures("till")
def test_the_address_is_copied_without_its_gaps(config: Config, port: int, enter: Open) -> None:
    page = enter(config, port, permissions=CLIPBOARD)
    button = page.get_by_role("button", name="Copy address")
    said = button.evaluate_handle(NEXT_TEXT)
    button.click()
    assert said.evaluate("next => next.text") == "Copied"
    address = Payment.get().address
    assert page.evaluate("navigator.clipboard.readText()") == address
    page.locator(".address").click()
    assert page.evaluate("getSelection().toString().trim()") == address


def test_times_are_the_clients_own_with_utc_to_look_up(
    config: Config, port: int, till: Till, enter: Open
) -> None:
    page = enter(config, port)
    till.see(requested(), 5)
    moment = page.locator("article time")
    expect(moment).to_be_visible()
    title = moment.get_attribute("title")
    assert title is not None
    assert "UTC" in title
    assert "Asia/Tokyo" in title
    seen = queries.seen_at([str(Payment.get().id)]).popitem()[1]
    hour = (int(seen[11:13]) + 9) % 24
    assert f"{hour:02}{seen[13:19]}" in (moment.text_content() or "")


def test_a_new_payment_appears_and_a_pause_is_announced(
    config: Config, port: int, till: Till, enter: Open
) -> None:
    page = enter(config, port, **PHONE)
    till.see(requested(), 1_000_000)
    expect(page.get_by_role("button", name="Get a new Litecoin address")).to_be_visible()
    page.get_by_role("button", name="Get a new Litecoin address").click()
    expect(page.get_by_role("button", name="Copy address")).to_be_visible()
    till.see(requested(), 2_000_000)
    expect(page.locator("article")).to_have_count(2)
    till.chain("LTC", height=1000, state="paused", reason="our node is catching up")
    expect(page.locator(".pauses")).to_contain_text("Crediting of LTC is paused")
    keep(page, "phone-paused")
    till.chain("LTC", height=1000)
    expect(page.locator(".pauses .banner")).to_have_count(0)


def test_an_answer_that_a_newer_one_overtook_is_not_shown(
    config: Config, port: int, till: Till, enter: Open
) -> None:
    page = enter(config, port)
    expect(page.locator("#live")).to_contain_text("Live")
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_pause(route: Route) -> None:
        answer = route.fetch()
        if "Crediting of LTC is paused" in answer.text():
            held.append((route, answer))
        else:
            route.fulfill(response=answer)

    page.route("**/cashier", hold_the_pause)
    till.chain("LTC", height=1000, state="paused", reason="our node is catching up")
    page.evaluate("window.waits = true")
    wait_until(lambda: bool(page.evaluate("window.waits") and held), what="the page to ask")
    till.chain("LTC", height=1000)
    till.see(requested(), 1_000_000)
    expect(page.locator("article")).to_contain_text("Seen on the network")
    route, old = held[0]
    with page.expect_event("requestfinished"):
        route.fulfill(response=old)
    page.wait_for_timeout(300)
    expect(page.locator(".pauses .banner")).to_have_count(0)
    expect(page.locator("article")).to_contain_text("Seen on the network")
    page.unroute_all(behavior="ignoreErrors")  # one that is just asked for may end with the page


def test_a_keyboard_keeps_its_place_when_the_page_changes(
    config: Config, port: int, till: Till, enter: Open
) -> None:
    page = enter(config, port)
    payment = requested()
    till.see(payment, 1_000_000)
    copy = page.get_by_role("button", name="Copy the txid")
    copy.focus()
    till.mine(payment, 1001)
    till.chain("LTC", height=1001)
    expect(page.locator("article")).to_contain_text("1 of 3")
    expect(page.get_by_role("button", name="Copy the txid")).to_be_focused()


@pytest.mark.usefixtures("till")
def test_an_ended_session_is_said_on_the_open_page(config: Config, port: int, enter: Open) -> None:
    page = enter(config, port, **PHONE)
    expect(page.locator("#live")).to_contain_text("Live")
    cookie = next(c for c in page.context.cookies() if c.get("name") == "cashier")
    end_session(str(cookie.get("value")), now=utc_now())
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    keep(page, "phone-ended")


def test_a_page_that_lost_its_server_says_since_when(configure: Configure, enter: Open) -> None:
    config = configure()
    Till(config)
    with running(config) as port:
        page = enter(config, port)
        expect(page.locator("#live")).to_contain_text("Live")
    expect(page.locator("#live")).to_contain_text("Offline since")


def test_without_a_script_the_page_does_the_same(configure: Configure, enter: Open) -> None:
    config = configure(currencies=BTC)
    till = Till(config)
    with running(config) as port:
        page = enter(config, port, java_script_enabled=False, **PHONE)
        page.get_by_role("link", name="LTC Litecoin").click()
        page.get_by_role("button", name="Show my Litecoin address").click()
        expect(page.locator(".qr img")).to_be_visible()
        expect(page.get_by_role("button", name="Copy address")).to_be_hidden()
        keep(page, "phone-no-script")
        till.deposit(requested(), 150_000_000)
        page.reload()
        expect(page.locator("article")).to_contain_text("The amount is in your balance.")
        page.get_by_role("link", name="History").first.click()
        expect(page.locator("article")).to_contain_text("credited")
        page.get_by_role("link", name="Details").click()
        expect(page.get_by_role("heading", name="What happened")).to_be_visible()


@pytest.mark.usefixtures("till")
def test_a_qr_code_is_drawn_whole(config: Config, port: int, enter: Open) -> None:
    page = enter(config, port, **PHONE)
    natural = page.locator(".qr img").evaluate("image => image.decode().then(() => image.width)")
    assert natural == 232
