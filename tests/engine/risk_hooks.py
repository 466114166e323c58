"""Hooks as a site might write them, good and bad."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

NOT_CALLABLE = "allow"


def by_amount(question: Mapping[str, Any]) -> Mapping[str, str]:
    """Decides by the text of the amount."""
    answers = {"1": "allow", "2": "hold", "3": "refuse"}
    return {"answer": answers[question["amount"]], "reason": f"it is {question['amount']}"}


def hang(_question: object) -> str:
    """Answers long after everybody stopped waiting."""
    time.sleep(3600)
    return "allow"


def leave(_question: object) -> NoReturn:
    sys.exit("a hook has no business ending the engine")


def stumble(_question: object) -> NoReturn:
    raise RuntimeError("password=hunter2")
