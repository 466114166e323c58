"""The cashier page: entry with the site's token, deposit, history, one payment. HTML that works
without a script; the script only keeps it live."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from typing import Any

from engine.config import Config
from engine.handshake import Grant, check_token
from engine.sessions import Session, start_session
from web.base import BaseHandler, Headed
from web.bodies import text_field
from web.cards import card_of, deposit_model, open_first
from web.handlers.handshake import TOKEN_LENGTH_MAX
from web.handlers.payments import find_own, list_own
from web.problems import Refusal

HISTORY_PAGE = 25
RELOAD_S = 15  # without a script
_ENTRY = "_entry"


class PageHandler(BaseHandler):
    """A handler whose answers, refusals included, are pages for a browser."""

    def shows_pages(self) -> bool:
        return True

    def show(self, template: str, **values: Any) -> None:
        """Answer with a page."""
        self.finish(self.render_page(template, **values))


class HomePage(Headed, PageHandler):
    """GET /: there is only one place to go."""

    async def get(self) -> None:
        self.see_other("/cashier")


class NotFound(PageHandler):
    """Whatever no route names."""

    async def prepare(self) -> None:
        await super().prepare()
        raise Refusal(404, "not_found", "there is nothing at this address")


class DepositPage(PageHandler):
    """GET /cashier: the deposit page; with `token`, the way in. POST takes the token in a form."""

    async def get(self) -> None:
        token = self.get_query_argument("token", None)
        if token is not None:
            await self._enter(token, confirmed=False)
            return
        model = await self.read(
            deposit_model,
            self.desk.config,
            self.session,
            wanted=self.get_query_argument("currency", None),
            now=self.desk.now(),
        )
        self.show(
            "deposit.html", tab="deposit", model=model, reload_s=RELOAD_S if model.waits else 0
        )

    async def head(self) -> None:
        """What looks at a link before a person does must not use up the token in it."""
        if self.get_query_argument("token", None) is not None:
            raise Refusal(405, "method_not_allowed", "a token is exchanged by GET or POST")
        await self.get()

    async def post(self) -> None:
        given = self.fields("token", form_only=(_ENTRY,))
        await self._enter(
            text_field(given, "token", length_max=TOKEN_LENGTH_MAX), confirmed=self._is_confirmed()
        )

    async def _enter(self, token: str, *, confirmed: bool) -> None:
        """Exchange the token, or first ask whether that is what the person wants."""
        now = self.desk.now()
        if not confirmed and not self.desk.origins.is_site(self.request.headers.get("Origin")):
            grant = check_token(self.desk.config, token, now=now)
            if self._takes_over(grant):
                self._ask(token, grant)
                return
        session_id, session = await self.work(
            _enter, self.desk.config, token, replaces=self.cookie, now=now
        )
        self.add_header("Set-Cookie", self.desk.cookies.set_session(session_id))
        if confirmed:
            self.add_header("Set-Cookie", self.desk.cookies.set_entry(""))
        self.see_other("/cashier" if session.allows("deposit") else "/cashier/withdraw")

    def _takes_over(self, grant: Grant) -> bool:
        """Whether a stranger's page may be putting its visitor into another account. A form from
        another site comes without our cookies, so that nobody can tell whose session it ends."""
        if self.request.method == "POST":
            return True
        return self.visitor is not None and self.visitor.client != grant.client

    def _ask(self, token: str, grant: Grant) -> None:
        nonce = secrets.token_urlsafe(32)
        self.add_header("Set-Cookie", self.desk.cookies.set_entry(nonce))
        self.show("entry.html", token=token, account=grant.client, nonce=nonce)

    def _is_confirmed(self) -> bool:
        """Whether the form is the one that we asked with: only it knows what its cookie knows."""
        asked = self.get_cookie(self.desk.cookies.entry) or ""
        given = self.get_body_argument(_ENTRY, "")
        return bool(asked) and hmac.compare_digest(asked.encode(), given.encode("utf-8", "replace"))


class HistoryPage(Headed, PageHandler):
    """GET /cashier/history?after="""

    needs_session = True

    async def get(self) -> None:
        page = await self.read(
            list_own,
            self.desk.config,
            client=self.session.client,
            after=self.get_query_argument("after", None),
            limit=HISTORY_PAGE,
        )
        cards = [card_of(self.desk.config, view) for view in page.items]
        first = self.get_query_argument("after", None) is None
        self.show("history.html", tab="history", cards=cards, older=page.next, first=first)


class PaymentPage(Headed, PageHandler):
    """GET /cashier/payments/{id}: one payment's whole story."""

    needs_session = True

    async def get(self, payment_id: str) -> None:
        view, rows = await self.read(
            find_own, self.desk.config, payment_id, client=self.session.client
        )
        seen = next((row.at for row in rows if row.event == "see"), None)
        card = card_of(self.desk.config, view, seen=seen)
        self.show("payment.html", tab="payment", card=card, rows=rows)


def _enter(
    config: Config, token: str, *, replaces: str | None, now: datetime
) -> tuple[str, Session]:
    grant = check_token(config, token, now=now)
    session_id, session = start_session(grant, replaces=replaces, now=now)
    open_first(config, session, now=now)
    return session_id, session
