"""A client's payments: the list, and one with its history. Other clients' do not exist."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from engine import queries
from engine.client_words.reasons import as_client_sees, rows_as_client_sees
from engine.config import Config
from engine.errors import PaymentNotFound
from engine.queries import HistoryView, Page, PaymentView
from web.base import BaseHandler
from web.problems import Refusal

LIMIT = 50

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


class PaymentsHandler(BaseHandler):
    """GET /v1/payments?after=&limit="""

    needs_session = True

    async def get(self) -> None:
        query = self.query("after", "limit")
        page = await self.read(
            list_own,
            self.desk.config,
            client=self.session.client,
            after=query.get("after"),
            limit=_limit(query.get("limit")),
        )
        self.answer({"items": [view.as_json() for view in page.items], "next": page.next})


class PaymentHandler(BaseHandler):
    """GET /v1/payments/{id}"""

    needs_session = True

    async def get(self, payment_id: str) -> None:
        self.query()
        view, rows = await self.read(
            find_own, self.desk.config, payment_id, client=self.session.client
        )
        shown: dict[str, Any] = view.as_json()
        self.answer(shown | {"history": [row.as_json(public=True) for row in rows]})


def list_own(config: Config, *, client: str, after: str | None, limit: int) -> Page:
    """A page of this client's payments, newest first. Raises Refusal for a foreign cursor."""
    try:
        page = queries.list_payments(config, client=client, after=after, limit=limit)
    except ValueError as error:
        raise Refusal(400, "query_invalid", "after must be the `next` of a list") from error
    return replace(page, items=tuple(as_client_sees(config, view) for view in page.items))


def find_own(
    config: Config, payment_id: str, *, client: str
) -> tuple[PaymentView, tuple[HistoryView, ...]]:
    """One payment of this client with its history. Raises PaymentNotFound."""
    if not _ID.fullmatch(payment_id):
        raise PaymentNotFound("there is no such payment")
    view = queries.find_payment(config, payment_id, client=client)
    rows = rows_as_client_sees(config, view, queries.history(config, payment_id))
    return as_client_sees(config, view), rows


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT
    if not _NUMBER.fullmatch(text) or int(text) > queries.PAGE_MAX:
        detail = f"limit must be a number from 1 to {queries.PAGE_MAX}"
        raise Refusal(400, "query_invalid", detail)
    return int(text)
