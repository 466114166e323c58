"""The client's end of the live feed: who may open a socket, and what it may send (nothing)."""

from __future__ import annotations

import time

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from web.base import BaseHandler
from web.limits import RateLimit
from web.problems import Refusal

TOO_MUCH = 1008
FRAMES_PER_MINUTE = 30
UNSENT_MAX = 200


class FeedHandler(BaseHandler, WebSocketHandler):
    """WS /v1/feed, from our own page only: browsers let every page open sockets anywhere, and say
    whose page it was in `Origin`. No Origin is no browser of ours either."""

    needs_session = True

    client: str = ""
    session_key: str = ""

    async def prepare(self) -> None:
        """The checks of every request, and those of a socket. Raises Refusal."""
        origin = self.request.headers.get("Origin")
        if origin is None or not self.check_origin(origin):
            raise Refusal(403, "origin_refused", "the feed is only open to the cashier's own page")
        await super().prepare()
        self.query()
        self._check_upgrade()
        if not self.desk.feed.has_room(self.session.client):
            raise Refusal(429, "sockets_too_many", "too many open feeds", retry_after_s=30)

    def check_origin(self, origin: str) -> bool:
        """Whether the page that opens the socket is ours."""
        return self.desk.origins.is_own(origin, host=self.request.host)

    def _check_upgrade(self) -> None:
        headers = self.request.headers
        connection = [part.strip().lower() for part in headers.get("Connection", "").split(",")]
        if headers.get("Upgrade", "").lower() != "websocket" or "upgrade" not in connection:
            raise Refusal(426, "upgrade_required", "the feed is a WebSocket")
        if headers.get("Sec-WebSocket-Version") != "13" or not headers.get("Sec-WebSocket-Key"):
            raise Refusal(426, "upgrade_required", "the feed is a WebSocket of version 13")

    def open(self, *_args: str, **_kwargs: str) -> None:
        """The socket is open: it joins the feed, which says hello."""
        self.client = self.session.client
        self.session_key = self.session.key
        self._frames = RateLimit(FRAMES_PER_MINUTE)
        self._unsent = 0
        self.desk.feed.join(self)

    def on_message(self, message: str | bytes) -> None:  # noqa: ARG002  # not looked at
        """Nothing that a client sends means anything; much of it ends the socket."""
        if self._frames.wait_s("", at_s=time.monotonic()):
            self.close(TOO_MUCH, "the feed takes no messages")

    def on_close(self) -> None:
        self.desk.feed.leave(self)

    def tell(self, message: str) -> None:
        """Send one JSON text. A client that reads nothing for too long is cut off."""
        if self._unsent >= UNSENT_MAX:
            self.close(TOO_MUCH, "messages are not read")
            return
        try:
            sent = self.write_message(message)
        except WebSocketClosedError:
            return
        self._unsent += 1
        sent.add_done_callback(self._note_sent)

    def _note_sent(self, sent: object) -> None:
        self._unsent -= 1
        # A write that fails means that the socket closed, which on_close is told of.
        getattr(sent, "exception", lambda: None)()

    def end(self, code: int, reason: str) -> None:
        """Close, because the session has ended or the process stops."""
        self.close(code, reason)
