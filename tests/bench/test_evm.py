"""The benchmark of EVM chains runs, and its tables say what they are to say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SMALL = {"k": 2, "n": 4, "watched": 250, "blocks": 12, "traffic": 2, "runs": 1}


@pytest.fixture(scope="module")
def told() -> list[list[str]]:
    """The words of each line of a small run."""
    options = [word for name, number in SMALL.items() for word in (f"--{name}", str(number))]
    command = [sys.executable, "-m", "bench.evm", *options]
    ran = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [line.split() for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("confirmations", ["1", "3"])
def test_it_credits_every_payment_and_tells_what_the_node_alone_needs(
    told: list[list[str]], confirmations: str
) -> None:
    (row,) = [words for words in told if words[:2] == ["2", confirmations]]
    seconds, node, rows, ratio = (float(row[at]) for at in (2, 6, 7, -1))
    assert ratio == pytest.approx(seconds / (node + rows), rel=0.1)


def test_it_tells_what_a_round_without_news_costs(told: list[list[str]]) -> None:
    (row,) = [words for words in told if words[:3] == ["round,", "nothing", "new"]]
    assert row[3:5] == ["250", "1.0"]  # one call


def test_it_catches_up_with_every_block_and_payment(told: list[list[str]]) -> None:
    (row,) = [words for words in told if words[:2] == ["12", "26"]]
    assert row[2] == "2"  # each tenth block pays us


def test_it_pays_every_withdrawal(told: list[list[str]]) -> None:
    (row,) = [words for words in told if words[:1] == ["4"]]
    seconds, send, facts, rows = (float(row[at]) for at in (1, 6, 8, 9))
    assert float(row[-1]) == pytest.approx(seconds / (send + facts + rows), rel=0.2)
