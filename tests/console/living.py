"""A desk with staff beside a whole engine: what is signed at a console really happens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from db.connection import connected
from db.models import Payment
from engine import address_pool, ledger
from engine.clock import utc_now
from engine.deposits.request import request_deposit
from engine.withdrawals.request import request_withdrawal
from tests.commands.desk import Desk
from tests.commands.processes import TOP
from tests.console.terminal import Terminal, at_terminal
from tests.engine.approvals.people import ROLES, People
from tests.engine.house import add_client
from tests.nodes.ports import PATIENCE_S, wait_until

COIN = 10**8
STRANGER = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
CLIENT = "CR0007"
CURRENCY: dict[str, Any] = {
    "poll": 0.5,
    "confirmations": 2,
    "address_pool": 3,
    "batch": {"every": 0},
    "withdrawal": {"fee": "0.0005", "approve_above": "1", "approvals_required": 2},
}


class LivingDesk:
    """`tell("mine 3")` is what happens on the chain; `sit` puts a person at a console."""

    def __init__(self, desk: Desk, people: People) -> None:
        staff = [
            {"name": name, "role": role, "key": people.public[name]} for name, role in ROLES.items()
        ]
        desk.write(tables={"staff": staff}, **CURRENCY)
        self.desk, self.people = desk, people
        self._process: subprocess.Popen[str] | None = None

    @contextmanager
    def engine(self) -> Iterator[None]:
        """The engine lives for the length of the block."""
        with self.desk.opened():
            pass
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.console.living_engine", str(self.desk.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TOP,
        )
        self._process = process
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.communicate("", timeout=PATIENCE_S)

    def tell(self, line: str) -> str:
        """What happens outside, and what came of it."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    def fund(self, units: int) -> None:
        """The client pays in, and is credited by the engine."""
        wait_until(self._gives_addresses, what="an address to give out")
        with connected():
            add_client(CLIENT)
            found = request_deposit(
                self.desk.config(), client=CLIENT, currency="LTC", now=utc_now()
            )[0]
        self.tell(f"pay {found.address} {units}")
        self.tell("mine 2")
        self.wait_for(found.id, "credited")

    @staticmethod
    def _gives_addresses() -> bool:
        with connected():
            return address_pool.unused_count("LTC") > 0

    def ask(self, amount: str) -> str:
        """The client asks for a withdrawal; its id."""
        self.tell(f"know {STRANGER}")
        with connected():
            return request_withdrawal(
                self.desk.config(),
                client=CLIENT,
                currency="LTC",
                address=STRANGER,
                amount=amount,
                now=utc_now(),
            ).id

    def state(self, payment: str) -> str:
        with connected():
            return str(Payment.get_by_id(payment).state)

    def wait_for(self, payment: str, *states: str) -> None:
        wait_until(lambda: self.state(payment) in states, what=f"{payment} {states}")

    def owed(self) -> int:
        """What the client has, in units."""
        with connected():
            return -ledger.balance(ledger.client_account(CLIENT), "LTC")

    def sit(self, name: str, steps: Callable[[Terminal], Any], **given: Any) -> None:
        """Run `steps` with a person at the console, by their own key and the real clock."""
        key = self.people.key(name)
        at_terminal(self.desk.path, steps, staff=name, role=ROLES[name], key=key, now=None, **given)
