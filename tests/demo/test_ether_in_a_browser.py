"""Ether and a token, the whole way in the demo, by a browser's buttons alone: deposited, credited,
swept, withdrawn, and at the client's own wallet on the node. On anvil and on the embedded chain."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo import evm, rpc
from demo.sandbox import TOP
from demo.showing import Showing
from tests.chromium import chromium, new_context
from tests.demo.client import cashier
from tests.nodes.ports import wait_until
from tests.web.browsing import PHONE, keep

pytestmark = [pytest.mark.node, pytest.mark.browser]

BALANCE_OF = "0x70a08231"
ETHER = 10**18
TETHER = 10**6


@pytest.fixture(params=["anvil", "embedded"])
def showing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Showing]:
    """A demo on anvil, or on the embedded chain as where there is no anvil."""
    template = tmp_path / "cashier.toml"
    text = (TOP / "cashier.toml").read_text(encoding="utf-8")
    if request.param == "embedded":
        text += '\n[currency.ETH]\nnode = "embedded"\n'
    else:
        assert evm.find() is not None, "these tests need anvil"
    template.write_text(text, encoding="utf-8")
    with Showing("--config", str(template)) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


class Ada:
    """The client Ada Lindqvist at the trading site, with a wallet of her own."""

    def __init__(self, context: BrowserContext, showing: Showing) -> None:
        self._context = context
        self._showing = showing
        self.site = context.new_page()
        self.site.goto(showing.site)

    def opens(self, button: str) -> Page:
        """The cashier page that a button of the site opens."""
        with self._context.expect_page() as opened:
            self.site.get_by_role("button", name=button, exact=True).click()
        page: Page = opened.value
        page.wait_for_url(re.compile("/cashier"))
        return page

    def deposits(self, symbol: str, amount: str, told: str) -> Page:
        """Asks for an address, and pays it from her own wallet, which a faucet plays."""
        page = self.opens(f"Deposit {symbol}")
        expect(page.locator(".panel")).to_contain_text(told)
        form = self.site.locator("form.faucet", has=self.site.locator(f"input[value={symbol}]"))
        form.get_by_role("textbox").fill(amount)
        form.get_by_role("button").click()
        expect(self.site.get_by_role("status").first).to_contain_text(f"{amount} {symbol} are on")
        return page

    def wallet(self, symbol: str) -> str:
        """Its address in her own wallet, as the site shows it."""
        said = self.site.locator("p", has_text=f"its {symbol} address:")
        return said.locator("xpath=following-sibling::p[1]").inner_text().strip()

    def withdraws(self, symbol: str, amount: str) -> Page:
        """Asks for it in the form; the page that then follows it."""
        page = self.opens(f"Withdraw {symbol}")
        page.get_by_label("Amount").fill(amount)
        page.get_by_label("To this address on").fill(self.wallet(symbol).lower())
        page.get_by_role("button", name="Review withdrawal").click()
        page.locator(".review .address").wait_for()
        page.wait_for_load_state()
        shown = re.sub(r"\s", "", page.locator(".review .address").inner_text())
        assert shown == self.wallet(symbol)
        page.get_by_role("button", name=f"Withdraw {amount} {symbol}").click()
        return page

    def holds(self, symbol: str) -> int:
        """Units in her own wallet, as the node says."""
        address = self.wallet(symbol)
        if symbol == "ETH":
            return int(self._asks("eth_getBalance", address, "latest"), 16)
        data = f"{BALANCE_OF}{address[2:].lower():0>64}"
        call = {"to": self._token(), "data": data}
        return int(self._asks("eth_call", call, "latest"), 16)

    def _token(self) -> str:
        text = self._showing.config.read_text(encoding="utf-8")
        return str(tomllib.loads(text)["currency"]["USDT"]["token"])

    def _asks(self, method: str, *params: object) -> str:
        port = urlsplit(self._showing.evm_node).port
        return str(rpc.call(int(port or 0), "", "/", method, *params))


def test_ether_and_a_token_go_in_and_out_again(showing: Showing, browser: Browser) -> None:
    context = new_context(browser, **PHONE)
    ada = Ada(context, showing)
    ada.deposits("ETH", "2", "Send only ETH, and only on the Ethereum development network")
    page = ada.deposits("USDT", "25", "USDT on Ethereum development (chain 31337), an ERC-20 token")
    for amount in ("2.00000000 ETH", "25.000000 USDT"):
        card = page.locator("article", has_text=amount)
        expect(card).to_contain_text("The amount is in your balance.")
    keep(page, "demo-1-credited")
    before = {symbol: ada.holds(symbol) for symbol in ("ETH", "USDT")}
    ada.withdraws("ETH", "1.25")
    page = ada.withdraws("USDT", "10")
    keep(page, "demo-2-asked")
    for amount in ("1.25000000 ETH", "10.000000 USDT"):
        card = page.locator("article", has_text=amount)
        expect(card).to_contain_text("The coins are at the address")
    keep(page, "demo-3-done")
    assert ada.holds("ETH") - before["ETH"] == 125 * ETHER // 100
    assert ada.holds("USDT") - before["USDT"] == 10 * TETHER
    # Asked again where a block came in between.
    wait_until(lambda: _is_explained(showing.config), what="books that equal the node")


def _is_explained(config: Path) -> bool:
    told = json.loads(cashier(config, "reconcile", "--json"))
    return not told["items"] and {each["residual"] for each in told["currencies"]} == {"0"}
