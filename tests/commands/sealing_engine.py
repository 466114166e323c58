"""A process that shows an engine's signs of life and carries out orders to seal, for tests.

Started as `python -m tests.commands.sealing_engine DATABASE_URL`; says `ready`, ends with its
input.
"""

from __future__ import annotations

import sys
import threading
from datetime import datetime

from db.connection import connected, open_database
from db.models import Chain
from engine import orders
from engine.audit import seals
from engine.clock import rfc3339, utc_now
from tests.engine.audit.histories import KEY


def _seal(_body: object, now: datetime) -> dict[str, object]:
    return {"seals": len(seals.seal(now=now, key=KEY))}


def _work(url: str, stop: threading.Event) -> None:
    open_database(url)
    with connected():
        now = rfc3339(utc_now())
        Chain.create(symbol="LTC", since=now, beat_at=now)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not stop.wait(0.05):
            Chain.update(beat_at=rfc3339(utc_now())).execute()
            orders.carry_out({"seal": _seal}, utc_now())


if __name__ == "__main__":
    ended = threading.Event()
    worker = threading.Thread(target=_work, args=(sys.argv[1], ended))
    worker.start()
    sys.stdin.read()
    ended.set()
    worker.join()
