"""The console's only door to the engine's queries: one thread, one connection, never the UI's.

Questions are by kind, and a newer one takes the place of an older one that was not asked yet. A
database that fails is `Away` until a try succeeds; what waits is asked again then, so that a
screen keeps its last picture and never sees an error of a database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from engine.clock import rfc3339
from engine.errors import CashierError, DatabaseError

if TYPE_CHECKING:
    from engine.config import Config

Answer = TypeVar("Answer")
Deliver = Callable[..., Any]

RETRY_FIRST_S, RETRY_MOST_S = 0.5, 5.0
HEAD_START_S = 0.2


@dataclass(frozen=True, slots=True)
class Away:
    """The database cannot be asked since then (RFC 3339 UTC), and why."""

    since: str
    why: str


@dataclass(slots=True)
class _Question:
    ask: Callable[[Config], Any]
    then: Callable[[Any], Any]
    refused: Callable[[CashierError], Any] | None


@dataclass(slots=True)
class Standing:
    """Something asked every `every_s` seconds; it says itself whether there is news. As long as a
    `patient` one was not asked yet, the first rows of a screen come before it."""

    every_s: float
    ask: Callable[[Config], Any]
    then: Callable[[Any], Any]
    patient: bool = False
    due: float = 0.0


class Source:
    """Asks on its own thread and hands answers to `deliver(callback, answer)`, which brings them
    to the UI's thread. `load` reads the configuration and opens the database; what it raises is
    for `unusable`. `moved_away` hears when the database goes (Away) and comes back (None)."""

    def __init__(
        self,
        load: Callable[[], Config],
        *,
        deliver: Deliver,
        moved_away: Callable[[Away | None], Any],
        unusable: Callable[[CashierError], Any],
        clock: Callable[[], datetime],
    ) -> None:
        self.config: Config | None = None
        self.away: Away | None = None
        self._load = load
        self._deliver = deliver
        self._moved_away = moved_away
        self._unusable = unusable
        self._clock = clock
        self._questions: dict[str, _Question] = {}
        self._standing: list[Standing] = []
        self._wake = threading.Condition()
        self._ended = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="console-source", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stop asking; a question that runs just now ends first."""
        with self._wake:
            self._ended = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def ask(
        self,
        kind: str,
        question: Callable[[Config], Answer],
        then: Callable[[Answer], Any],
        *,
        refused: Callable[[CashierError], Any] | None = None,
    ) -> None:
        """Ask when the thread is free; `then` gets the answer on the UI's thread, `refused` a
        CashierError. Of several questions of one kind only the newest is asked."""
        with self._wake:
            self._questions[kind] = _Question(question, then, refused)
            self._wake.notify_all()

    def ask_always(
        self,
        every_s: float,
        question: Callable[[Config], Answer | None],
        then: Callable[[Answer], Any],
        *,
        patient: bool = False,
    ) -> None:
        """Ask again and again; an answer of None is no news and is not handed on. A `patient`
        question lets screens ask first."""
        with self._wake:
            self._standing.append(Standing(every_s, question, then, patient))
            self._wake.notify_all()

    @property
    def idle(self) -> bool:
        """Whether nothing is asked or waits to be, but for what is asked again and again."""
        with self._wake:
            return not self._questions and not self._busy

    def _run(self) -> None:
        try:
            self.config = self._load()
        except CashierError as error:
            self._deliver(self._unusable, error)
            return
        self._let_screens_ask_first()
        pause = RETRY_FIRST_S
        while not self._ended:
            try:
                with self._connection(self.config):
                    self._came_back()
                    pause = RETRY_FIRST_S
                    self._work(self.config)
            except failures() as error:
                self._went_away(error)
                self._rest(pause)
                pause = min(pause * 2, RETRY_MOST_S)

    def _let_screens_ask_first(self) -> None:
        """The first rows come before what is asked all day."""
        with self._wake:
            for each in self._standing:
                if each.patient:
                    each.due = time.monotonic() + HEAD_START_S

    def _connection(self, config: Config) -> AbstractContextManager[None]:
        from db.connection import connected
        from engine.store import open_fitting

        if self.away is not None:  # SQLite would make an empty file of one that is gone
            open_fitting(config)
        return connected()

    def _work(self, config: Config) -> None:
        """Answer questions until the end, or until the database fails."""
        while True:
            kind, question = self._next()
            if question is None:
                return
            try:
                answer = question.ask(config)
            except failures():
                self._put_back(kind, question)
                raise
            except CashierError as error:
                if question.refused is not None:
                    self._deliver(question.refused, error)
            else:
                if answer is not None or kind:
                    self._deliver(question.then, answer)
            finally:
                self._busy = False

    def _next(self) -> tuple[str, _Question | None]:
        """The next question and its kind; kind "" is one that is asked again and again."""
        with self._wake:
            while not self._ended:
                now = time.monotonic()
                due = min(self._standing, key=lambda each: each.due, default=None)
                gives_way = due is not None and due.patient and bool(self._questions)
                if due is not None and due.due <= now and not gives_way:
                    due.due, due.patient = now + due.every_s, False
                    self._busy = True
                    return "", _Question(due.ask, due.then, None)
                if self._questions:
                    kind = next(iter(self._questions))
                    self._busy = True
                    return kind, self._questions.pop(kind)
                self._wake.wait(None if due is None else due.due - now)
        return "", None

    def _put_back(self, kind: str, question: _Question) -> None:
        with self._wake:
            if kind:
                self._questions.setdefault(kind, question)
            else:
                for each in self._standing:
                    each.due = 0.0

    def _rest(self, pause_s: float) -> None:
        with self._wake:
            if not self._ended:
                self._wake.wait_for(lambda: self._ended, timeout=pause_s)

    def _went_away(self, error: Exception) -> None:
        from db.connection import database

        if not database.is_closed():
            database.close()
        if self.away is None:
            self.away = Away(rfc3339(self._clock()), str(error).split("\n")[0])
            self._deliver(self._moved_away, self.away)

    def _came_back(self) -> None:
        if self.away is not None:
            self.away = None
            self._deliver(self._moved_away, None)


def failures() -> tuple[type[Exception], ...]:
    """What says that the database is away. Not loaded before a first question needs it."""
    import peewee

    return (peewee.DatabaseError, peewee.InterfaceError, DatabaseError, OSError)
