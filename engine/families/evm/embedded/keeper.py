"""Who runs an embedded chain: the first process that asks for it, for as long as it lives.

Others that ask meanwhile are given the same door. When its process has ended, the next one that
asks goes on with the same chain from its file.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
from pathlib import Path
from typing import IO

from engine.clock import utc_now
from engine.errors import NodeDown
from engine.families.evm.embedded import journal
from engine.families.evm.embedded.chain import EmbeddedChain
from engine.families.evm.embedded.door import Door

MINE_EVERY_S = 2
# Blocks that follow by themselves on one with something in it: enough to be final.
FOLLOWING = 70


class Kept:
    """An embedded chain that this process runs, with its door; `lock` says so to others."""

    def __init__(self, folder: Path, lock: IO[str]) -> None:
        self._lock = lock
        self._ended = threading.Event()
        chain = journal.load(folder / "chain.jsonl", clock=_now_s)
        self.door = Door(chain)
        self.door.open()
        (folder / "door").write_text(self.door.url, encoding="utf-8")
        self._miner = threading.Thread(target=self._mine, daemon=True)
        self._miner.start()

    def close(self) -> None:
        self._ended.set()
        self._miner.join()
        self.door.close()
        self._lock.close()

    def _mine(self) -> None:
        while not self._ended.wait(MINE_EVERY_S):
            with self.door.turn:
                if is_due(self.door.chain):
                    self.door.chain.mine()


def is_due(chain: EmbeddedChain) -> bool:
    """Whether a block is wanted: something waits, or was mined a few blocks ago."""
    recent = chain.blocks[-FOLLOWING:]
    return any(True for _ in chain.pool) or any(block.chain_txs for block in recent)


_kept: dict[Path, Kept] = {}
_opening = threading.Lock()


def url_of(folder: Path) -> str:
    """URL of the embedded chain that is kept in `folder`, run by this process if by no other.
    Raises NodeDown when another one is about to start it."""
    place = folder.resolve()
    with _opening:
        if place not in _kept:
            place.mkdir(parents=True, exist_ok=True)
            lock = _locked(place / "lock")
            if lock is None:
                return _door_of_another(place)
            _kept[place] = Kept(place, lock)
        return _kept[place].door.url


def close(folder: Path) -> None:
    """Run the chain in `folder` no more, if this process does."""
    with _opening:
        kept = _kept.pop(folder.resolve(), None)
    if kept is not None:
        kept.close()


def _locked(path: Path) -> IO[str] | None:
    """The lock, held until it is closed; None while another process holds it."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("a", encoding="utf-8"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        (path.parent / "door").unlink(missing_ok=True)
        stack.pop_all()
        return file


def _door_of_another(folder: Path) -> str:
    try:
        return (folder / "door").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NodeDown("the embedded chain is starting") from None


def _now_s() -> int:
    return int(utc_now().timestamp())
