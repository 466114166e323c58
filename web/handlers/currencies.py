"""What may be paid in, on what terms, and what is paused and why."""

from __future__ import annotations

from engine import queries
from web.base import BaseHandler


class CurrenciesHandler(BaseHandler):
    """GET /v1/currencies."""

    needs_session = True

    async def get(self) -> None:
        self.query()
        views = await self.read(queries.currencies, self.desk.config)
        self.answer({"items": [view.as_json() for view in views], "next": None})
