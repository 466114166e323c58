"""What a verification found: flaws as data, and the verdict in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.audit.form import Filter, shown

FLAWS_MAX = 100


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong: where it stands, the row's `seq` and payment if it is about one."""

    what: str
    where: str = ""
    seq: int | None = None
    payment: str | None = None

    def __str__(self) -> str:
        named = [
            f"seq {self.seq}" if self.seq is not None else "",
            f"payment {shown(self.payment)}" if self.payment else "",
        ]
        parts = [self.where, ", ".join(name for name in named if name), self.what]
        return ": ".join(part for part in parts if part)


@dataclass(slots=True)
class Flaws:
    """Collects flaws up to FLAWS_MAX: the first ones tell the story, a garbage file has no end."""

    found: list[Flaw] = field(default_factory=list)

    def add(self, what: str, *, where: str = "", seq: int | None = None, of: str = "") -> None:
        """Note a flaw; `of` is the payment it is about."""
        if not self.full:
            self.found.append(Flaw(what, where=where, seq=seq, payment=of or None))

    def by_seq(self) -> list[Flaw]:
        """The flaws with the first bad row first; one without a row stays behind its neighbour."""
        keyed: list[tuple[int, Flaw]] = []
        seq = 0
        for flaw in self.found:
            seq = seq if flaw.seq is None else flaw.seq
            keyed.append((seq, flaw))
        return [flaw for _, flaw in sorted(keyed, key=lambda pair: pair[0])]

    @property
    def full(self) -> bool:
        """Whether there is no point in looking further."""
        return len(self.found) >= FLAWS_MAX


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a verification. `problems` begins with the first bad row; `authenticated`
    is True only if nothing is wrong and a trusted key or anchor vouches for the newest seal."""

    rows: int
    seals: int
    unsealed: int
    problems: tuple[Flaw, ...]
    authenticated: bool
    installation: str = ""
    key: str | None = None
    part: Filter = field(default_factory=Filter)

    @property
    def ok(self) -> bool:
        """Whether everything that can be checked holds."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """One line for people."""
        if not self.ok:
            more = "at least " if len(self.problems) >= FLAWS_MAX else ""
            return f"not consistent: {more}{_count(len(self.problems), 'problem')}"
        known = "authenticated" if self.authenticated else "consistent, not authenticated"
        size = f"{_count(self.rows, 'row')}, {_count(self.seals, 'seal')}"
        late = f", the last {self.unsealed} not sealed yet" if self.unsealed else ""
        return f"{known}: {size}{late}, installation {shown(self.installation)}"

    @property
    def extent(self) -> str:
        """What part of the histories was looked at; empty for all of them."""
        part = self.part
        bounds = [
            f"from {shown(part.since)}" if part.since else "",
            f"to {shown(part.until)}" if part.until else "",
            f"client {shown(part.client)}" if part.client else "",
        ]
        named = ", ".join(bound for bound in bounds if bound)
        return f"a part of the histories: {named}" if named else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
