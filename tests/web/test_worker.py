"""Database work off the loop: connected, bounded, and honest when the database fails."""

from __future__ import annotations

import asyncio
import threading

import pytest

from db import connection
from db.models import Client
from engine.clock import rfc3339, utc_now
from engine.errors import DatabaseError, PaymentNotFound
from web.worker import Worker


@pytest.mark.usefixtures("database")
def test_work_has_a_connection_of_its_own_thread() -> None:
    worker = Worker(2)

    async def run() -> tuple[int, str]:
        count = await worker.run(Client.select().count)
        return count, await worker.run(lambda: threading.current_thread().name)

    try:
        count, name = asyncio.run(run())
    finally:
        worker.close()
    assert count == 0
    assert name.startswith("database")


@pytest.mark.usefixtures("database")
def test_what_the_work_raises_is_raised() -> None:
    worker = Worker(1)

    def fail() -> None:
        raise PaymentNotFound("there is no such payment")

    try:
        with pytest.raises(PaymentNotFound):
            asyncio.run(worker.run(fail))
    finally:
        worker.close()


@pytest.mark.usefixtures("database")
def test_what_is_read_together_is_of_one_moment() -> None:
    worker = Worker(2)

    def write() -> None:
        Client.insert(id="CR1042", created_at=rfc3339(utc_now())).execute()

    def count_twice() -> tuple[int, int]:
        before = Client.select().count()
        writer = threading.Thread(target=lambda: asyncio.run(worker.run(write)))
        writer.start()
        writer.join()
        return before, Client.select().count()

    try:
        assert asyncio.run(worker.read(count_twice)) == (0, 0)
        assert asyncio.run(worker.read(Client.select().count)) == 1
    finally:
        worker.close()


@pytest.mark.usefixtures("database")
def test_a_failing_database_is_one_error_that_tells_clients_nothing() -> None:
    worker = Worker(1)
    try:
        with pytest.raises(DatabaseError) as caught:
            asyncio.run(worker.run(connection.database.execute_sql, "SELECT * FROM nowhere"))
    finally:
        worker.close()
    assert "nowhere" not in str(caught.value)
    assert "nowhere" in caught.value.detail


@pytest.mark.usefixtures("database")
def test_a_full_queue_refuses_at_once() -> None:
    worker = Worker(1, waiting_max=2)
    release = threading.Event()

    async def run() -> None:
        waiting = [asyncio.create_task(worker.run(release.wait)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(DatabaseError):
            await worker.run(lambda: None)
        release.set()
        await asyncio.gather(*waiting)
        await worker.run(lambda: None)

    try:
        asyncio.run(run())
    finally:
        worker.close()
