"""The site's risk hook: a Python function or an HTTP call. No answer in time means held, never go.

The question is a JSON object of the payment; the answer is `allow`, `hold` or `refuse`, alone or
as `{"answer": …, "reason": …}`.
"""

from __future__ import annotations

import importlib
import json
import logging
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError, Problem
from engine.money import format_amount

if TYPE_CHECKING:
    from engine.config import Config
    from engine.deposits.cases import Case

log = logging.getLogger(__name__)

REPLY_MAX_BYTES = 64 * 1024
REASON_MAX = 200
AGAIN_AFTER_S = 20  # how long one that did not answer in time is left alone by who can wait
HUNG_MAX = 4  # questions that may hang at a time; further ones wait for theirs and are held
NO_ANSWER = "the risk check gave no usable answer"
SAID_HOLD = "the risk check said hold"
NOT_ALLOWED = "it is not allowed"  # clients read why something was refused, and of no risk check


class Answer(Enum):
    ALLOW = "allow"
    HOLD = "hold"
    REFUSE = "refuse"


Hook = Callable[[Mapping[str, Any]], object]


class RiskHook:
    """Asks the configured hook, and waits `timeout_s` for it at most."""

    def __init__(
        self, hook: Hook, *, timeout_s: float, again_after_s: float = AGAIN_AFTER_S
    ) -> None:
        self._hook = hook
        self._timeout_s = timeout_s
        self._again_after_s = again_after_s
        self._silent_until_s: float | None = None
        self._free = threading.BoundedSemaphore(HUNG_MAX)

    @property
    def silent(self) -> bool:
        """Whether a question had no answer in time just now. A round of a thousand deposits must
        not wait a thousand times: those that can wait are asked about later."""
        return self._silent_until_s is not None and time.monotonic() < self._silent_until_s

    def ask_about_deposit(self, case: Case) -> tuple[Answer, str]:
        """The answer on a deposit that has its confirmations, and the reason to keep with it."""
        return self.ask(
            {
                "kind": "deposit",
                "client": None if case.owner is None else case.owner.client,
                "currency": case.currency.symbol,
                "network": case.currency.network,
                "amount": format_amount(case.units, case.currency.decimals),
                "address": None if case.owner is None else case.owner.address,
                "txid": case.fact.txid,
            }
        )

    def ask(self, question: Mapping[str, Any]) -> tuple[Answer, str]:
        """Put one question. Never raises: what cannot be understood is `hold`."""
        asked_at = time.monotonic()
        answer, reason = self._answer_in_time(question)
        now = time.monotonic()
        slow = now - asked_at > self._timeout_s / 2
        unanswered = slow and reason.startswith(NO_ANSWER)
        self._silent_until_s = now + self._again_after_s if unanswered else None
        return answer, reason

    def _answer_in_time(self, question: Mapping[str, Any]) -> tuple[Answer, str]:
        deadline = time.monotonic() + self._timeout_s
        late = Answer.HOLD, f"{NO_ANSWER} within {self._timeout_s} s"
        if not self._free.acquire(timeout=self._timeout_s):
            return late
        answers: queue.SimpleQueue[tuple[Answer, str]] = queue.SimpleQueue()
        # A daemon thread: a hook that hangs for ever must not keep the engine from ending.
        threading.Thread(
            target=self._call, args=(question, answers), name="risk", daemon=True
        ).start()
        try:
            return answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            return late

    def _call(
        self, question: Mapping[str, Any], answers: queue.SimpleQueue[tuple[Answer, str]]
    ) -> None:
        try:
            answers.put(_read(self._hook(question)))
        except BaseException:  # the site's code: whatever it does, even leaving, the coin is held
            log.exception("risk hook failed")
            answers.put((Answer.HOLD, NO_ANSWER))
        finally:
            self._free.release()


def _read(reply: object) -> tuple[Answer, str]:
    verdict: object = reply
    reason: object = ""
    if isinstance(reply, Mapping):
        verdict, reason = reply.get("answer"), reply.get("reason", "")
    try:
        answer = Answer(verdict)
    except ValueError:
        return Answer.HOLD, NO_ANSWER
    text = reason if isinstance(reason, str) else ""
    if answer is not Answer.ALLOW and not text:
        text = NOT_ALLOWED if answer is Answer.REFUSE else SAID_HOLD
    return answer, text[:REASON_MAX]


def open_hook(config: Config) -> RiskHook | None:
    """The hook of `[risk]`, or None. Raises ConfigError when its function cannot be imported."""
    risk = config.risk
    if risk is None:
        return None
    hook = _http_hook(risk.url, risk.timeout) if risk.url else _python_hook(str(risk.python))
    return RiskHook(hook, timeout_s=risk.timeout)


def _python_hook(name: str) -> Hook:
    module, _, function = name.partition(":")
    try:
        hook = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        problem = Problem("risk.python", f"cannot be loaded: {error}", "put it on the Python path")
        raise ConfigError((problem,)) from error
    if not callable(hook):
        raise ConfigError((Problem("risk.python", f"{name} is not a function"),))
    return hook  # type: ignore[no-any-return]  # checked callable; its reply is read with care


def _http_hook(url: str, timeout_s: float) -> Hook:
    def post(question: Mapping[str, Any]) -> object:
        request = urllib.request.Request(  # noqa: S310 - the configuration allows http(s) only
            url,
            data=json.dumps(question).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(request, timeout=timeout_s) as reply:
            return _parse(reply.read(REPLY_MAX_BYTES + 1))

    return post


def _parse(reply: bytes) -> object:
    if len(reply) > REPLY_MAX_BYTES:
        raise ValueError(f"the risk check answered with more than {REPLY_MAX_BYTES} bytes")
    return json.loads(reply)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead the question anywhere: it counts as no answer."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None
