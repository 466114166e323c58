"""What a client has."""

from __future__ import annotations

from engine import queries
from web.base import BaseHandler


class BalancesHandler(BaseHandler):
    """GET /v1/balances."""

    needs_session = True

    async def get(self) -> None:
        self.query()
        views = await self.read(queries.balances, self.desk.config, self.session.client)
        self.answer({"items": [view.as_json() for view in views], "next": None})
