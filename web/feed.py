"""The live feed: one task asks the database four times a second, for every socket of the process.

What a client hears: a hello with its open payments, then each payment of its own whenever it moves
or its confirmations change, and the currencies when one is paused or resumes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine import queries
from engine.client_words.reasons import as_client_sees
from engine.clock import utc_now
from engine.config import Config
from engine.errors import DatabaseError, PaymentNotFound
from engine.queries import PaymentView
from engine.sessions import live_keys
from web.worker import Worker

log = logging.getLogger("cashier.web.feed")

PERIOD_S = 0.25
SESSION_PERIOD_S = 1.0
SESSION_ENDED = 4401
GOING_AWAY = 1001
SOCKETS_MAX = 2000
SOCKETS_PER_CLIENT_MAX = 10
_BATCH = 500


class Listener(Protocol):
    """A client's open socket."""

    client: str
    session_key: str

    def tell(self, message: str) -> None:
        """Send one JSON text."""

    def end(self, code: int, reason: str) -> None:
        """Close, because the session has ended or the process stops."""


@dataclass(slots=True)
class _Look:
    """What one look at the database found."""

    cursor: int
    tips: dict[str, int]
    currencies: list[dict[str, Any]]
    moved: dict[str, list[PaymentView]] = field(default_factory=dict)
    hello: dict[str, tuple[PaymentView, ...]] = field(default_factory=dict)
    more: bool = False


class Feed:
    """All sockets of one process, and the task that feeds them."""

    def __init__(self, config: Config, worker: Worker) -> None:
        self._config = config
        self._worker = worker
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._joining: list[Listener] = []
        self._told: dict[str, dict[str, str]] = {}
        self._last: _Look | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sessions_due_s = 0.0

    @property
    def count(self) -> int:
        """How many sockets are open."""
        return sum(len(group) for group in self._listeners.values()) + len(self._joining)

    def has_room(self, client: str) -> bool:
        """Whether this client may open one more socket."""
        own = len(self._listeners.get(client, ())) + sum(j.client == client for j in self._joining)
        return own < SOCKETS_PER_CLIENT_MAX and self.count < SOCKETS_MAX

    def join(self, listener: Listener) -> None:
        """Feed this socket from now on; its hello comes with the next look, at once."""
        self._joining.append(listener)
        self._wake.set()

    def leave(self, listener: Listener) -> None:
        """Forget a socket that closed."""
        if listener in self._joining:
            self._joining.remove(listener)
        group = self._listeners.get(listener.client, set())
        group.discard(listener)
        if not group:
            self._listeners.pop(listener.client, None)
            self._told.pop(listener.client, None)

    def start(self) -> None:
        """Begin to look, in the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the task and close every socket."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for listener in self._everybody():
            listener.end(GOING_AWAY, "the server is restarting")

    def _everybody(self) -> list[Listener]:
        return [*self._joining, *(one for group in self._listeners.values() for one in group)]

    async def _run(self) -> None:
        failing = False
        while True:
            try:
                more = await self._look_once()
                if failing:
                    log.warning("the feed reads the database again")
                failing = False
            except DatabaseError as error:
                more = False
                if not failing:
                    log.error("the feed cannot read the database: %s", error.detail)  # noqa: TRY400
                failing = True
            except Exception:
                more = False
                log.exception("the feed failed on one look and goes on with the next")
            if not more:
                await self._pause(failing=failing)

    async def _pause(self, *, failing: bool) -> None:
        """Wait for the next look: not at all for a newcomer, for ever while nobody listens."""
        timeout_s = PERIOD_S if self._listeners or failing else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout_s)
        if failing:
            await asyncio.sleep(PERIOD_S)
        self._wake.clear()

    async def _look_once(self) -> bool:
        """One look; returns whether there is more to read at once."""
        if not self._listeners and not self._joining:
            self._last = None  # nobody listened meanwhile: begin anew with whoever comes
            return False
        joining = tuple(self._joining)
        look = await self._worker.run(
            _look,
            self._config,
            self._last,
            listening=frozenset(self._listeners),
            joining=frozenset(one.client for one in joining),
        )
        self._tell_changes(look)
        self._welcome(joining, look)
        self._last = look
        await self._end_dead_sessions()
        return look.more

    def _tell_changes(self, look: _Look) -> None:
        if self._last is not None and look.currencies != self._last.currencies:
            message = _message("currencies", items=look.currencies)
            for listener in self._everybody():
                listener.tell(message)
        for client, views in look.moved.items():
            if client not in self._listeners:
                continue  # it left while we looked
            told = self._told.setdefault(client, {})
            for view in views:
                message = _message("payment", payment=view.as_json())
                if told.get(view.id) == message:
                    continue
                told[view.id] = message
                for listener in tuple(self._listeners.get(client, ())):
                    listener.tell(message)

    def _welcome(self, joining: Collection[Listener], look: _Look) -> None:
        for listener in joining:
            if listener not in self._joining:
                continue  # it left while we looked
            self._joining.remove(listener)
            payments = [view.as_json() for view in look.hello.get(listener.client, ())]
            listener.tell(_message("hello", payments=payments))
            self._listeners[listener.client].add(listener)

    async def _end_dead_sessions(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._sessions_due_s:
            return
        self._sessions_due_s = now_s + SESSION_PERIOD_S
        everybody = self._everybody()
        keys = {listener.session_key for listener in everybody}
        live = await self._worker.run(live_keys, keys, now=utc_now())
        for listener in everybody:
            if listener.session_key not in live:
                listener.end(SESSION_ENDED, "session ended")


def _look(
    config: Config,
    last: _Look | None,
    *,
    listening: Collection[str],
    joining: Collection[str],
) -> _Look:
    """Read what happened since `last`, for these clients. The newcomers' hello is read after the
    moves, so that nothing falls between the two."""
    cursor = queries.last_seq() if last is None else last.cursor
    rows = queries.moved_since(cursor, limit=_BATCH)
    look = _Look(
        cursor=rows[-1][0] if rows else cursor,
        tips=queries.tips(config),
        currencies=[view.as_json() for view in queries.currencies(config)],
        more=len(rows) == _BATCH,
    )
    ids: dict[str, set[str]] = defaultdict(set)
    for _seq, client, payment in rows:
        if client is not None and client in listening:
            ids[client].add(payment)
    tip_moved = last is not None and look.tips != last.tips
    for client in listening if tip_moved else ids:
        look.moved[client] = _views(config, client, ids.get(client, set()), tip_moved=tip_moved)
    for client in joining:
        views = queries.open_payments(config, client)
        look.hello[client] = tuple(as_client_sees(config, view) for view in views)
    return look


def _views(config: Config, client: str, ids: set[str], *, tip_moved: bool) -> list[PaymentView]:
    found: dict[str, PaymentView] = {}
    if tip_moved:
        found = {view.id: view for view in queries.open_payments(config, client)}
    for payment_id in sorted(ids - found.keys()):
        with contextlib.suppress(PaymentNotFound):  # it belongs to somebody else by now
            found[payment_id] = queries.find_payment(config, payment_id, client=client)
    return [as_client_sees(config, view) for view in found.values()]


def _message(kind: str, **content: Any) -> str:
    body: Mapping[str, Any] = {"type": kind, **content}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
