"""A process of its own that asks for withdrawals at a signal; prints what became of each.

Arguments: the configuration, how many, the amount. It says `ready`, waits for a line, and asks
from several threads at once, as a web process does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from db.connection import open_database
from engine.config import load_config
from engine.errors import CashierError
from tests.engine.withdrawals.purse import ask
from tests.together import at_once


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(path: str, count: str, amount: str) -> None:
    config = load_config(Path(path), role="web", environ={})
    open_database(config.database)

    def one(_: int) -> str:
        try:
            return ask(config, amount=amount).state
        except CashierError as error:
            return error.code

    say("ready")
    sys.stdin.readline()
    for outcome in at_once(int(count), one):
        say(outcome if isinstance(outcome, str) else repr(outcome))


if __name__ == "__main__":
    main(*sys.argv[1:])
