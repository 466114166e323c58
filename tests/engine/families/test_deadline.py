"""A reply must end in time, however slowly it drips."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from engine.families.deadline import TimedSocket
from tests.nodes.ports import PATIENCE_S


def _pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        return ours, listener.accept()[0]


def test_a_reply_that_drips_ends_at_the_deadline_and_not_at_its_last_byte() -> None:
    ours, theirs = _pair()
    done = threading.Event()

    def drip() -> None:
        while not done.wait(0.1):
            theirs.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    began_s = time.monotonic()
    reader = TimedSocket(ours, 1).makefile("rb")
    with pytest.raises(TimeoutError):
        reader.read(1000)
    assert time.monotonic() - began_s < 50  # all of it would take twice as long
    done.set()
    thread.join(PATIENCE_S)
    for each in (reader, ours, theirs):
        each.close()


def test_a_reply_in_time_is_read_whole() -> None:
    ours, theirs = _pair()
    theirs.send(b"whole")
    theirs.close()
    with TimedSocket(ours, 5).makefile("rb") as reader:
        assert reader.read() == b"whole"
    ours.close()
