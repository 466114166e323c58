"""A day of the payments team in real terminals, beside the demo, by keys alone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from demo.sandbox import TOP
from tests.demo.client import DemoClient, cashier
from tests.demo.pane import Pane, panes
from tests.nodes import rpc
from tests.nodes.ports import PATIENCE_S

pytestmark = pytest.mark.node

CLOSES = "Enter closes"
TEMPLATE = """
[site]
name = "Example Trading"
[currency.LTC]
confirmations = 2
poll = 0.5
batch = { every = 0 }
withdrawal = { minimum = "0.01", fee = "0.001", approve_above = "0.5", approvals_required = 2 }
"""


class Session:
    """The demo at one terminal, the second approver at another."""

    def __init__(self, folder: Path, mine: Pane, other: Pane) -> None:
        self.mine, self.other = mine, other
        template = folder / "template.toml"
        template.write_text(TEMPLATE)
        self._environ = {
            "TMPDIR": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
        }
        self._cashier = [sys.executable, str(TOP / "cashier.py")]
        demo = [*self._cashier, "demo", "--config", str(template)]
        mine.open(demo, folder=folder, environ=self._environ)
        mine.sees("Press Enter for the staff console")
        self.config = next(folder.glob("cashier-demo-*/cashier.toml"))
        node = urlsplit((self.config.parent / "LTC.node").read_text().strip())
        self._node = (int(node.port or 0), f"{node.username}:{node.password}")

    def sit(self) -> None:
        """Both persons open their consoles."""
        key = self.config.parent / "staff" / "cleo"
        words = ["console", "--config", str(self.config), "--as", "cleo", "--key", str(key)]
        self.other.open([*self._cashier, *words], folder=TOP, environ=self._environ)
        self.mine.press("Enter")
        for pane, who in ((self.mine, "ben"), (self.other, "cleo")):
            pane.sees("1 Live", f"{who} · approver")

    def node(self, wallet: str, method: str, *params: object) -> Any:
        """Ask the demo's own litecoind."""
        port, login = self._node
        return rpc.call(port, login, f"/wallet/{wallet}" if wallet else "/", method, *params)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with panes(tmp_path / "tmux", "ben", "cleo") as (mine, other):
        found = Session(tmp_path, mine, other)
        yield found
        _leave(mine)
        assert not found.config.exists()


def _leave(mine: Pane) -> None:
    """Out of whatever is on the terminal, as somebody does who is in a hurry."""
    until = time.monotonic() + PATIENCE_S
    while mine.is_open:
        assert time.monotonic() < until, mine.text
        with contextlib.suppress(subprocess.CalledProcessError):  # it ends while keys are sent
            for key in ("Escape", "Escape", "q", "C-c"):
                mine.press(key)
                time.sleep(0.3)  # an Escape and the next key at once are Alt and that key


def test_a_held_withdrawal_is_approved_by_two_and_a_theft_is_cured_by_two(
    session: Session,
) -> None:
    client = DemoClient(session.config, "CR7")
    wallets = session.node("", "listwallets")
    rich = next(name for name in wallets if name != "cashier")
    session.node(rich, "sendtoaddress", client.deposit(), "3")
    client.awaits(lambda: client.available() == "3", "the credit")
    address = str(session.node(rich, "getnewaddress"))
    payment = client.withdraw(address, "1.25")
    assert client.state(payment) == "held"
    session.sit()
    _approve_by_two(session, address)
    client.awaits(lambda: client.state(payment) == "credited", "the end")
    assert str(session.node(rich, "getreceivedbyaddress", address)).rstrip("0") == "1.25"
    _steal(session, rich)
    _cure_by_two(session)
    told = json.loads(cashier(session.config, "reconcile", "--json"))
    litecoin = next(each for each in told["currencies"] if each["currency"] == "LTC")
    left = [each["kind"] for each in told["items"]]
    assert (left, litecoin["residual"]) == (["own_funds_negative"], "0"), "the house bears the loss"
    session.mine.press("q")
    session.mine.sees("Ctrl-C ends the demo")
    session.other.press("q")


def _approve_by_two(session: Session, address: str) -> None:
    for pane, answer in ((session.mine, "signed, 1 of 2"), (session.other, "done: approve")):
        pane.press("2")
        pane.sees("1 waits for staff", "! withdrawal", "it takes")
        pane.press("a")
        pane.sees(f"Type {address[-4:]}")
        pane.type(address[-4:])
        pane.press("Enter")
        _close(pane, answer)
    session.mine.sees("nothing waits for staff")


def _steal(session: Session, rich: str) -> None:
    """Somebody pays by hand out of the cashier's wallet."""
    thief = str(session.node(rich, "getnewaddress"))
    session.node("cashier", "sendtoaddress", thief, "0.4")
    session.node("", "generatetoaddress", 2, thief)


def _cure_by_two(session: Session) -> None:
    for pane, answer in ((session.mine, "signed, 1 of 2"), (session.other, "done: cure")):
        pane.press("3")
        # The half-signed cure stands in the second person's queue by this name, too.
        pane.sees("node and books", "unknown_spend")
        _go_to(pane, "unknown_spend")
        pane.sees("c cure")
        pane.press("c")
        word = re.findall(r"Type (\S+?),? ", pane.sees("to sign as"))[0]
        pane.type(word)
        pane.press("Enter")
        _close(pane, answer)
    session.mine.sees("= explained", "LTC")


def _close(pane: Pane, answer: str) -> None:
    """Read what the dialog ended with and close it.

    The list behind the dialog may tell of the signature first: Enter says nothing until then.
    """
    pane.sees(answer, CLOSES)
    pane.press("Enter")
    pane.loses(CLOSES)


def _go_to(pane: Pane, word: str) -> None:
    """By the arrows, a step at a time: the next one when this one is seen, so that none is left to
    move the cursor on later. Rows may come and go meanwhile."""
    until = time.monotonic() + PATIENCE_S
    while word not in (lines := pane.text.splitlines())[row := _cursor(lines)]:
        assert time.monotonic() < until, f"the cursor does not reach {word}:\n{pane.text}"
        pane.press("Down" if any(word in line for line in lines[row:]) else "Up")
        pane.changes(partial(_cursor_left, pane, row))


def _cursor_left(pane: Pane, row: int) -> bool:
    return _cursor(pane.text.splitlines()) != row


def _cursor(lines: list[str]) -> int:
    """Which line it stands on; the first one, a title, where there is none."""
    return next((row for row, line in enumerate(lines) if line.startswith(">")), 0)
