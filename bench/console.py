"""The console at a real terminal: how soon it paints a million payments, how soon it answers a key
while a hundred a second move; each beside an empty Textual app, which is the floor.

    python -m bench.console [--payments 1000000] [--moves 100] [--folder KEEP]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import payments
from bench.house import rss_mb

ROWS, COLUMNS = 40, 120
KEYS = 30
COMPILED = Path(tempfile.gettempdir()) / f"cashier-bench-compiled-{os.getuid()}"
DIALOGS = 10
OPENED = (
    ("help", b"?", b"everywhere"),
    ("search", b"/", b"Enter opens"),
    ("palette", b"\x10", b"go to the screen"),
)
PAINT_MOST_S, KEY_MOST_MS = 1.0, 50.0
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    BINDINGS = [("down", "next", "")]
    n = 0
    def compose(self):
        yield Static("floor 0")
    def action_next(self):
        self.n += 1
        self.query_one(Static).update(f"floor {self.n}")
Empty().run()
"""
MOVER = """
import sys
from pathlib import Path
from bench.payments import move_for_ever
move_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
"""
_CURSOR = re.compile(rb"\x1b\[(\d+);\d+H ?>")
_STYLE = re.compile(rb"\x1b\[[0-9;:]*m")


class Terminal:
    """A child at a pseudo-terminal, and what it drew since it was last asked."""

    def __init__(self, words: list[str]) -> None:
        self.started = time.perf_counter()
        self.drawn = b""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            # As installed: pip compiles what it installs, a checkout under test may forbid it.
            os.environ.update(PYTHONPYCACHEPREFIX=str(COMPILED))
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            os.execv(words[0], words)
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, size)

    def until(self, is_there: Callable[[bytes], bool], *, most_s: float = 30.0) -> float:
        """Seconds until what was drawn (without its styles) is so. Raises TimeoutError."""
        began = time.perf_counter()
        while not is_there(_STYLE.sub(b"", self.drawn)):
            left = most_s - (time.perf_counter() - began)
            if left <= 0 or not self._read(left):
                raise TimeoutError(_STYLE.sub(b"", self.drawn)[-2000:].decode(errors="replace"))
        return time.perf_counter() - began

    def press(self, key: bytes) -> None:
        """Forget what was drawn, and press a key."""
        while self._read(0):
            pass
        self.drawn = b""
        os.write(self._fd, key)

    def rest(self, seconds: float) -> None:
        """Let it draw for a while."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._read(left)

    def _read(self, most_s: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], most_s)
        if ready:
            self.drawn += os.read(self._fd, 65_536)
        return bool(ready)

    def end(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)


@contextmanager
def at(words: list[str]) -> Iterator[Terminal]:
    terminal = Terminal(words)
    try:
        yield terminal
    finally:
        terminal.end()


def paint(words: list[str], shown: bytes, rows: bytes) -> tuple[float, float]:
    """Seconds from the start of the process until the frame and until the first rows are there."""
    with at(words) as terminal:
        terminal.until(lambda drawn: shown in drawn)
        frame = time.perf_counter() - terminal.started
        terminal.until(lambda drawn: rows in drawn)
        return frame, time.perf_counter() - terminal.started


def console_keys(words: list[str]) -> list[float]:
    """Milliseconds until the cursor stands on the next line, key after key."""
    took = []
    with at(words) as terminal:
        terminal.until(lambda drawn: b"OP" in drawn)
        terminal.rest(2)
        for _ in range(KEYS):
            place = re.compile(rb"\x1b\[%d;\d+H ?>" % (cursor_line(terminal) + 1))
            terminal.press(b"\x1b[B")
            took.append(1000 * terminal.until(partial(_stands, place)))
            terminal.rest(0.23)
    return took


def cursor_line(terminal: Terminal) -> int:
    """Where the cursor was drawn last: all of a list moves when the line above it, that the engine
    is silent, comes or goes."""
    *_, last = _CURSOR.finditer(_STYLE.sub(b"", terminal.drawn))
    return int(last[1])


def dialog_keys(words: list[str], key: bytes, shown: bytes) -> list[float]:
    """Milliseconds until a key shows a whole dialog, and so each time after the first."""
    took = []
    with at(words) as terminal:
        terminal.until(lambda drawn: b"OP" in drawn)
        terminal.rest(2)
        for _ in range(DIALOGS):
            terminal.press(key)
            took.append(1000 * terminal.until(lambda drawn: shown in drawn))
            terminal.rest(0.3)
            terminal.press(b"\x1b")
            terminal.until(lambda drawn: b"OP" in drawn)  # closed: else the next key joins Escape
            terminal.rest(0.3)
    return took


def floor_keys(words: list[str]) -> list[float]:
    """The same of the empty app: until the next number is there."""
    took = []
    with at(words) as terminal:
        terminal.until(lambda drawn: b"floor 0" in drawn)
        terminal.rest(1)
        for number in range(1, 25):
            terminal.press(b"\x1b[B")
            took.append(1000 * terminal.until(partial(_stands, re.compile(b"%d" % number))))
            terminal.rest(0.1)
    return took


def _stands(what: re.Pattern[bytes], drawn: bytes) -> bool:
    return what.search(drawn) is not None


@contextmanager
def moving(folder: Path, per_second: int) -> Iterator[None]:
    words = [sys.executable, "-c", MOVER, str(folder / "cashier.toml"), str(per_second)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()  # from here on they move
            yield
        finally:
            child.kill()


def main() -> None:
    """Print what takes how long, and how many times the floor that is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--moves", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cashier-bench-") as name:
        folder = given.folder or Path(name)
        if not (folder / "bench.db").exists():
            payments.make(folder, given.payments)
        measure(folder, given.payments, given.moves)


