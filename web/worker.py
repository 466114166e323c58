"""Database work off the event loop: a few threads, each with its own connection.

The database answers in milliseconds, or it does not answer at all; then the queue is bounded and
the client is told, instead of everybody waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import peewee

from db.connection import connected
from db.snapshot import snapshot
from engine.errors import DatabaseError

THREADS = 4
WAITING_MAX = 500

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs functions that need a database connection, a few at a time."""

    def __init__(self, threads: int = THREADS, *, waiting_max: int = WAITING_MAX) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._waiting = 0
        self._waiting_max = waiting_max

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(*args, **kwargs)` in a thread with an open connection.

        Raises what it raises; DatabaseError where the database itself failed.
        """
        if self._waiting >= self._waiting_max:
            raise DatabaseError("the cashier is busy; try again in a moment", detail="queue full")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._pool, lambda: _connected(function, *args, **kwargs)
            )
        finally:
            self._waiting -= 1

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`run`, with every read of the function at one moment. Writing fails."""
        return await self.run(lambda: _at_one_moment(function, *args, **kwargs))

    def close(self) -> None:
        """Let running work end and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _at_one_moment(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with snapshot():
        return function(*args, **kwargs)


def _connected(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        with connected():
            return function(*args, **kwargs)
    except peewee.PeeweeException as error:
        raise DatabaseError(
            "the cashier's database does not answer; nothing was changed, try again in a moment",
            detail=f"{type(error).__name__}: {error}",
        ) from error
