"""A client asks for a withdrawal, or takes one back. The same request twice is carried out once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from engine.client_words.reasons import as_client_sees
from engine.errors import CashierError
from engine.idempotency import Claim, Stored, answer, claim, fingerprint, read_key
from engine.queries import PaymentView
from engine.risk import Answer
from engine.withdrawals.cancel import cancel_withdrawal
from engine.withdrawals.quote import Quote, quote
from engine.withdrawals.request import CREATED, place
from web.base import BaseHandler
from web.handlers.withdraw_page import WithdrawForm
from web.problems import MEDIA_TYPE, Refusal, as_refusal, body_of

FIELDS = ("currency", "address", "amount")


class WithdrawalsHandler(WithdrawForm):
    """POST /v1/withdrawals with an Idempotency-Key: 201 and the payment.

    A form (a page without JavaScript) carries the key in `_idempotency` and is sent on to the page,
    or shown again with what is wrong.
    """

    needs_session = True

    def shows_pages(self) -> bool:
        return self.is_form

    async def post(self) -> None:
        self.query()
        given = self.fields(*FIELDS, form_only=("_csrf", "_idempotency"))
        self.require_grant()
        key = self._key()
        try:
            found = await self._answer(given, key)
        except (CashierError, Refusal) as error:
            if not self.is_form:
                raise
            await self.show_again(given, as_refusal(error, status=500))
            return
        if self.is_form:
            self.see_other(f"/cashier/withdraw?currency={given['currency']}")
            return
        self.set_status(found.status)
        is_problem = found.status >= 400
        self.set_header("Content-Type", MEDIA_TYPE if is_problem else "application/json")
        self.finish(found.body)

    def _key(self) -> str:
        text = (
            self.get_body_argument("_idempotency", "", strip=False)
            if self.is_form
            else self.request.headers.get("Idempotency-Key", "")
        )
        if not text:
            detail = "give an Idempotency-Key, so that a repeated request is carried out once"
            raise Refusal(400, "idempotency_key_missing", detail)
        key = read_key(text)
        if key is None:
            detail = "the Idempotency-Key must be 1 to 255 visible ASCII characters"
            raise Refusal(400, "idempotency_key_invalid", detail)
        return key

    async def _answer(self, given: dict[str, Any], key: str) -> Stored:
        """The first answer to this request, now or from before. Raises what refuses it; a form
        raises a refusal from before once more."""
        found = await self.work(
            claim,
            scope=f"client:{self.session.client} POST /v1/withdrawals",
            key=key,
            fingerprint=fingerprint(given),
            now=self.desk.now(),
        )
        if isinstance(found, Stored):
            self.set_header("Idempotency-Replayed", "true")
            return self._replayed(found)
        try:
            view = await self._carry_out(given, found)
        except CashierError as error:
            await self._note_refusal(found, as_refusal(error, status=500))
            raise
        return answer(CREATED, as_client_sees(self.desk.config, view).as_json())

    def _replayed(self, found: Stored) -> Stored:
        if self.is_form and found.status >= 400:
            problem = json.loads(found.body)
            raise Refusal(found.status, problem["code"], problem["detail"])
        return found

    async def _carry_out(self, given: dict[str, Any], claimed: Claim) -> PaymentView:
        now = self.desk.now()
        wish: Quote = await self.work(
            quote, self.desk.config, client=self.session.client, now=now, **given
        )
        risk = await self._ask_risk(wish)
        return await self.work(
            place, self.desk.config, wish, risk=risk, now=self.desk.now(), idempotency=claimed
        )

    async def _ask_risk(self, wish: Quote) -> tuple[Answer, str] | None:
        """The risk hook's answer: off the event loop, and off the threads of the database."""
        hook = self.desk.risk
        return None if hook is None else await asyncio.to_thread(hook.ask, wish.as_question())

    async def _note_refusal(self, claimed: Claim, refusal: Refusal) -> None:
        """A refusal by the rules is the answer to this key for ever. What failed for another
        reason was not carried out: the same request may come again."""
        if 400 <= refusal.status_code < 500 and refusal.status_code != 409:
            body = body_of(refusal, request_id=self.request_id)
            await self.work(claimed.keep, refusal.status_code, body)
        else:
            await self.work(claimed.release)


class CancelHandler(BaseHandler):
    """POST /v1/withdrawals/{id}/cancel: 200 and the payment, as often as it is asked for."""

    needs_session = True

    def shows_pages(self) -> bool:
        return self.is_form

    async def post(self, payment_id: str) -> None:
        self.query()
        if self.request.body:
            self.fields()
        if not self.session.allows("withdraw"):
            raise Refusal(403, "action_not_granted", "this session may not withdraw")
        view = await self.work(
            cancel_withdrawal,
            self.desk.config,
            payment_id,
            client=self.session.client,
            now=self.desk.now(),
        )
        if self.is_form:
            self.see_other(f"/cashier/withdraw?currency={view.currency}")
            return
        self.answer(as_client_sees(self.desk.config, view).as_json())