def measure(folder: Path, count: int, moves: int) -> None:
    empty = [sys.executable, "-c", EMPTY]
    config = str(folder / "cashier.toml")
    console = [sys.executable, "-m", "cashier", "--config", config, "console"]
    for words, rows_shown in ((empty, b"floor 0"), (console, b"OP")):
        paint(words, rows_shown, rows_shown)  # compiles what is loaded
    floor, _ = best(lambda: paint(empty, b"floor 0", b"floor 0"))
    frame, rows = best(lambda: paint(console, b"Live", b"OP"))
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{count:,} payments, {moves} moves a second, {COLUMNS}x{ROWS}, {load}")
    print(f"start   floor {floor:5.2f} s   frame {frame:5.2f} s   rows {rows:5.2f} s", end="")
    verdict = word(frame <= PAINT_MOST_S)
    print(
        f"   x{frame / floor:.1f} and x{rows / floor:.1f}   {verdict} (frame <= {PAINT_MOST_S} s)"
    )
    base = floor_keys(empty)
    tell("floor", base, base)
    tell("quiet", console_keys(console), base)
    with moving(folder, moves):
        tell("moving", console_keys(console), base)
        for name, key, shown in OPENED:
            tell(name, dialog_keys(console, key, shown), base)
    print(f"this process {rss_mb()} MB")


def best(measured: Callable[[], tuple[float, float]], times: int = 3) -> tuple[float, float]:
    return min((measured() for _ in range(times)), key=lambda pair: pair[1])


def tell(name: str, took: list[float], base: list[float]) -> None:
    middle, worst = statistics.median(took), sorted(took)[int(len(took) * 0.95) - 1]
    ratio = middle / statistics.median(base)
    verdict = word(worst <= KEY_MOST_MS)
    print(f"key     {name:<8} median {middle:6.1f} ms   p95 {worst:6.1f} ms   x{ratio:.1f}", end="")
    print(f"   {verdict} (<= {KEY_MOST_MS:.0f} ms)")


def word(ok: bool) -> str:  # noqa: FBT001  # a verdict is a verdict
    return "ok" if ok else "TOO SLOW"


if __name__ == "__main__":
    main()
