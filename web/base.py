"""The base of every handler: who asks, from where, how often; headers; errors as problem+json."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Collection
from functools import cached_property
from types import TracebackType
from typing import Any, ClassVar, ParamSpec, TypeVar
from urllib.parse import urlsplit

from tornado.web import RequestHandler

from engine.client_words.deposits import moment_words
from engine.clock import rfc3339
from engine.errors import CashierError
from engine.sessions import Session, find_session
from web import bodies
from web.desk import Desk
from web.files import static_path
from web.limits import client_address
from web.problems import MEDIA_TYPE, Refusal, as_refusal, body_of

log = logging.getLogger("cashier.web")

P = ParamSpec("P")
T = TypeVar("T")

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class BaseHandler(RequestHandler):
    """Checks that hold for every request, in `prepare`; each handler says what it needs.

    `needs_session`: only for a client with a live session, and its writes carry the session's CSRF
    token. `is_limited`: counts for the limit of its address and its client.
    """

    needs_session: ClassVar[bool] = False
    is_limited: ClassVar[bool] = True

    desk: Desk
    visitor: Session | None = None

    def initialize(self) -> None:
        self.desk = self.settings["desk"]

    @cached_property
    def request_id(self) -> str:
        """Names this request in the answer, in the log, and in a client's question to staff."""
        return secrets.token_hex(8)

    def set_default_headers(self) -> None:
        desk: Desk = self.settings["desk"]
        for name, value in desk.headers.items():
            self.set_header(name, value)
        self.set_header("X-Request-Id", self.request_id)

    async def prepare(self) -> None:
        """The checks of every request. Raises Refusal."""
        self.check_host()
        if self.is_limited:
            self._count(f"address {self.address}")
        await self._look_up_visitor()
        if self.needs_session:
            self._require_visitor()

    def check_host(self) -> None:
        """Refuse a Host that is not ours: the name of a stranger that was led to this address."""
        if not self.desk.origins.knows_host(self.request.host):
            raise Refusal(421, "host_unknown", "this server does not answer for that host")

    # --- who asks

    @cached_property
    def address(self) -> str:
        """The address that this request counts for; see `client_address`."""
        return client_address(
            self.request.remote_ip or "",
            self.request.headers.get("X-Forwarded-For", ""),
            trusted=self.desk.config.web.trusted_proxies,
        )

    @property
    def session(self) -> Session:
        """The client's session, in a handler that needs one."""
        if self.visitor is None:
            raise Refusal(401, "session_missing", "your session has ended; come back from the site")
        return self.visitor

    @property
    def cookie(self) -> str | None:
        """The session id that the browser sent, whatever it is worth."""
        return self.get_cookie(self.desk.cookies.session)

    async def _look_up_visitor(self) -> None:
        if not self.cookie:
            return
        # A page that refreshes itself is no sign that somebody is there.
        active = "X-Background" not in self.request.headers and "auto" not in (
            self.request.query_arguments
        )
        self.visitor = await self.work(
            find_session, self.cookie, now=self.desk.now(), active=active
        )
        if self.visitor is not None and self.is_limited:
            self._count(f"client {self.visitor.client}")

    def _require_visitor(self) -> None:
        session = self.session
        if self.request.method in _WRITES and not session.is_csrf(self._csrf_given()):
            raise Refusal(403, "csrf_invalid", "the request does not carry this session's token")

    def _csrf_given(self) -> str:
        if self.is_form:
            return self.get_body_argument("_csrf", "")
        return str(self.request.headers.get("X-CSRF-Token", ""))

    def _count(self, key: str) -> None:
        limit = self.desk.by_client if key.startswith("client") else self.desk.by_address
        wait_s = limit.wait_s(key, at_s=time.monotonic())
        if wait_s:
            detail = f"too many requests; try again in {int(wait_s) + 1} s"
            raise Refusal(429, "rate_limited", detail, retry_after_s=int(wait_s) + 1)

    # --- what is asked

    @property
    def is_form(self) -> bool:
        """Whether the body is a plain form, as a page without JavaScript sends it."""
        return self._media_type == _FORM

    @property
    def wants_html(self) -> bool:
        """Whether a browser asks for a page, not a program for data."""
        return "text/html" in self.request.headers.get("Accept", "")

    @property
    def _media_type(self) -> str:
        kind: str = self.request.headers.get("Content-Type", "")
        return kind.partition(";")[0].strip().lower()

    def fields(self, *names: str, form_only: Collection[str] = ("_csrf",)) -> dict[str, Any]:
        """The body's fields, all of `names` and no other. Raises Refusal 400 or 415."""
        raw = self.request.body
        if self.is_form:
            given: dict[str, Any] = {
                **bodies.read_form(raw, fields={*names, *form_only}, required=names)
            }
            return {name: given[name] for name in names}
        if self._media_type not in {_JSON, ""}:
            raise Refusal(415, "media_type_unsupported", f"the body must be {_JSON}")
        return bodies.read_json(raw, fields=names, required=names)

    def query(self, *names: str) -> dict[str, str]:
        """The query's parameters, each known and given once. Raises Refusal 400."""
        return bodies.read_query(self.request.query_arguments, fields=names)

    # --- answering

    async def work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function of the engine in a thread that has a database connection."""
        return await self.desk.worker.run(function, *args, **kwargs)

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one that only reads, on the database as it stands at one moment: what is shown
        together fits together while the engine writes."""
        return await self.desk.worker.read(function, *args, **kwargs)

    def answer(self, value: object, *, status: int = 200) -> None:
        """Answer with a JSON value."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def see_other(self, path: str) -> None:
        """Send the browser on to a page of ours, by GET."""
        self.set_status(303)
        self.set_header("Location", path)
        self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error ends here. A refusal says what to do; a fault of ours says nothing."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        refusal = as_refusal(error, status=status_code)
        self.set_status(refusal.status_code)
        if refusal.retry_after_s is not None:
            self.set_header("Retry-After", str(refusal.retry_after_s))
        if refusal.status_code == 405:
            self.set_header("Allow", ", ".join(self._methods()))
        if refusal.status_code == 401:
            self.set_header("WWW-Authenticate", 'Handshake realm="cashier"')
        if self.wants_html and self.shows_pages():
            self.finish(self.render_page("problem.html", refusal=refusal))
            return
        self.set_header("Content-Type", MEDIA_TYPE)
        self.finish(json.dumps(body_of(refusal, request_id=self.request_id)))

    def shows_pages(self) -> bool:
        """Whether a browser gets pages from this handler, refusals included."""
        return False

    def render_page(self, template: str, **values: Any) -> bytes:
        """A page of ours: every template knows the site, the visitor and the way back."""
        return self.render_string(
            template,
            **{"tab": "", "reload_s": 0, "source": "", **values},
            site=self.desk.config.site.name,
            site_url=self.desk.origins.site_url,
            visitor=self.visitor,
            now=self.desk.now(),
            asset=static_path,
            moment=moment_words,
            rfc3339=rfc3339,
            request_id=self.request_id,
        )

    def _methods(self) -> list[str]:
        own = (name for name in self.SUPPORTED_METHODS if _overrides(type(self), name.lower()))
        return sorted(own)

    # --- the log

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log faults of ours and of the database. Never the query: it may hold a token."""
        if value is None or as_refusal(value, status=_status_of(value)).status_code < 500:
            return
        detail = value.detail if isinstance(value, CashierError | Refusal) else repr(value)
        known = isinstance(value, CashierError | Refusal)
        log.error(
            "%s %s %s failed: %s",
            self.request_id,
            self.request.method,
            ascii(urlsplit(self.request.path).path[:200]),
            detail,
            exc_info=None if known or typ is None else (typ, value, tb),
        )


def _status_of(error: BaseException) -> int:
    return int(getattr(error, "status_code", 500))


class Headed(BaseHandler):
    """A handler whose GET changes nothing: HEAD is answered like it, without the body."""

    async def head(self, *parts: str) -> None:
        done = self.get(*parts)
        if done is not None:
            await done


def _overrides(handler: type[BaseHandler], method: str) -> bool:
    return getattr(handler, method) is not getattr(RequestHandler, method)
