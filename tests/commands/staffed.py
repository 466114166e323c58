"""A desk with staff, and an engine beside it that carries out what they sign."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from click.testing import Result

from db.models import Chain
from engine import installation
from engine.clock import rfc3339, utc_now
from engine.deposits import rules
from engine.deposits.request import request_deposit
from tests.commands.desk import Desk
from tests.commands.processes import TOP
from tests.engine.approvals.people import ROLES, People
from tests.engine.house import add_client
from tests.nodes.ports import PATIENCE_S
from tests.web.till import Till


class StaffedDesk:
    """`type_as(name, ...)` runs a signing command with that person's key."""

    def __init__(self, desk: Desk, people: People, **currency: Any) -> None:
        self.desk = desk
        self.people = people
        staff = [
            {"name": name, "role": role, "key": people.public[name]} for name, role in ROLES.items()
        ]
        desk.write(tables={"staff": staff}, **currency)

    def type_as(self, name: str, *words: str) -> Result:
        """Run `cashier WORDS` signed by `name` without a question."""
        key = str(self.people.key(name))
        return self.desk.type(*words, "--as", name, "--key", key, "--yes")

    def run_as(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """The same as a process of its own, beside a console: this one has one open database, and
        a command that opens it again would take it from the console."""
        key = str(self.people.key(name))
        command = [sys.executable, str(TOP / "cashier.py"), "--config", str(self.desk.path), *words]
        command += ["--as", name, "--key", key, "--yes"]
        return subprocess.run(
            command, cwd=TOP, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def held(self, *, client: str | None = "CR1", units: int = 150_000_000) -> str:
        """A held deposit of a client, or one of nobody; its id."""
        with self.desk.opened() as config:
            till = Till(config)
            add_client(client or "CR0")
            payment = request_deposit(
                config, client=client or "CR0", currency="LTC", now=utc_now()
            )[0].id
            more: dict[str, Any] = {} if client else {"client": None}
            till.see(payment, units, height=998, **more)
            till.confirm(payment)
            reason = rules.HELD_BLOCKED if client else rules.HELD_NOBODY
            till.move(payment, "hold", reason=reason)
            return payment

    @contextmanager
    def engine(self) -> Iterator[None]:
        """An engine, a process of its own, that lives for the length of the block."""
        with self.desk.opened() as config:
            if not Chain.select().count():
                Till(config)
            installation.ensure_id()
            Chain.update(beat_at=rfc3339(utc_now())).execute()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands.signing_engine", str(self.desk.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TOP,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.communicate("", timeout=PATIENCE_S)
