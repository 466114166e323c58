"""Credit or hold: what happens to a deposit that has its confirmations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from db.models import Payment
from engine import brakes
from engine.deposits import rules
from engine.deposits.cases import Case
from engine.risk import Answer, RiskHook
from engine.rules import Subject, first_match

ACCUMULATING = "accumulating"
PAUSED = "paused"
UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The move that a confirmed deposit makes: `credit`, `hold` or `refuse`, and why; or `wait`,
    as long as a person's brake is on or the risk check is silent."""

    event: str
    reason: str = ""
    sub_state: str = ""


CREDIT = Verdict("credit")
ASKED_LATER = Verdict("wait", "the risk check does not answer; it is asked again", UNCHECKED)
ACCUMULATE = Verdict("hold", rules.HELD_BELOW_MINIMUM, ACCUMULATING)


def judge(cases: Sequence[Case], hook: RiskHook | None) -> dict[int, Verdict]:
    """The verdict on each case that confirms now, by its position in `cases`.

    Asks the risk hook, so it must not run inside a database transaction. Cases that complete an
    accumulating sum get the held siblings that they release.
    """
    sums = _Accumulation(cases)
    verdicts: dict[int, Verdict] = {}
    paused = brakes.braked("deposit")
    for at, case in enumerate(cases):
        if not _confirms(case):
            continue
        brake = paused.get(case.currency.symbol)
        if brake is not None:
            verdicts[at] = Verdict("wait", brake.reason, PAUSED)
            continue
        if case.is_top_up:
            verdicts[at] = CREDIT
            continue
        verdicts[at] = (
            _held_by_fact(case) or _by_rule(case) or _below_minimum(case, hook) or _ask(case, hook)
        )
        if verdicts[at] is ACCUMULATE:
            sums.add(at, case)
    for at, case in sums.completed(cases):
        verdicts[at] = CREDIT
        case.siblings = sums.held_on(case)
    return verdicts


def _confirms(case: Case) -> bool:
    if case.events:
        return case.events[-1] == "confirm"
    return case.payment is not None and case.payment.state == "confirmed"


def _held_by_fact(case: Case) -> Verdict | None:
    if case.owner is None or case.owner.client is None:
        return Verdict("hold", rules.HELD_NOBODY)
    if case.owner.blocked:
        return Verdict("hold", rules.HELD_BLOCKED)
    return Verdict("hold", case.doubt) if case.doubt else None


def _by_rule(case: Case) -> Verdict | None:
    """What a [[rule]] says against it; `allow` only ends the search for one."""
    client = None if case.owner is None else case.owner.client
    rule = first_match(case.currency.limits, Subject("deposit", client, case.units))
    if rule is None or rule.then == "allow":
        return None
    default = rules.HELD_BY_RULE if rule.then == "hold" else rules.REFUSED_BY_RULE
    return Verdict(rule.then, rule.reason or default)


def _below_minimum(case: Case, hook: RiskHook | None) -> Verdict | None:
    if case.units >= case.currency.deposit_minimum:
        return None
    if case.currency.below_minimum != "accumulate":
        return Verdict("hold", rules.HELD_BELOW_MINIMUM)
    # Asked now, because a coin that completes the sum later releases this one without a question.
    answer = _ask(case, hook)
    return ACCUMULATE if answer is CREDIT else answer


def _ask(case: Case, hook: RiskHook | None) -> Verdict:
    if hook is None:
        return CREDIT
    if hook.silent:
        return ASKED_LATER
    answer, reason = hook.ask_about_deposit(case)
    if answer is Answer.ALLOW:
        return CREDIT
    return Verdict("refuse" if answer is Answer.REFUSE else "hold", reason)


class _Accumulation:
    """Sums of small coins per address: those held before, and those that confirm now."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._judged = {case.payment.id: case for case in cases if case.payment is not None}
        self._now: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._held: dict[tuple[str, str], list[Payment]] = {}

    def add(self, at: int, case: Case) -> None:
        self._now[self._key(case)].append(at)

    def completed(self, cases: Sequence[Case]) -> Iterable[tuple[int, Case]]:
        """The cases whose address passes the minimum with them; the first carries the siblings."""
        for key, positions in self._now.items():
            held = self._held.setdefault(key, self._held_before(key))
            total = sum(int(row.units or 0) for row in held)
            total += sum(cases[at].units for at in positions)
            if total >= cases[positions[0]].currency.deposit_minimum:
                yield from ((at, cases[at]) for at in positions)

    def held_on(self, case: Case) -> list[Payment]:
        """The siblings, handed out once."""
        return self._held.pop(self._key(case), [])

    def _held_before(self, key: tuple[str, str]) -> list[Payment]:
        """Coins that wait on this address. One that is judged itself just now counts only if it
        stays in its block, and as that same object: two copies must not move in one batch."""
        found = []
        for row in _accumulating(key):
            case = self._judged.get(row.id)
            if case is None:
                found.append(row)
            elif case.payment is not None and not {"unsettle", "reverse"} & set(case.events):
                found.append(case.payment)
        return found

    @staticmethod
    def _key(case: Case) -> tuple[str, str]:
        assert case.owner is not None
        return case.owner.address, case.currency.symbol


def _accumulating(key: tuple[str, str]) -> list[Payment]:
    return list(
        Payment.select().where(
            (Payment.address == key[0])
            & (Payment.currency == key[1])
            & (Payment.kind == "deposit")
            & (Payment.state == "held")
            & (Payment.sub_state == ACCUMULATING)
            & (Payment.unsettled == 0)
        )
    )
