"""The embedded EVM chain as a process of its own, for the demo without anvil.

It mines when it is told to, keeps its chain in a file, and ends at SIGTERM.
"""

from __future__ import annotations

import argparse
import signal
import threading
import time
from pathlib import Path

from engine.families.evm.embedded import journal
from engine.families.evm.embedded.door import Door


def main() -> None:
    """Serve until a signal says to end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    chain = journal.load(options.file, clock=lambda: int(time.time()))
    door = Door(chain, port=options.port)
    door.open()
    ended.wait()
    door.close()


if __name__ == "__main__":
    main()
