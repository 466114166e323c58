"""What the engine does with a signed order: verify, compare, count signatures, carry out.

Nothing that only the database says is believed: every signature, an earlier person's too, is
verified by the keys that this engine's own cashier.toml has in force now.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from db.connection import database
from db.models import Approval, History
from engine import chronicle, orders
from engine.approvals import form as forms
from engine.approvals.acts import ACTS, plan_of
from engine.approvals.form import Form
from engine.approvals.plan import Doing, Plan, proposal_of
from engine.approvals.rights import are_enough
from engine.approvals.signed import Signed, verified
from engine.chronicle import Subject
from engine.clock import parse_rfc3339, rfc3339
from engine.config import Config
from engine.errors import ActRefused

log = logging.getLogger(__name__)

AGE_MAX = timedelta(minutes=15)
AHEAD_MAX = timedelta(minutes=1)


class Office:
    """Carries out signed orders. `guard` proves inside a database transaction that this engine is
    still the one that may."""

    def __init__(self, config: Config, *, guard: Callable[[], None]) -> None:
        self._config = config
        self._guard = guard

    def acts(self) -> dict[str, orders.SignedAct]:
        """Every staff act, for `orders.carry_out`."""
        return dict.fromkeys(ACTS, self.act)

    def act(self, order: orders.SignedOrder, now: datetime) -> Mapping[str, Any]:
        """Carry out one order, or store its signature where another person must sign, too. Raises
        ActRefused with what stands against it."""
        form = forms.parse(order.body)
        if (form["act"], form["staff"]) != (order.act, order.staff):
            raise ActRefused("the order is not the one that was signed")
        signed = verified(self._config, form, order.signature, now)
        if signed is None:
            raise ActRefused(
                f"the signature is not one of {form['staff']} over this order: wrong key, another"
                " installation, or altered"
            )
        check_age(form["at"], now)
        earlier = self._earlier(form, now)  # before the database transaction: OpenSSH takes time
        with database.atomic():
            self._guard()
            if Approval.get_or_none(Approval.nonce == form["nonce"]) is not None:
                raise ActRefused("this signature was used already")
            plan = plan_of(self._config, proposal_of(form))
            check_unchanged(form, plan)
            counted = earlier if plan.persons > 1 else []
            return self._decide(plan, order.id, [*counted, signed], now)

    def _earlier(self, form: Form, now: datetime) -> list[Signed]:
        """Signatures of other persons for the same act on the same state, verified anew: a key
        that was removed or has ended, or a row that somebody forged, counts for nothing."""
        rows = Approval.select().where(
            (Approval.history_hash == form["history_hash"]) & (Approval.act == form["act"])
        )
        found = []
        for row in rows.order_by(Approval.arrived_at):
            try:
                other = forms.parse(row.body)
                same = hmac.compare_digest(forms.same_act(other), forms.same_act(form))
                signed = verified(self._config, other, row.signature, now) if same else None
            except ActRefused as error:
                log.warning("approval %s does not count: %s", row.nonce, error)
                continue
            if signed is not None:
                found.append(signed)
        return found

    def _decide(
        self, plan: Plan, order: str, signatures: Sequence[Signed], now: datetime
    ) -> Mapping[str, Any]:
        signed = signatures[-1]
        persons = {each.staff for each in signatures}
        objection = plan.objection(signed.staff, {each.staff for each in signatures[:-1]})
        if objection:
            raise ActRefused(objection)
        complete = are_enough(self._config.staff, persons, plan.persons)
        if len(persons) >= plan.persons and not complete:
            raise ActRefused(f"one of the {plan.persons} who sign must be an approver")
        result = {"act": plan.act, "done": complete, "signed": len(persons), "of": plan.persons}
        doing = Doing(
            config=self._config,
            actor=f"staff:{signed.staff}",
            reason=str(signed.form.get("reason", "")),
            evidence=_evidence(plan, signatures),
            guard=self._guard,
            also=lambda: self._keep(plan, order, signed, result, now),
            now=now,
        )
        if complete:
            plan.carry_out(doing)
        else:
            self._store(plan, doing)
        return result

    def _store(self, plan: Plan, doing: Doing) -> None:
        """A signature that waits for another person's: beside the payment, whose own history must
        not move by it."""
        client, currency = plan.fields.get("client"), plan.fields.get("currency", "")
        chronicle.write(
            Subject("staff", plan.subject, client, currency),
            "sign",
            to="signed",
            actor=doing.actor,
            reason=doing.reason,
            evidence=doing.evidence,
            now=doing.now,
        )
        doing.also()

    @staticmethod
    def _keep(
        plan: Plan, order: str, signed: Signed, result: Mapping[str, Any], now: datetime
    ) -> None:
        """Use up the nonce and answer the order: both or neither, with the act itself."""
        Approval.create(
            nonce=signed.form["nonce"],
            act=plan.act,
            subject=plan.subject,
            history_hash=plan.history_hash,
            staff=signed.staff,
            body=forms.signed_bytes(signed.form).decode(),
            signature=signed.signature,
            placed_as=order,
            arrived_at=rfc3339(now),
        )
        orders.finish(order, result, now)


def check_age(at: str, now: datetime) -> None:
    """Raises ActRefused for a signature that is too old, or of a clock that runs ahead."""
    try:
        moment = parse_rfc3339(at)
    except (ValueError, OverflowError):
        raise ActRefused("at is not a time") from None
    if now - moment > AGE_MAX:
        raise ActRefused(f"it was signed more than {AGE_MAX.seconds // 60} minutes ago: sign again")
    if moment - now > AHEAD_MAX:
        raise ActRefused("it was signed in the future: compare the clocks of the two machines")


def check_unchanged(form: Mapping[str, Any], plan: Plan) -> None:
    """What was signed must be what would be done now. Raises ActRefused with what changed."""
    now = plan.form_fields()
    if form["history_hash"] != now["history_hash"]:
        last = History.get_or_none(History.hash == now["history_hash"])
        what = "" if last is None else f": {last.event} by {last.actor} at {last.at}"
        raise ActRefused(f"it moved since you looked{what}; look again and sign anew")
    skipped = {"v", "staff", "at", "nonce", "reason"}
    changed = sorted(name for name in {*form, *now} - skipped if form.get(name) != now.get(name))
    if changed:
        raise ActRefused(f"{', '.join(changed)} changed since you looked; look again and sign anew")


def _evidence(plan: Plan, signatures: Sequence[Signed]) -> dict[str, Any]:
    """Who signed what, and what they saw: stands in the history row of the act."""
    seen = {name: value for name, value in plan.form_fields().items() if name != "reason"}
    return {
        "act": plan.act,
        "seen": seen,
        "approvals": [each.as_evidence() for each in signatures],
    }
