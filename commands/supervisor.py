"""Engine and web as two processes, each with no more of the environment than it needs.

Nobody is restarted here: when one ends by itself, the other is ended too and the exit code says
so, because whatever started us (systemd, a person) knows better whether to try again.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

import click

from engine.config import ROLES, Config, Role

PROGRAM = Path(__file__).resolve().parent.parent / "cashier.py"
STOP_WAIT_S = 9.5
LOOK_EVERY_S = 0.1
CHILDREN: tuple[Role, ...] = ("engine", "web")

# What the web process gets besides the variables that cashier.toml names for it: enough to find
# its interpreter, its language and its database, and nothing else that somebody may have set.
_PLAIN = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TZ", "TMPDIR", "NO_COLOR")
_PLAIN_STARTS = ("LC_", "PYTHON", "VIRTUAL_ENV", "PG", "SSL_CERT_", "CASHIER_CLOCK", "COVERAGE_")


def environment_for(config: Config, role: Role, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: never a variable that cashier.toml names for others only. The
    engine keeps the rest, which its hooks may need; web keeps what is plain."""
    own = config.environment(role)
    foreign = {name for other in ROLES for name in config.environment(other)} - own
    kept = {name: value for name, value in environ.items() if name not in foreign}
    if role == "engine":
        return kept
    return {name: value for name, value in kept.items() if name in own or _is_plain(name)}


def _is_plain(name: str) -> bool:
    return name in _PLAIN or name.startswith(_PLAIN_STARTS)


class Supervisor:
    """Starts both, passes a stop on, and waits. `arguments` are handed to each child by role."""

    def __init__(
        self,
        config: Config,
        arguments: Mapping[Role, Sequence[str]],
        environ: Mapping[str, str],
    ) -> None:
        self._config = config
        self._arguments = arguments
        self._environ = environ
        self._stopping = threading.Event()
        self._children: dict[Role, subprocess.Popen[bytes]] = {}

    def run(self) -> int:
        """Until SIGTERM, SIGINT or the end of a child; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        try:
            for role in CHILDREN:
                self._children[role] = self._start(role)
            ended = self._watch()
        finally:
            clean = self._stop()
        if ended is None:
            return 0 if clean else 1
        return 2 if self._children[ended].returncode == 2 else 1

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        # Event.set() takes a lock that the interrupted wait() may hold: set it from elsewhere.
        threading.Thread(target=self._stopping.set, daemon=True).start()

    def _start(self, role: Role) -> subprocess.Popen[bytes]:
        """The child reads the pipe on its stdin: when we are killed, it ends and it stops too. A
        session of its own keeps the terminal's Ctrl-C for us, who pass it on."""
        command = [sys.executable, str(PROGRAM), "run", "--config", str(self._config.path)]
        command += ["--only", role, "--lifeline", *self._arguments.get(role, ())]
        return subprocess.Popen(
            command,
            env=environment_for(self._config, role, self._environ),
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def _watch(self) -> Role | None:
        """The first child that ended by itself, None when a stop was asked for."""
        while not self._stopping.wait(LOOK_EVERY_S):
            for role, child in self._children.items():
                if child.poll() is not None:
                    click.echo(f"cashier run: {role} {_ending(child)}; stopping", err=True)
                    return role
        return None

    def _stop(self) -> bool:
        """End all children, by force after `STOP_WAIT_S`; whether each ended in good order."""
        for child in self._children.values():
            child.terminate()
        deadline = time.monotonic() + STOP_WAIT_S
        for role, child in self._children.items():
            try:
                child.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                click.echo(f"cashier run: {role} did not stop in time; killed", err=True)
                child.kill()
                child.wait()
            if child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()
        return all(child.returncode in {0, -signal.SIGTERM} for child in self._children.values())


def _ending(child: subprocess.Popen[bytes]) -> str:
    code = child.returncode
    if code is not None and code < 0:
        return f"was killed by signal {-code}"
    return f"ended with exit code {code}"
