"""The site's risk hook: a Python function or an HTTP call. No answer in time means held, never go.

The question is a JSON object of the payment; the answer is `allow`, `hold` or `refuse`, alone or
as `{"answer": …, "reason": …}`.
"""

from __future__ import annotations

import importlib
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
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
NO_ANSWER = "the risk check gave no usable answer"


class Answer(Enum):
    ALLOW = "allow"
    HOLD = "hold"
    REFUSE = "refuse"


Hook = Callable[[Mapping[str, Any]], object]


class RiskHook:
    """Asks the configured hook, and waits `timeout_s` for it at most."""

    def __init__(self, hook: Hook, *, timeout_s: float) -> None:
        self._hook = hook
        self._timeout_s = timeout_s
        # A hung hook keeps its thread; a few of them may hang before questions queue up and are
        # answered by the time-out, which is the safe answer.
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="risk")

    def ask_about_deposit(self, case: Case) -> tuple[Answer, str]:
        """The answer on a deposit that has its confirmations, and the reason to keep with it."""
        return self.ask(
            {
                "kind": "deposit",
                "client": None if case.client is None else case.client.id,
                "currency": case.currency.symbol,
                "network": case.currency.network,
                "amount": format_amount(case.units, case.currency.decimals),
                "address": None if case.address is None else case.address.address,
                "txid": case.fact.txid,
            }
        )

    def ask(self, question: Mapping[str, Any]) -> tuple[Answer, str]:
        """Put one question. Never raises: what cannot be understood is `hold`."""
        try:
            reply = self._threads.submit(self._hook, question).result(self._timeout_s)
            return _read(reply)
        except (FutureTimeoutError, TimeoutError):
            return Answer.HOLD, f"{NO_ANSWER} within {self._timeout_s} s"
        except Exception:  # the hook is the site's code: whatever it does, the coin is held
            log.exception("risk hook failed")
            return Answer.HOLD, NO_ANSWER


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
        text = f"the risk check said {answer.value}"
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
            return json.loads(reply.read(REPLY_MAX_BYTES))

    return post


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead the question anywhere: it counts as no answer."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None
