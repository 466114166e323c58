"""The act by which approvers accept a key or a cold address that came to cashier.toml later."""

from __future__ import annotations

from functools import partial

from db.connection import database
from engine import chronicle
from engine.approvals.acceptance import ACT, STAFF_KEY, Item, standing
from engine.approvals.founding import PERSONS
from engine.approvals.plan import Doing, Plan, Proposal
from engine.config import Config
from engine.errors import ActRefused


def accept(config: Config, proposal: Proposal) -> Plan:
    """Let a key or a cold address count that waits. Two approvers sign, nobody for a key of their
    own. Raises ActRefused."""
    item = next((each for each in standing(config).waiting if _is_meant(each, proposal)), None)
    if item is None:
        raise ActRefused("nothing like that waits: it counts already, or is not in cashier.toml")
    return Plan(
        act=ACT,
        subject=item.subject.id,
        history_hash=chronicle.last_hash(item.subject),
        says=item.says,
        fields=dict(item.fields),
        persons=PERSONS,
        barred=frozenset({item.name}) if item.kind == STAFF_KEY else frozenset(),
        carry_out=partial(_carry_out, item),
    )


def proposal_for(item: Item) -> Proposal:
    """The proposal to accept just this."""
    fields = dict(item.fields)
    return Proposal(
        act=ACT,
        kind=fields["kind"],
        account=fields.get("account"),
        address=fields["address"],
        currency=fields.get("currency"),
    )


def _is_meant(item: Item, proposal: Proposal) -> bool:
    return proposal_for(item) == Proposal(
        act=ACT,
        kind=proposal.kind,
        account=proposal.account,
        address=proposal.address,
        currency=proposal.currency,
    )


def _carry_out(item: Item, doing: Doing) -> None:
    """Write it down; that it counts follows from the signatures, not from this row."""
    with database.atomic():
        doing.guard()
        chronicle.write(
            item.subject,
            ACT,
            to="accepted",
            actor=doing.actor,
            reason=doing.reason,
            evidence=doing.evidence,
            now=doing.now,
        )
        doing.also()
