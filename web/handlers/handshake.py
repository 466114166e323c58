"""The site's token becomes a session of ours: by API here, by the page in web.handlers.page."""

from __future__ import annotations

from datetime import datetime

from engine.clock import rfc3339
from engine.config import Config
from engine.handshake import check_token
from engine.sessions import Session, start_session
from web.base import BaseHandler
from web.bodies import text_field
from web.problems import Refusal

TOKEN_LENGTH_MAX = 4096


class HandshakeHandler(BaseHandler):
    """POST /v1/handshake {token}"""

    async def post(self) -> None:
        self.query()
        self._check_origin()
        token = text_field(self.fields("token"), "token", length_max=TOKEN_LENGTH_MAX)
        session_id, session = await self.work(
            exchange, self.desk.config, token, replaces=self.cookie, now=self.desk.now()
        )
        self.add_header("Set-Cookie", self.desk.cookies.set_session(session_id))
        self.answer(
            {
                "client": session.client,
                "action": session.action,
                "currency": session.currency,
                "currencies": list(self.desk.config.currencies),
                "csrf": session.csrf,
                "expires_at": rfc3339(session.ends_at),
            },
            status=201,
        )

    def _check_origin(self) -> None:
        """A stranger's page must not put its visitor into an account of the stranger's choice."""
        origin = self.request.headers.get("Origin")
        origins = self.desk.origins
        if origin is None or origins.is_own(origin, host=self.request.host):
            return
        if not origins.is_site(origin):
            raise Refusal(403, "origin_refused", "handshakes are not taken from that site")


def exchange(
    config: Config, token: str, *, replaces: str | None, now: datetime
) -> tuple[str, Session]:
    """A session for a valid token: `(id for the cookie, session)`. Raises TokenRejected."""
    return start_session(check_token(config, token, now=now), replaces=replaces, now=now)
