"""A process that dies while it writes: `python -m tests.engine.lifecycle.dying_writer URL FOLDER
WHERE`. It says where it stands and then waits to be killed; with WHERE `anywhere` it writes batch
after batch, and says so each time."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

from db import connection
from db.connection import database
from db.models import Payment
from engine.config import Config
from engine.ledger import shift
from engine.lifecycle import Batch
from tests.engine.house import NOW, house

PAYMENTS = 25


def stand(word: str) -> None:
    """Say where we are, and stay there."""
    sys.stdout.write(f"{word} {int(database.in_transaction())}\n")
    sys.stdout.flush()
    time.sleep(600)


def credit_all(config: Config, where: str) -> None:
    """Credit every confirmed deposit in one batch, and stop at `where`."""
    guard = (lambda: stand("guard")) if where == "guard" else None
    with Batch(config, actor="engine", now=NOW, guard=guard) as batch:
        for payment in Payment.select().where(Payment.state == "confirmed"):
            account = f"client:{payment.client}"
            units = int(payment.units or 0)
            entry = shift("credit", "LTC", units, to="wallet:deposits", out_of=account)
            batch.move(payment, "credit", evidence={}, entry=entry)
        if where == "also":
            batch.also(lambda: stand("also"))
    if where == "after":
        stand("after")


def write_for_ever(config: Config, run: str) -> None:
    """Batches of deposits that go all the way, each with two entries."""
    for number in itertools.count():
        with Batch(config, actor="engine", now=NOW) as batch:
            for each in range(PAYMENTS):
                client = f"{run}/{number}/{each}"
                payment = batch.open(
                    kind="deposit", client=client, currency="LTC", chain="LTC", evidence={}
                )
                batch.move(payment, "see", evidence={}, units=each + 1)
                suspense = f"suspense:{payment.id}"
                entry = shift("confirm", "LTC", each + 1, to="wallet:deposits", out_of=suspense)
                batch.move(payment, "confirm", evidence={}, entry=entry)
                entry = shift("credit", "LTC", each + 1, to=suspense, out_of=f"client:{client}")
                batch.move(payment, "credit", evidence={}, entry=entry)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def main() -> None:
    url, folder, where = sys.argv[1:]
    connection.open_database(url)
    config = house(Path(folder))
    with connection.connected():
        if where.startswith("anywhere"):
            write_for_ever(config, where)
        credit_all(config, where)


if __name__ == "__main__":
    main()
