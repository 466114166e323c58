"""A process that takes the same sum again and again: `python -m tests.engine.drain URL ACCOUNT
CURRENCY UNITS TIMES`. It waits for a line, and prints how often it got the sum."""

from __future__ import annotations

import sys

from db import connection
from engine.errors import BalanceInsufficient
from engine.ledger import shift
from tests.engine.house import post_alone


def drain(account: str, currency: str, units: int, *, times: int) -> int:
    """How many of so many tries to take `units` succeeded."""
    taken = 0
    for _ in range(times):
        try:
            post_alone(shift("drain", currency, units, to=account, out_of="house"))
        except BalanceInsufficient:
            continue
        taken += 1
    return taken


def main() -> None:
    url, account, currency, units, times = sys.argv[1:]
    connection.open_database(url)
    with connection.connected():
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        sys.stdout.write(f"{drain(account, currency, int(units), times=int(times))}\n")


if __name__ == "__main__":
    main()
