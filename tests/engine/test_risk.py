"""The risk hook: its answer is obeyed, and whatever is no answer holds the coin."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine.chain import Arrival, BlockRef
from engine.config import Config
from engine.deposits.cases import Case, fact_of
from engine.errors import ConfigError
from engine.risk import (
    NO_ANSWER,
    NOT_ALLOWED,
    REASON_MAX,
    REPLY_MAX_BYTES,
    Answer,
    RiskHook,
    open_hook,
)
from tests.engine import risk_hooks
from tests.engine.house import house
from tests.nodes.ports import PATIENCE_S, wait_until
from tests.together import TOP

ARRIVAL = Arrival("aa" * 32, "vout:0", "LTC", "rltc1q", 150_000_000, BlockRef(5, "bb"))
QUESTION = {"amount": "1"}
DRIBBLES_S = 60


def hook(function: Callable[[Any], object], timeout_s: float = PATIENCE_S) -> RiskHook:
    return RiskHook(function, timeout_s=timeout_s)


@pytest.mark.parametrize("answer", list(Answer))
def test_an_answer_is_obeyed_with_its_reason(answer: Answer) -> None:
    assert hook(lambda _: answer.value).ask({})[0] is answer
    reply = {"answer": answer.value, "reason": "because"}
    assert hook(lambda _: reply).ask({}) == (answer, "because")


def test_who_does_not_allow_without_a_reason_gets_one() -> None:
    assert hook(lambda _: "refuse").ask({}) == (Answer.REFUSE, NOT_ALLOWED)
    assert hook(lambda _: {"answer": "hold", "reason": 7}).ask({})[1] == "the risk check said hold"
    assert hook(lambda _: "allow").ask({}) == (Answer.ALLOW, "")


def test_a_long_reason_is_cut() -> None:
    reply = {"answer": "hold", "reason": "x" * 100_000}
    assert hook(lambda _: reply).ask({}) == (Answer.HOLD, "x" * REASON_MAX)


GARBAGE: list[object] = [None, True, 1, "", "ALLOW", "allow ", "yes", b"allow", [], ["allow"], {}]
GARBAGE += [{"answer": None}, {"answer": ["allow"]}, {"Answer": "allow"}, object(), {"allow": True}]


def test_one_that_does_not_answer_in_time_is_silent_for_a_while() -> None:
    answers = threading.Event()
    slow = RiskHook(lambda _: answers.wait(PATIENCE_S), timeout_s=0.1, again_after_s=PATIENCE_S)
    silent = [slow.silent]
    assert slow.ask({})[0] is Answer.HOLD
    assert [*silent, slow.silent] == [False, True]
    slow._again_after_s = 0.1
    assert slow.ask({})[0] is Answer.HOLD
    wait_until(lambda: not slow.silent, what="the end of the while")
    answers.set()


def test_one_that_fails_at_once_is_not_silent() -> None:
    failing = hook(lambda _: None)
    assert failing.ask({}) == (Answer.HOLD, NO_ANSWER)
    assert not failing.silent


@pytest.mark.parametrize("reply", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_answer_holds(reply: object) -> None:
    assert hook(lambda _: reply).ask({}) == (Answer.HOLD, NO_ANSWER)


@pytest.mark.parametrize("bad", [risk_hooks.stumble, risk_hooks.leave])
def test_a_hook_that_fails_or_leaves_holds_and_tells_nobody_why(
    bad: Callable[[Any], object],
) -> None:
    assert hook(bad).ask({}) == (Answer.HOLD, NO_ANSWER)


def test_a_hook_that_hangs_is_not_waited_for() -> None:
    begun = time.monotonic()
    answer, reason = hook(risk_hooks.hang, timeout_s=0.2).ask({})
    assert answer is Answer.HOLD
    assert reason == f"{NO_ANSWER} within 0.2 s"
    assert time.monotonic() - begun < PATIENCE_S


def test_when_too_many_hang_further_questions_are_held_in_time() -> None:
    asked: list[object] = []
    gate = threading.Event()

    def wait(question: object) -> str:
        asked.append(question)
        gate.wait(PATIENCE_S)
        return "allow"

    slow = hook(wait, timeout_s=0.1)
    begun = time.monotonic()
    answers = [slow.ask({"n": number})[0] for number in range(8)]
    assert answers == [Answer.HOLD] * 8
    assert time.monotonic() - begun < PATIENCE_S
    wait_until(lambda: len(asked) == 4, what="those that hang")
    gate.set()
    wait_until(lambda: slow.ask({})[0] is Answer.ALLOW, what="an answer")
    assert len(asked) > 4


def test_a_hook_that_hangs_does_not_keep_the_process_from_ending() -> None:
    program = (
        "from engine.risk import RiskHook\nfrom tests.engine.risk_hooks import hang\n"
        "print(RiskHook(hang, timeout_s=0.1).ask({})[0].value)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, check=False, cwd=TOP, timeout=PATIENCE_S, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "hold\n")


def _shown_in_the_guide() -> dict[str, Any]:
    guide = (TOP / "docs" / "configuration.md").read_text(encoding="utf-8")
    shown = guide.partition("## [risk]")[2].partition("```json\n")[2].partition("```")[0]
    question: dict[str, Any] = json.loads(shown)
    return question


def test_the_question_names_the_deposit_in_whole_coins(tmp_path: Path) -> None:
    questions: list[Mapping[str, Any]] = []

    def note(question: Mapping[str, Any]) -> str:
        questions.append(question)
        return "allow"

    case = Case(house(tmp_path).currencies["LTC"], fact_of(ARRIVAL), arrival=ARRIVAL)
    assert hook(note).ask_about_deposit(case) == (Answer.ALLOW, "")
    [question] = questions
    assert question.keys() == _shown_in_the_guide().keys()
    assert json.loads(json.dumps(question)) == {
        "kind": "deposit",
        "client": None,
        "currency": "LTC",
        "network": "regtest",
        "amount": "1.5",
        "address": None,
        "txid": "aa" * 32,
    }


def configured(folder: Path, **risk: Any) -> Config:
    return house(folder, tables={"risk": risk})


def test_without_a_table_there_is_no_hook(tmp_path: Path) -> None:
    assert open_hook(house(tmp_path)) is None


def test_a_python_hook_is_found_by_its_name(tmp_path: Path) -> None:
    found = open_hook(configured(tmp_path, python="tests.engine.risk_hooks:by_amount"))
    assert found is not None
    answers = [found.ask({"amount": text}) for text in ("1", "2", "3", "4")]
    assert answers == [
        (Answer.ALLOW, "it is 1"),
        (Answer.HOLD, "it is 2"),
        (Answer.REFUSE, "it is 3"),
        (Answer.HOLD, NO_ANSWER),
    ]


@pytest.mark.parametrize(
    "name",
    ["no_such_module:x", "tests.engine.risk_hooks:nobody", "tests.engine.risk_hooks:NOT_CALLABLE"],
)
def test_a_hook_that_is_not_there_is_a_problem_of_the_configuration(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match=r"risk\.python"):
        open_hook(configured(tmp_path, python=name))


class Site(BaseHTTPRequestHandler):
    """Answers by path; `/slow` dribbles for ever."""

    asked: list[tuple[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, json.loads(body)))
        status, reply = REPLIES[self.path]
        self.send_response(status)
        if self.path == "/redirect":
            self.send_header("Location", "/allow")
        if self.path != "/slow":
            self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        if self.path == "/slow":
            self.dribble()
        self.wfile.write(reply)

    def do_GET(self) -> None:
        self.asked.append((self.path, None))
        self.send_error(405)

    def dribble(self) -> None:
        over = time.monotonic() + DRIBBLES_S
        while time.monotonic() < over:
            try:
                self.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        pass


REPLIES = {
    "/allow": (200, b'"allow"'),
    "/object": (200, b'{"answer": "refuse", "reason": "stolen"}'),
    "/redirect": (302, b'"allow"'),
    "/error": (500, b'"allow"'),
    "/denied": (403, b'"allow"'),
    "/empty": (200, b""),
    "/html": (200, b"<html>allow</html>"),
    "/bytes": (200, b'\xff\xfe"allow"'),
    "/twice": (200, b'"allow""allow"'),
    "/deep": (200, b"[" * 50_000),
    "/slow": (200, b'"allow"'),
    "/huge": (200, b'"allow"' + b" " * (REPLY_MAX_BYTES - 7) + b'"hold"'),
    "/cut": (200, b'{"answer": "all'),
}


@pytest.fixture
def site() -> Iterator[str]:
    """URL of a site that answers on this machine."""
    Site.asked = []
    with served() as url:
        yield url


@contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(PATIENCE_S)
        server.server_close()


def asked_over_http(folder: Path, url: str, timeout: int = 60) -> tuple[Answer, str]:
    found = open_hook(configured(folder, url=url, timeout=timeout))
    assert found is not None
    return found.ask(QUESTION)


def test_a_site_answers_over_http(tmp_path: Path, site: str) -> None:
    assert asked_over_http(tmp_path, f"{site}/allow") == (Answer.ALLOW, "")
    assert asked_over_http(tmp_path, f"{site}/object") == (Answer.REFUSE, "stolen")
    assert Site.asked == [("/allow", QUESTION), ("/object", QUESTION)]


@pytest.mark.parametrize("path", sorted(set(REPLIES) - {"/allow", "/object", "/slow"}))
def test_whatever_else_a_site_says_holds(tmp_path: Path, site: str, path: str) -> None:
    assert asked_over_http(tmp_path, site + path)[0] is Answer.HOLD
    assert [asked for asked, _ in Site.asked] == [path]  # a redirect leads nowhere


def test_a_site_that_dribbles_is_not_waited_for(tmp_path: Path, site: str) -> None:
    begun = time.monotonic()
    assert asked_over_http(tmp_path, f"{site}/slow", timeout=1)[0] is Answer.HOLD
    assert time.monotonic() - begun < DRIBBLES_S


def test_a_site_that_is_not_there_holds(tmp_path: Path) -> None:
    with served() as url:
        pass
    assert asked_over_http(tmp_path, f"{url}/allow")[0] is Answer.HOLD
