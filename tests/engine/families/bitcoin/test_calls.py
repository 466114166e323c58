"""The calls that the engine makes are those that the guide lets it make."""

from __future__ import annotations

import re
from pathlib import Path

from engine.families.bitcoin.calls import ACTING, COLD, DEPOSITS, SPARED, UNLOCKING, WITHDRAWALS

FAMILY = Path(__file__).parents[4] / "engine" / "families" / "bitcoin"
GUIDE = Path(__file__).parents[4] / "docs" / "nodes.md"
CALL = re.compile(r'(?:\bcall|_asked)\(\s*(?:frozenset\([^)]*\), )?"(\w+)"')


def test_the_guide_lets_the_engine_make_each_of_its_calls_and_no_other() -> None:
    made = {name for path in FAMILY.glob("*.py") for name in CALL.findall(path.read_text())}
    assert made == DEPOSITS | WITHDRAWALS | COLD
    guide = GUIDE.read_text()
    assert f"=cashier:{','.join(sorted(DEPOSITS | WITHDRAWALS))}\n" in guide
    assert f"with `cold`, add `{','.join(sorted(COLD))}`" in guide


def test_each_call_has_one_purpose() -> None:
    purposes = (DEPOSITS, WITHDRAWALS, COLD)
    assert len(frozenset[str]().union(*purposes)) == sum(len(each) for each in purposes)
    assert UNLOCKING < WITHDRAWALS
    assert SPARED | ACTING < DEPOSITS | WITHDRAWALS | COLD
