"""What an embedded chain writes down, so that it is the same chain after a restart.

One line of JSON for each event; a line that a crash cut off never happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.families.evm.embedded.chain import EmbeddedChain, Recipe


def load(path: Path, *, clock: Callable[[], int]) -> EmbeddedChain:
    """The chain of a file, which from now on is written to it; a new one where there is none.
    Raises ValueError for a file of something else, OSError."""
    lines = _whole_lines(path)
    genesis_s = int(lines[0]["genesis"]) if lines else clock()
    chain = EmbeddedChain(genesis_s=genesis_s, clock=clock)
    for line in lines[1:]:
        if "back" in line:
            chain.go_back(int(line["back"]))
        else:
            chain.repeat(_recipe(line))
    if not lines:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, {"genesis": genesis_s})
    chain.written = lambda event: _write(path, _line(event))
    return chain


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """Every line that was written to its end; the rest of a last one is cut off."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]


def _write(path: Path, line: dict[str, Any]) -> None:
    with path.open("ab") as file:
        file.write(json.dumps(line).encode() + b"\n")


def _line(event: Recipe | int) -> dict[str, Any]:
    if isinstance(event, int):
        return {"back": event}
    return {
        "time": event.time_s,
        "recipient": event.recipient.hex(),
        "randomness": event.randomness.hex(),
        "txs": [raw.hex() for raw in event.raw_txs],
    }


def _recipe(line: dict[str, Any]) -> Recipe:
    return Recipe(
        int(line["time"]),
        bytes.fromhex(line["recipient"]),
        bytes.fromhex(line["randomness"]),
        tuple(bytes.fromhex(raw) for raw in line["txs"]),
    )
