"""A process that shows an engine's signs of life and carries out what staff signed, for tests.

Started as `python -m tests.commands.signing_engine CASHIER_TOML`; says `ready`, ends with its
input.
"""

from __future__ import annotations

import sys
import threading

from db.connection import connected, open_database
from db.models import Chain
from engine import orders
from engine.approvals.office import Office
from engine.clock import rfc3339, utc_now
from engine.config import load_config


def _work(path: str, stop: threading.Event) -> None:
    config = load_config(path, role="engine", environ={})
    open_database(config.database)
    acts = Office(config, guard=lambda: None).acts()
    with connected():
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not stop.wait(0.05):
            Chain.update(beat_at=rfc3339(utc_now())).execute()
            orders.carry_out({}, utc_now(), signed=acts)


if __name__ == "__main__":
    ended = threading.Event()
    worker = threading.Thread(target=_work, args=(sys.argv[1], ended))
    worker.start()
    sys.stdin.read()
    ended.set()
    worker.join()
