"""A client asks for a deposit address."""

from __future__ import annotations

from typing import Any

from engine.deposits.request import request_deposit
from engine.money import format_amount
from engine.queries import PaymentView
from web.base import BaseHandler
from web.bodies import text_field
from web.desk import Desk
from web.problems import Refusal
from web.qr import qr_data_uri, qr_text

_SYMBOL_LENGTH_MAX = 16


class DepositsHandler(BaseHandler):
    """POST /v1/deposits: 201 with a new address, 200 with the client's unused one.

    A form (a page without JavaScript) is sent on to the page instead.
    """

    needs_session = True

    def shows_pages(self) -> bool:
        return self.is_form

    async def post(self) -> None:
        self.query()
        currency = text_field(self.fields("currency"), "currency", length_max=_SYMBOL_LENGTH_MAX)
        if not self.session.allows("deposit"):
            raise Refusal(403, "action_not_granted", "this session may not deposit")
        view, created = await self.work(
            request_deposit,
            self.desk.config,
            client=self.session.client,
            currency=currency,
            now=self.desk.now(),
        )
        if self.is_form:
            self.see_other(f"/cashier?currency={view.currency}")
            return
        self.answer(deposit_json(self.desk, view), status=201 if created else 200)


def deposit_json(desk: Desk, view: PaymentView) -> dict[str, Any]:
    """A payment with what a client needs to pay it: `minimum` in coins, `qr` an SVG `data:` URI."""
    currency = desk.config.currencies[view.currency]
    shown: dict[str, Any] = view.as_json()
    shown["minimum"] = format_amount(currency.deposit_minimum, currency.decimals)
    shown["qr"] = None
    if view.address is not None and view.uri is not None:
        shown["qr"] = qr_data_uri(qr_text(currency, address=view.address, uri=view.uri))
    return shown
