"""What staff and commands ask of the engine: a row in, a result row out.

Nobody but the engine holds keys and node credentials, so whoever needs them writes an order and
waits. Acts are registered in one table; one that raises CashierError is refused with its message,
and one that fails otherwise is refused too, so that a poisoned order holds up no other.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee

from db.models import Chain, Order
from engine.clock import parse_rfc3339, rfc3339, utc_now
from engine.errors import CashierError, LeaseLost, OrderRefused

log = logging.getLogger(__name__)

PER_ROUND = 20
POLL_S = 0.1  # seconds
WITHDRAWN = "withdrawn: whoever asked waited no longer"
ENGINE_SILENT_AFTER = timedelta(seconds=15)

Act = Callable[[Mapping[str, Any], datetime], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order as it was placed, for acts that judge it themselves: nothing of it is proved yet."""

    id: str
    act: str
    body: str
    staff: str
    signature: str


SignedAct = Callable[[SignedOrder, datetime], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """What the engine answered to an order that it carried out."""

    order: str
    values: Mapping[str, Any]


def place(
    *,
    act: str,
    body: Mapping[str, Any],
    now: datetime,
    staff: str = "",
    signature: str = "",
) -> str:
    """Write an order; returns its id."""
    order = Order.create(
        id=secrets.token_hex(16),
        act=act,
        body=json.dumps(dict(body)),
        staff=staff,
        signature=signature,
        created_at=rfc3339(now),
    )
    return str(order.id)


def ask(
    *,
    act: str,
    body: Mapping[str, Any],
    staff: str = "",
    signature: str = "",
    wait_s: int = 10,
) -> Result | None:
    """Place an order and wait for its result; None when no engine answers within `wait_s`: the
    order is withdrawn then, so that nothing happens later that nobody expects any more.

    Raises OrderRefused when the engine says no.
    """
    if not engine_alive(utc_now()):
        return None
    order = place(act=act, body=body, now=utc_now(), staff=staff, signature=signature)
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        result = _result(order)
        if result is not None:
            return result
        time.sleep(POLL_S)
    return None if _withdraw(order) else _result(order)


def _result(order: str) -> Result | None:
    """What became of it, None while it is open. Raises OrderRefused."""
    row = Order.get_by_id(order)
    if row.state == "refused":
        raise OrderRefused(row.result)
    return Result(order, json.loads(row.result)) if row.state == "done" else None


def _withdraw(order: str) -> bool:
    """Take back an order that nobody took up; whether it was still open."""
    values = {"state": "refused", "result": WITHDRAWN, "done_at": rfc3339(utc_now())}
    open_still = (Order.id == order) & (Order.state == "open")
    return bool(Order.update(values).where(open_still).execute() == 1)


def engine_alive(now: datetime) -> bool:
    """Whether an engine showed a sign of life lately."""
    beats = [row.beat_at for row in Chain.select(Chain.beat_at) if row.beat_at]
    return any(now - parse_rfc3339(beat) < ENGINE_SILENT_AFTER for beat in beats)


def finish(order: str, result: Mapping[str, Any], now: datetime) -> None:
    """Mark an order as carried out. A signed act does so in the database transaction in which it
    acts, so that a crash between the two cannot leave one without the other. Raises OrderRefused,
    which undoes the act, when the order was withdrawn meanwhile."""
    values = {"state": "done", "result": json.dumps(dict(result)), "done_at": rfc3339(now)}
    if Order.update(values).where((Order.id == order) & (Order.state == "open")).execute() != 1:
        raise OrderRefused(WITHDRAWN)


def carry_out(
    acts: Mapping[str, Act], now: datetime, *, signed: Mapping[str, SignedAct] | None = None
) -> int:
    """Execute open orders, oldest first, a bounded number; returns how many."""
    rows = list(
        Order.select().where(Order.state == "open").order_by(Order.created_at).limit(PER_ROUND)
    )
    for row in rows:
        state, result = _execute(acts, signed or {}, row, now)
        Order.update(state=state, result=result, done_at=rfc3339(now)).where(
            (Order.id == row.id) & (Order.state == "open")
        ).execute()
    return len(rows)


def _execute(
    acts: Mapping[str, Act], signed: Mapping[str, SignedAct], row: Order, now: datetime
) -> tuple[str, str]:
    if row.act not in acts and row.act not in signed:
        return "refused", f"this engine does not know the act {row.act!r}"
    try:
        return "done", json.dumps(dict(_perform(acts, signed, row, now)))
    except json.JSONDecodeError:
        return "refused", "the order's body is not JSON"
    except LeaseLost:
        raise  # another engine is the one to carry it out
    except CashierError as error:
        log.warning("order %s %s refused: %s", row.act, row.id, error.detail)
        return "refused", str(error)
    except peewee.PeeweeException:
        raise  # nothing was done: the order stays open and is tried again
    except Exception:
        # Tried again for ever, it would keep every later order waiting.
        log.exception("order %s %s failed", row.act, row.id)
        return "refused", "an internal error stopped the order; see the engine's log"


def _perform(
    acts: Mapping[str, Act], signed: Mapping[str, SignedAct], row: Order, now: datetime
) -> Mapping[str, Any]:
    if row.act in signed:
        order = SignedOrder(row.id, row.act, row.body, row.staff, row.signature)
        return signed[row.act](order, now)
    body = json.loads(row.body)
    if not isinstance(body, dict):
        raise OrderRefused("the order's body is not an object")
    return acts[row.act](body, now)
