"""Sends of which nobody knows whether they are out: signed and stored a while ago, and the node
neither has nor refuses them; such of which no node tells what became of them; and such as nothing
may follow from, because their rows were changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from db.attempts import Attempt, AttemptOutput
from engine.chain import Fact, Standing
from engine.clock import parse_rfc3339
from engine.reconciliation.kinds import Finding
from engine.sender import doubted
from engine.sender.by_nonce.questions import UNCLEAR_PATIENCE, Question

AGE_MIN = timedelta(minutes=10)

Families = Mapping[str, list[Attempt]]


def old_families(chain: str, now: datetime) -> Families:
    """Families of this chain whose newest attempt is older than `AGE_MIN`, in no block and not
    refused, by name."""
    rows = Attempt.select().where(
        (Attempt.chain == chain)
        & (Attempt.final == 0)
        & Attempt.state.in_(("stored", "sent", "mined", "settled"))
    )
    families: dict[str, list[Attempt]] = defaultdict(list)
    for row in rows.order_by(Attempt.family, Attempt.number):
        families[str(row.family)].append(row)
    return {name: each for name, each in families.items() if _is_open(each, now)}


def _is_open(family: list[Attempt], now: datetime) -> bool:
    newest = family[-1]
    young = now - parse_rfc3339(str(newest.created_at)) < AGE_MIN
    settled = any(each.state in {"mined", "settled"} for each in family)
    return not (young or settled or newest.last_error)


def uncertain(
    families: Families, facts: Callable[[Collection[str]], Mapping[str, Fact]]
) -> Iterator[Finding]:
    """Those of `families` that the node knows nothing of. One call, none without a family."""
    if not families:
        return
    told = facts(sorted(str(each.txid) for family in families.values() for each in family))
    for name, family in sorted(families.items()):
        if all(told[str(each.txid)].standing is Standing.ABSENT for each in family):
            yield _finding(name, family)


def _finding(name: str, family: list[Attempt]) -> Finding:
    newest = family[-1]
    outputs = list(AttemptOutput.select().where(AttemptOutput.attempt == newest.id))
    paid = [each for each in outputs if each.payment is not None]
    evidence = {
        "attempts": [[each.id, each.txid, each.state] for each in family],
        "payments": [str(each.payment) for each in paid],
        "stored_at": newest.created_at,
        "broadcasts": newest.sends,
        "last_reply": "taken, and not there" if newest.sends else "none is known",
        "last_sent_at": newest.sent_at,
    }
    units = sum(int(each.units) for each in paid)
    return Finding("uncertain_send", str(newest.currency), name, -units, evidence)


def unanswered(questions: Iterable[Question], now: datetime) -> Iterator[Finding]:
    """Those of these that stood for a while, so that nothing but persons may answer them."""
    for each in questions:
        if now - each.since >= UNCLEAR_PATIENCE:
            yield Finding(
                "uncertain_send", each.currency, each.family, -each.units, dict(each.evidence)
            )


def changed(chain: str, apart: Collection[str] = ()) -> Iterator[Finding]:
    """Attempts that the sender does not follow, because their rows are not what was signed; those
    that are named as uncertain, of the families `apart`, are left out."""
    reasons = doubted.doubted(chain)
    rows = Attempt.select().where(Attempt.id.in_(sorted(reasons))) if reasons else ()
    for row in (each for each in rows if each.family not in apart):
        outputs = AttemptOutput.select().where(AttemptOutput.attempt == row.id)
        payments = [str(each.payment) for each in outputs if each.payment is not None]
        evidence = {
            "attempts": [[row.id, row.txid, row.state]],
            "payments": payments,
            "because": reasons[str(row.id)],
        }
        units = -sum(int(each.units) for each in outputs)
        yield Finding("amount_differs", str(row.currency), str(row.id), units, evidence)
