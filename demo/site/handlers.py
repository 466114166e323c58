"""The site's pages: choose a client, see its account, go to the cashier, send test coins."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from demo.rpc import RpcError
from demo.site.accounts import CLIENTS, Account, address_of, read_account
from engine.clock import utc_now
from engine.config import Config, Currency
from engine.errors import AmountError, CashierError
from engine.handshake import make_token
from engine.money import format_amount, parse_amount

TOKEN_LIFE_S = 120
FAUCET_MAX = "100"
SUGGESTED = "0.5"
SUGGESTED_TIMES = 10  # of the least withdrawal with its fee, where the other is too little

log = logging.getLogger(__name__)


def suggested(currency: Currency) -> str:
    """An amount to send first, of which something can be withdrawn again after the fee."""
    least = currency.withdrawal.minimum + currency.withdrawal.fee
    if parse_amount(SUGGESTED, currency.decimals) >= 2 * least:
        return SUGGESTED
    return format_amount(SUGGESTED_TIMES * least, currency.decimals)


class FaucetRefused(CashierError):
    """The faucet cannot pay now; the text says why."""

    code = "faucet_refused"


class SiteHandler(RequestHandler):
    """What holds for every request: our own host, safe headers, errors as a page."""

    def set_default_headers(self) -> None:
        page = urlsplit(self.config.web.url)
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": "'self'",
            "form-action": f"'self' {page.scheme}://{page.netloc}",
            "frame-ancestors": "'none'",
            "base-uri": "'none'",
        }
        text = "; ".join(f"{name} {sources}" for name, sources in policy.items())
        self.set_header("Content-Security-Policy", text)
        self.set_header("X-Content-Type-Options", "nosniff")
        # The cashier page wants to know which site sent its visitor, and no more than that.
        self.set_header("Referrer-Policy", "strict-origin")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Server", "demo site")

    @property
    def config(self) -> Config:
        config: Config = self.settings["config"]
        return config

    def prepare(self) -> None:
        own = urlsplit(self.settings["url"])
        if self.request.host.lower() not in {own.netloc, f"localhost:{own.port}"}:
            raise HTTPError(421, reason="Not This Host")

    def client_of(self, text: str) -> str:
        """The client that a path names. Raises 404."""
        if text not in CLIENTS:
            raise HTTPError(404, reason="No Such Account")
        return text

    def currency_of(self, symbol: str) -> Currency:
        """The currency that a form names. Raises 400."""
        currency = self.config.currencies.get(symbol)
        if currency is None:
            raise HTTPError(400, reason="No Such Currency")
        return currency

    async def account_of(self, client: str) -> Account:
        """All that the account page shows."""
        account: Account = await self.settings["worker"].run(read_account, self.config, client)
        return account

    def get_template_namespace(self) -> dict[str, Any]:
        names = super().get_template_namespace()
        return names | {"site": self.config.site.name, "clients": CLIENTS}

    def write_error(self, status_code: int, **_: Any) -> None:
        self.render("error.html", status=status_code, reason=self._reason)


class Files(StaticFileHandler):
    """Styles and scripts."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002  # Tornado's signature
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Server", "demo site")


class Nothing(SiteHandler):
    """Every address that is none of ours."""

    def prepare(self) -> None:
        super().prepare()
        raise HTTPError(404, reason="No Such Page")


class Home(SiteHandler):
    """The first client's account."""

    def get(self) -> None:
        self.redirect(f"/accounts/{next(iter(CLIENTS))}")


class AccountPage(SiteHandler):
    """A client's account."""

    async def get(self, path: str) -> None:
        client = self.client_of(path)
        notice = self.settings["notices"].pop(client, "")
        await self.show(client, notice=notice)

    async def show(
        self,
        client: str,
        *,
        notice: str = "",
        problem: str = "",
        symbol: str = "",
        amount: str = "",
    ) -> None:
        """The page, with the outcome of what was just asked for: a problem with the `amount` of
        `symbol` stands beside its field."""
        account = await self.account_of(client)
        amounts = {each.symbol: suggested(each) for each in self.config.currencies.values()}
        self.render(
            "account.html",
            account=account,
            notice=notice,
            problem=problem,
            wrong=symbol,
            amounts=amounts | ({symbol: amount} if symbol else {}),
            wallets=await self._wallets_of(client),
        )

    async def _wallets_of(self, client: str) -> dict[str, str]:
        """By currency the address of the client's own wallet, which stays the same; without those
        whose node does not answer now."""
        known: dict[str, str] = self.settings["wallets"].setdefault(client, {})
        for symbol, faucet in self.settings["faucets"].items():
            if symbol not in known:
                try:
                    known[symbol] = await asyncio.to_thread(faucet.address)
                except (RpcError, OSError) as error:
                    log.info("wallet of %s: %s", client, error)
        return known


class Live(SiteHandler):
    """The parts of the account page that change by themselves, as HTML by the id of their place."""

    async def get(self, path: str) -> None:
        account = await self.account_of(self.client_of(path))
        self.write(
            {
                "balances": self.render_string("balances.html", account=account).decode(),
                "target": self.render_string("target.html", account=account).decode(),
                "payments": self.render_string("payments.html", account=account).decode(),
            }
        )


class CashierButton(SiteHandler):
    """The handshake: signs who the client is and what it may do, and hands the browser over to the
    cashier page.

    The token travels in a form, so that it is in no address bar, history or log.
    """

    def post(self, path: str, action: str) -> None:
        client = self.client_of(path)
        currency = self.currency_of(self.get_body_argument("currency", ""))
        token = make_token(
            self.config,
            client=client,
            action=action,
            currency=currency.symbol,
            ttl_s=TOKEN_LIFE_S,
            now=utc_now(),
        )
        self.render("handshake.html", target=f"{self.config.web.url}/cashier", token=token)


class FaucetButton(AccountPage):
    """Test coins from a wallet that is not the cashier's, to the client's newest address."""

    async def get(self, path: str) -> None:
        # Where a reload after a refused form ends.
        self.redirect(f"/accounts/{self.client_of(path)}")

    async def post(self, path: str) -> None:
        client = self.client_of(path)
        currency = self.currency_of(self.get_body_argument("currency", ""))
        amount = self.get_body_argument("amount", "")
        try:
            self.settings["notices"][client] = await self._send(client, currency, amount)
        except CashierError as error:
            self.set_status(422)
            await self.show(client, problem=str(error), symbol=currency.symbol, amount=amount[:40])
        else:
            self.redirect(f"/accounts/{client}", status=303)

    async def _send(self, client: str, currency: Currency, amount: str) -> str:
        """Pay; what to tell the person. Raises CashierError."""
        units = parse_amount(amount, currency.decimals)
        if not 0 < units <= parse_amount(FAUCET_MAX, currency.decimals):
            raise AmountError(
                f"the faucet gives more than 0 and up to {FAUCET_MAX} {currency.symbol} at once",
                code="amount_invalid",
            )
        address = await self.settings["worker"].run(address_of, currency, client)
        if address is None:
            raise FaucetRefused("press Deposit first: there the cashier gives you an address")
        exact = format_amount(units, currency.decimals)
        faucet = self.settings["faucets"][currency.symbol]
        try:
            txid = await asyncio.to_thread(faucet.pay, address, exact)
        except RpcError as error:
            raise FaucetRefused(f"the faucet's node says: {error}") from error
        except OSError as error:
            log.info("faucet: %s", error)
            raise FaucetRefused(
                "the faucet's node does not answer at the moment; it comes back by itself"
            ) from error
        return f"{exact} {currency.symbol} are on their way, txid {txid[:8]}…{txid[-6:]}"
