"""How a person at the console cures a break: the act that does it, as it stands for that person,
or the words that say what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.approvals.case import Offered, offered
from engine.approvals.form import SAID
from engine.approvals.plan import Proposal
from engine.approvals.queue import Signature, Waiting, half_signed
from engine.config import Config
from engine.reconciliation import standing
from engine.reconciliation.kinds import ENGINE, FIX, JUDGE, asks_outcome
from engine.reconciliation.mending import LOSS
from engine.reconciliation.standing import BreakView

BY_ITSELF = "the engine cures it by itself: there is nothing to sign"
SIGNED_BY_TWO = "the entry below cures it, signed by two persons"
JUDGED_BY_TWO = "look its chain tx up elsewhere; then two persons sign that it paid, or did not pay"


@dataclass(frozen=True, slots=True)
class Remedy:
    """A break and its cure. `proposal` is None where no act of the console cures it; `words` say
    what does. `signatures` are those given so far."""

    view: BreakView
    proposal: Proposal | None
    offer: Offered | None
    signatures: tuple[Signature, ...]
    words: str


def remedy_of(config: Config, break_id: str, *, staff: str, now: datetime) -> Remedy | None:
    """The break and its cure for the person who looks at it; None where there is no such break."""
    view = standing.one_break(config, break_id, now)
    if view is None:
        return None
    proposal = proposal_for(view)
    words = view.cure.replace(FIX, SIGNED_BY_TWO).replace(JUDGE, JUDGED_BY_TWO)
    if proposal is None or proposal.act == "book":
        return Remedy(view, proposal, None, (), words)
    same = [each for each in half_signed(config) if _same(each.proposal, proposal)]
    given = max(same, key=_last_word, default=None)
    signatures = () if given is None else given.signatures
    if proposal.act != "cure" or proposal.outcome == "":  # something is still to be said
        return Remedy(view, proposal, None, signatures, words + _answer_of(given))
    names = tuple(each.staff for each in signatures)
    found = offered(config, proposal, names, staff=staff)
    return Remedy(view, proposal, found, signatures, words)


def proposal_for(view: BreakView) -> Proposal | None:
    """The act that cures an open break; None where people or the engine must do something else."""
    if view.state != "open":
        return None
    if asks_outcome(view.evidence):
        return Proposal(act="cure", payment=view.id, outcome="")
    if view.fixable:
        return Proposal(act="cure", payment=view.id)
    if view.kind == "unknown_arrival":
        return Proposal(act="book", payment=view.subject)
    if view.kind == "negative_balance":
        account, units = f"+{view.subject}|{LOSS}", str(abs(view.units))
        return Proposal(act="adjust", currency=view.currency, account=account, units=units)
    return None


def why_none(view: BreakView) -> str:
    """Why no act of the console cures this break, and what does."""
    if view.state != "open":
        return f"it is closed: {view.closed_by}"
    return BY_ITSELF if view.owner == ENGINE else f"it is cured in another way: {view.cure}"


def _last_word(given: Waiting) -> str:
    """When it was signed last: a person may have signed otherwise before."""
    return max((each.at for each in given.signatures), default="")


def _answer_of(given: Waiting | None) -> str:
    """What whoever signed first said of a send of which no node tells."""
    outcome = None if given is None or given.proposal is None else given.proposal.outcome
    return f"; one signed that {SAID[outcome]}" if outcome in SAID else ""


def _same(signed: Proposal | None, wanted: Proposal) -> bool:
    """Whether a signature was for this act; reasons are each signer's own."""
    if signed is None or signed.act != wanted.act:
        return False
    if wanted.act == "cure":
        return signed.payment == wanted.payment
    return (signed.currency, signed.account, signed.units) == (
        wanted.currency,
        wanted.account,
        wanted.units,
    )
