"""States and moves as tables, and the one shared `transitions` machine over each.

Nothing is ignored: a move that the table does not have raises LifecycleError.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from transitions import Machine, MachineError

from engine.errors import LifecycleError

NEW = "new"  # before the first row; never stored


@dataclass(frozen=True, slots=True)
class Move:
    """One kind of move: its event, where it may start, where it ends, who makes it."""

    event: str
    sources: tuple[str, ...]
    to: str
    owner: str


@dataclass(frozen=True, slots=True)
class State:
    """What a state means to staff: who must act on it, and the way out of it."""

    name: str
    owner: str
    way_out: str


DEPOSIT_STATES = (
    State("requested", "client", "a coin arrives, or the request expires"),
    State("pending", "engine", "its block gets deep enough, or its coin is proved gone"),
    State("confirmed", "engine", "credited, or held for a person"),
    State("held", "staff", "released to the client, booked, or refused"),
    State("credited", "engine", "final after the finality horizon"),
    State("refused", "staff", "refunded"),
    State("refunded", "nobody", "final; one withdrawal pays it back, or it is refused again"),
    State("expired", "nobody", "final; a late coin becomes a new payment"),
    State("vanished", "nobody", "revives if its coin is mined after all"),
    State("reversed", "staff", "revives if its coin is mined again; else the debt is settled"),
)

_FOLLOWED = ("credited", "held", "refused")

DEPOSIT_MOVES = (
    Move("request", (NEW,), "requested", "client"),
    Move("see", ("requested",), "pending", "engine"),
    Move("expire", ("requested",), "expired", "engine"),
    Move("confirm", ("pending",), "confirmed", "engine"),
    Move("unconfirm", ("confirmed",), "pending", "engine"),
    Move("credit", ("confirmed",), "credited", "engine"),
    Move("hold", ("confirmed",), "held", "engine"),
    Move("release", ("held",), "credited", "staff"),
    Move("book", ("held",), "credited", "staff"),
    Move("refuse", ("confirmed", "held"), "refused", "staff"),
    Move("refund", ("held", "refused"), "refunded", "staff"),
    # The withdrawal that should have paid it back ended without paying.
    Move("take_back", ("refunded",), "refused", "engine"),
    Move("vanish", ("pending",), "vanished", "engine"),
    Move("revive", ("vanished", "reversed"), "pending", "engine"),
    Move("reverse", _FOLLOWED, "reversed", "engine"),
    # The coin is out of its block, or in another one: the state stays, the evidence is new.
    *(Move("unsettle", (state,), state, "engine") for state in _FOLLOWED),
    *(Move("settle", (state,), state, "engine") for state in _FOLLOWED),
    # Two persons put right what the books say of its coin, as the node shows it.
    *(Move("mend", (state.name,), state.name, "staff") for state in DEPOSIT_STATES),
)

WITHDRAWAL_STATES = (
    State("requested", "engine", "signed and sent when funds, node and wallet allow"),
    State("held", "staff", "released to the sender, or refused"),
    State("pending", "engine", "its chain tx gets deep enough"),
    State("confirmed", "engine", "settled in the books"),
    State("credited", "engine", "final after the finality horizon"),
    State("refused", "nobody", "final; the funds went back"),
    State("cancelled", "nobody", "final; the funds went back"),
    State("failed", "nobody", "final; ended on chain without paying, the amount went back"),
)

WITHDRAWAL_MOVES = (
    Move("request", (NEW,), "requested", "client"),
    Move("hold", ("requested",), "held", "engine"),
    Move("release", ("held",), "requested", "staff"),
    Move("refuse", ("requested", "held"), "refused", "staff"),
    Move("cancel", ("requested", "held"), "cancelled", "client"),
    # Bytes are signed and stored; whether they are out is not known until the node says so.
    Move("sign", ("requested",), "requested", "engine"),
    Move("send", ("requested",), "pending", "engine"),
    *(Move("bump", (state,), state, "engine") for state in ("requested", "pending")),
    Move("confirm", ("pending",), "confirmed", "engine"),
    Move("unconfirm", ("confirmed",), "pending", "engine"),
    Move("credit", ("confirmed",), "credited", "engine"),
    Move("unsettle", ("credited",), "credited", "engine"),
    Move("settle", ("credited",), "credited", "engine"),
    # Proved beyond finality that no attempt can be mined any more: paid again from other coins.
    Move("reverse", ("credited",), "pending", "engine"),
    Move("retry", ("requested", "pending"), "requested", "engine"),
    Move("fail", ("pending",), "failed", "engine"),
    # The chain's fee is one entry of the attempt, carried by the first payment that it pays.
    *(Move("chain_fee", (state,), state, "engine") for state in ("credited", "failed")),
    Move("chain_fee_undone", ("requested",), "requested", "engine"),
    # Two persons say what became of its chain tx, of which no node tells.
    *(Move("judge", (state,), state, "staff") for state in ("requested", "pending", "credited")),
    # Two persons put right what was posted for it.
    *(Move("mend", (state.name,), state.name, "staff") for state in WITHDRAWAL_STATES),
)

STATES: dict[str, tuple[State, ...]] = {
    "deposit": DEPOSIT_STATES,
    "withdrawal": WITHDRAWAL_STATES,
    "transfer": WITHDRAWAL_STATES,
}
MOVES: dict[str, tuple[Move, ...]] = {
    "deposit": DEPOSIT_MOVES,
    "withdrawal": WITHDRAWAL_MOVES,
    "transfer": WITHDRAWAL_MOVES,
}


def _machine(kind: str) -> Machine:
    """One machine for all payments of a kind: rows are never registered with it, because
    registering resets their state."""
    return Machine(
        model=None,
        states=[NEW, *(state.name for state in STATES[kind])],
        transitions=[
            {"trigger": move.event, "source": list(move.sources), "dest": move.to}
            for move in MOVES[kind]
        ],
        initial=NEW,
        auto_transitions=False,
        send_event=False,
    )


_MACHINES = {kind: _machine(kind) for kind in MOVES}


@cache
def _end(kind: str, event: str, start: str) -> str:
    """Where the machine ends. Its tables do not change, and its answers are remembered: it spends
    twenty microseconds on hooks that we do not have. Those that it refuses are not."""
    row = SimpleNamespace(state=start)
    _MACHINES[kind].events[event].trigger(row)
    return str(row.state)


def fire(payment: Any, event: str) -> str:
    """Move `payment.state` (in memory) by `event`; returns the state that it left.

    Raises LifecycleError for a move that the table of its kind does not have.
    """
    left = str(payment.state)
    try:
        payment.state = _end(payment.kind, event, left)
    except (KeyError, MachineError, ValueError) as error:
        raise LifecycleError(f"a {payment.kind} cannot {event} when it is {left}") from error
    return left


def mermaid(kind: str) -> str:
    """The state machine of `kind` as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for move in MOVES[kind]:
        for source in move.sources:
            start = "[*]" if source == NEW else source
            lines.append(f"    {start} --> {move.to}: {move.event}")
    left = {source for move in MOVES[kind] for source in move.sources if source != move.to}
    lines += [f"    {state.name} --> [*]" for state in STATES[kind] if state.name not in left]
    return "\n".join(lines)
