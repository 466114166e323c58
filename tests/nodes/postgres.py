"""An own PostgreSQL server from the distribution's binaries, without durability: for tests only."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from tests.nodes.ports import PATIENCE_S, free_port, wait_until

FLAGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=60",
    "autovacuum=off",
)


def _binaries() -> Path:
    """The newest installed server's folder. Raises FileNotFoundError."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major)
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).parent
    raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")


def _major(binary: Path) -> int:
    return int(binary.parent.parent.name)


class Postgres:
    """One cluster in a folder of its own under /tmp, reachable by socket and by loopback."""

    def __init__(self) -> None:
        self._bin = _binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="cashier-pg-"))
        self.port = free_port()
        # The server refuses to run as root, so root hands it to the distribution's user.
        self._user = "postgres" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: Any = None  # one connection for all that is done to the cluster
        if self._user:
            entry = pwd.getpwnam(self._user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)

    def start(self) -> None:
        data = self.folder / "data"
        init = [str(self._bin / "initdb"), "-D", str(data), "-U", "cashier", "--auth=trust"]
        options = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            init + options, check=True, user=self._user, cwd="/", stdout=subprocess.DEVNULL
        )
        command = [str(self._bin / "postgres"), "-D", str(data), "-p", str(self.port)]
        command += ["-k", str(self.folder), "-h", "127.0.0.1"]
        command += [part for flag in FLAGS for part in ("-c", flag)]
        log = self.folder / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, user=self._user, cwd="/", stdout=output, stderr=output
            )
        wait_until(self._answers, what=f"PostgreSQL ({log})")
        self._admin = self._connect()
        self._admin.autocommit = True

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text())
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it at once and remove its folder."""
        if self._admin is not None:
            self._admin.close()
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql://cashier@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, *, template: str = "template0") -> str:
        """A new database, as a copy of `template`; its URL."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def opened(self, name: str) -> Iterator[Any]:
        """A cursor in that database; each statement is a database transaction of its own."""
        connection = self._connect(name)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _connect(self, name: str = "postgres") -> Any:
        return psycopg2.connect(self.url(name), connect_timeout=30)

    def _execute(self, statement: str) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(statement)
