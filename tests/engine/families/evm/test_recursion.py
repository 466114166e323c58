"""What the family loads, and when, and what it leaves of Python's own bounds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.families.evm.recursion import DEPTH_MAX

SHOW = "import sys; print('web3' in sys.modules, 'eth_account' in sys.modules)"
LIMIT = "import sys; print(sys.getrecursionlimit())"


def _said(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_naming_the_family_loads_no_client_of_a_node() -> None:
    assert _said(f"import engine.families.evm; {SHOW}") == ["False", "False"]


def test_keys_need_no_client_of_a_node() -> None:
    assert _said(f"import engine.families.evm.keys; {SHOW}") == ["False", "True"]


@pytest.mark.parametrize("module", ["keys", "chain", "embedded.door"])
def test_a_reply_cannot_nest_so_deeply_that_the_process_ends(module: str) -> None:
    (limit,) = _said(f"import engine.families.evm.{module}; {LIMIT}")
    assert int(limit) <= DEPTH_MAX
