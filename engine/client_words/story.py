"""How a client is told of a payment: its story, and its place in the line of states."""

from __future__ import annotations

from dataclasses import dataclass

from engine.queries import PaymentView

STEPS = ("requested", "pending", "confirmed", "credited")


@dataclass(frozen=True, slots=True)
class Story:
    """`headline` says what happened, `meaning` what it means for the money, `todo` what to do.
    `tone` picks the colour: `wait`, `good`, `care` or `bad`."""

    headline: str
    meaning: str
    todo: str
    tone: str

    @property
    def asks(self) -> bool:
        """Whether the client has something to do."""
        return bool(self.todo) and not self.todo.startswith("Nothing")


@dataclass(frozen=True, slots=True)
class Step:
    """A place in the line of states. `mark` picks its shape: `done`, `now`, `next`, `stopped`."""

    name: str
    mark: str
    note: str = ""


def duration_words(seconds: int) -> str:
    """A waiting time as people say it: `about 8 minutes`."""
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return "about a minute" if minutes == 1 else f"about {minutes} minutes"
    hours = round(minutes / 60)
    return f"about {hours} hours" if hours < 48 else f"about {round(hours / 24)} days"


def line_of(view: PaymentView, *, came: int) -> tuple[Step, ...]:
    """The line of states with this payment's place in it. One that left the line shows how far it
    came (`came` states) and where it stopped."""
    if view.state in STEPS:
        return _on_the_line(view, STEPS.index(view.state))
    line = [Step(name, "done") for name in STEPS[:came]]
    line.append(Step(view.state, "now" if view.state == "held" else "stopped"))
    return tuple(line)


def _on_the_line(view: PaymentView, at: int) -> tuple[Step, ...]:
    line = [Step(name, "done") for name in STEPS[:at]]
    note = ""
    if view.state == "pending":
        note = f"{min(view.confirmations, view.confirmations_required)} of"
        note += f" {view.confirmations_required}"
    line.append(Step(STEPS[at], "done" if view.state == "credited" else "now", note))
    line += [Step(name, "next") for name in STEPS[at + 1 :]]
    return tuple(line)
