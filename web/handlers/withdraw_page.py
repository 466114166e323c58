"""The withdrawal page: the form, and the review in which a client compares before it asks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from engine.errors import CashierError
from web.base import Headed
from web.handlers.page import PageHandler
from web.problems import Refusal, as_refusal
from web.withdraw_model import ALL, Filled, mended, review_of, withdraw_model

PATH = "/cashier/withdraw"
TEXT_MAX = 200  # of a field, as it is shown again


class WithdrawForm(PageHandler):
    """Whoever can show the form: as it is, or again with what is wrong."""

    def require_grant(self) -> None:
        """Raises Refusal unless the handshake granted withdrawals."""
        if not self.session.allows("withdraw"):
            raise Refusal(403, "action_not_granted", "this session may not withdraw")

    async def show_form(self, *, wanted: str | None, filled: Filled) -> None:
        """The page with the form filled in so."""
        model = await self.read(
            withdraw_model,
            self.desk.config,
            self.session,
            wanted=wanted,
            filled=filled,
            now=self.desk.now(),
        )
        # The answer to a form has an address that a script cannot ask again.
        symbol = "" if model.terms is None else model.terms.symbol
        source = f"{PATH}?currency={symbol}" if symbol else PATH
        self.show("withdraw.html", tab="withdraw", model=model, source=source)

    async def show_again(self, given: Mapping[str, Any], refusal: Refusal) -> None:
        """The form with what the client wrote, and what is wrong with it."""
        if refusal.status_code >= 500:
            raise refusal
        self.set_status(refusal.status_code)
        filled = mended(
            refusal,
            address=str(given["address"])[:TEXT_MAX],
            amount=str(given["amount"])[:TEXT_MAX],
        )
        await self.show_form(wanted=str(given["currency"]), filled=filled)


class WithdrawPage(Headed, WithdrawForm):
    """GET /cashier/withdraw: the form. POST: the review of what was filled in."""

    needs_session = True

    async def get(self) -> None:
        # Only `all` may come by an address: what a client types stays out of it.
        everything = self.get_query_argument("amount", "") == ALL
        await self.show_form(
            wanted=self.get_query_argument("currency", None),
            filled=Filled(amount=ALL if everything else ""),
        )

    async def post(self) -> None:
        given = {
            name: str(text).strip()
            for name, text in self.fields("currency", "address", "amount").items()
        }
        self.require_grant()
        if self.get_query_argument("change", ""):
            filled = Filled(given["address"][:TEXT_MAX], given["amount"][:TEXT_MAX])
            await self.show_form(wanted=given["currency"], filled=filled)
            return
        try:
            review = await self.work(
                review_of, self.desk.config, self.session, now=self.desk.now(), **given
            )
        except CashierError as error:
            await self.show_again(given, as_refusal(error, status=500))
            return
        key = secrets.token_urlsafe(24)
        self.show("review.html", tab="withdraw", review=review, key=key, source=PATH)
