"""kill -9 at every point between a client's wish and the settled books, on a real node.

Case 60 and 91: after each death another engine asks the chain, and in the end there is exactly one
payment for each debit, and ledger, node and client agree to the last unit.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from db.models import Attempt, Payment
from tests.engine.deposits.books import assert_coins_agree, assert_histories_verify
from tests.engine.deposits.worlds import on_litecoind
from tests.engine.sender.conftest import OpenDesk
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.litecoind import Litecoind

ROOT = Path(__file__).parents[3]
DEBIT, FEE = COIN // 100, 50_000
ROUNDS = 30
LONG_SEEDS = 12
BLIND_MS = 400
POINTS = (
    "debit.before",
    "debit.after",
    "sign.after",
    "store.after",
    "broadcast.before",
    "broadcast.after",
    "recovery.during",
    "settle.during",
    "settle.after",
)


class Engines:
    """The process from which engines are born, to die."""

    def __init__(self, config: Path, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.sender.dying_sender", str(config), str(port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, *, point: str = "-", kill_ms: int = 0, requests: int = 0) -> bool:
        """One engine's life; whether it was cut short."""
        stdin, stdout = self._pipes()
        stdin.write(f"{point} {kill_ms} {requests}\n")
        stdin.flush()
        answer = stdout.readline().strip()
        assert answer in {"died", "done 0"}, answer
        return answer == "died"

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def end(self) -> None:
        stdin, stdout = self._pipes()
        stdin.close()
        self._process.wait(30)
        stdout.close()


@pytest.fixture
def crash_desk(open_desk: OpenDesk, litecoind: Litecoind) -> Desk:
    """Two confirmations, and a client with forty coins."""
    desk = open_desk(**{"confirmations": 2, "node": litecoind.url(), "withdrawal.fee": "0.0005"})
    address = desk.address("ann")
    for _ in range(40):
        desk.on.pay(address, COIN // 4)
    desk.mine(2)
    return desk


@pytest.fixture
def engines(crash_desk: Desk, litecoind: Litecoind, tmp_path: Path) -> Iterator[Engines]:
    assert crash_desk.symbol == "LTC"
    born = Engines(tmp_path / "cashier.toml", litecoind.port)
    yield born
    born.end()


def _recover(desk: Desk, known: set[str]) -> list[Payment]:
    """Another engine takes over until everything is settled; the payments that are new."""
    desk.restart()
    for _ in range(8):
        desk.step()
        if not Payment.select().where((Payment.kind == "withdrawal") & _open()).exists():
            break
        desk.on.mine(1)
    rows = Payment.select().where(Payment.kind == "withdrawal")
    return [row for row in rows if row.id not in known]


def _open() -> object:
    return Payment.state.not_in(("credited",))


def _assert_all_is_well(desk: Desk, new: list[Payment], known: set[str]) -> None:
    assert {row.state for row in new} <= {"credited"}
    desk.assert_paid_once(*new)
    known |= {row.id for row in new}
    assert desk.owed("ann") == 10 * COIN - len(known) * (DEBIT + FEE)
    assert_coins_agree(desk)


def _is_between() -> bool:
    """Whether something is signed and not settled."""
    return Attempt.select().where(Attempt.state != "settled").exists()


def _crash(desk: Desk, engines: Engines, dice: random.Random, rounds: int) -> int:
    """So many rounds of it; how many deaths came between signing and settling."""
    known: set[str] = set()
    hits, met = 0, set[str]()
    for number in range(rounds):
        blind = number >= len(POINTS) and dice.random() < 0.5
        point = POINTS[number] if number < len(POINTS) else dice.choice(POINTS)
        if blind:
            died = engines.live(kill_ms=dice.randint(1, BLIND_MS), requests=dice.randint(1, 3))
        elif point == "recovery.during":
            assert engines.live(point=dice.choice(("store.after", "broadcast.before")), requests=2)
            died = engines.live(point=point)
        else:
            died = engines.live(point=point, requests=dice.randint(1, 3))
        assert died or blind, f"{point} was never reached"
        met.add("blind" if blind else point)
        hits += died and (_is_between() or point == "sign.after")
        _assert_all_is_well(desk, _recover(desk, known), known)
    assert_histories_verify()
    assert met >= set(POINTS)
    return hits


@on_litecoind
def test_no_death_pays_twice_or_loses_anything(crash_desk: Desk, engines: Engines) -> None:
    hits = _crash(crash_desk, engines, random.Random(60), ROUNDS)
    assert hits >= 6, "too few deaths between signing and settling"


@pytest.mark.long
@on_litecoind
@pytest.mark.parametrize("seed", range(LONG_SEEDS))
def test_no_death_of_hundreds_does(crash_desk: Desk, engines: Engines, seed: int) -> None:
    assert _crash(crash_desk, engines, random.Random(seed), 2 * ROUNDS) >= 6
