"""docs/api.md stays true: every example is asked of the server, every code is one that it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from engine.errors import StaleState
from tests.web.conftest import SECRET, Configure, token_for
from tests.web.running import Visitor, running
from tests.web.till import Till
from web import problems
from web.openapi import EVERYWHERE, operations

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
ANY = "…"
TERMS = 'withdrawal = { minimum = "0.01", fee = "0.001" }'
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_REFUSED = re.compile(r'Refusal\(\s*\d+,\s*"(\w+)"')


@dataclass(frozen=True)
class Example:
    """A request and its answer, as the page shows them."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer: Any


def _examples() -> Iterator[Example]:
    for kind, text in _BLOCK.findall(PAGE.read_text()):
        if kind != "http":
            continue
        request, status, answer = re.split(r"^HTTP/1\.1 (\d+)\n", text, flags=re.MULTILINE)
        head, _, body = request.partition("\n\n")
        first, *lines = head.splitlines()
        method, path = first.split()
        headers = dict(line.split(": ", 1) for line in lines)
        yield Example(method, path, headers, body.strip(), int(status), json.loads(answer))


def _python() -> str:
    (code,) = (text for kind, text in _BLOCK.findall(PAGE.read_text()) if kind == "python")
    return str(code)


@pytest.fixture
def visitor(configure: Configure) -> Iterator[Visitor]:
    """A client with a balance in the house that the page's examples are of."""
    config = configure(currencies=TERMS)
    Till(config).fund(150_000_000)
    with running(config) as port:
        yield Visitor(port)


def test_every_example_is_answered_as_the_page_says(visitor: Visitor, configure: Configure) -> None:
    known = {"TOKEN": token_for(configure(currencies=TERMS))}
    examples = list(_examples())
    assert len(examples) >= 10
    for example in examples:
        asked = {name: _filled(text, known) for name, text in example.headers.items()}
        body = _filled(example.body, known).encode() if example.method == "POST" else None
        answer = visitor.ask(example.method, _filled(example.path, known), body, asked)
        assert answer.status == example.status, (example, answer.body)
        _compare(example.answer, answer.json, known, example.path)
        known.update({"CSRF": answer.json["csrf"]} if "csrf" in answer.json else {})


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def _compare(shown: Any, found: Any, known: dict[str, str], where: str) -> None:
    """`…` stands for anything, as a key for further ones; a moment for any moment."""
    if isinstance(shown, dict):
        assert isinstance(found, dict), where
        named = set(shown) - {ANY}
        assert named == set(found) if ANY not in shown else named <= set(found), where
        for key in named:
            _compare(shown[key], found[key], known, f"{where} {key}")
    elif isinstance(shown, list):
        assert len(shown) == len(found), where
        for number, (one, other) in enumerate(zip(shown, found, strict=True)):
            _compare(one, other, known, f"{where} {number}")
    elif shown == "PAYMENT":
        assert known.setdefault("PAYMENT", found) == found, where
    elif isinstance(shown, str) and ANY in shown:
        assert re.fullmatch(re.escape(shown).replace(ANY, ".+"), found, re.DOTALL), where
    elif isinstance(shown, str) and _MOMENT.fullmatch(shown):
        assert _MOMENT.fullmatch(found), where
    else:
        assert shown == found, where


def test_the_sites_code_makes_a_link_that_lets_its_client_in(visitor: Visitor) -> None:
    code: dict[str, Any] = {}
    exec(_python(), code)  # the page's own words, which a site copies
    url = urlsplit(code["launch_url"]("https://cashier.example", SECRET, "CR1042"))
    answer = visitor.get(f"{url.path}?{url.query}")
    assert (answer.status, answer.headers["Location"]) == (303, "/cashier")
    assert visitor.cookies


def test_every_call_and_every_code_is_on_the_page() -> None:
    text = PAGE.read_text()
    for operation in operations():
        assert operation.path.replace("{id}", "PAYMENT") in text, operation.path
    shown = set(re.findall(r"^\| `(\w+)` \| \d", text, re.MULTILINE))
    assert shown == _codes()


def _codes() -> set[str]:
    """Every code that the web process can answer with."""
    sources = (Path(problems.__file__).parent).rglob("*.py")
    refused = {code for source in sources for code in _REFUSED.findall(source.read_text())}
    told = {code for operation in operations() for code in operation.refusals}
    return refused | told | {*EVERYWHERE, *problems.CODES.values(), StaleState.code}
