"""The side of whoever signs: a plan to look at, its form, the signature, the engine's answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from engine import orders
from engine.approvals.acts import plan_of
from engine.approvals.form import Form, new_form, signed_bytes
from engine.approvals.openssh import namespace, sign, sign_with_agent
from engine.approvals.plan import Plan, Proposal
from engine.approvals.rights import check_right, keys_in_force
from engine.audit.seals import installation_id
from engine.config import Config
from engine.errors import EngineAbsent, SigningFailed

WAIT_S = 20


def prepare(config: Config, proposal: Proposal, *, staff: str, now: datetime) -> Plan:
    """What the act would do, for a person who may do it. Raises EngineAbsent, ActRefused and
    whatever forbids the act."""
    check_right(config.staff, staff, proposal.act)
    if not orders.engine_alive(now):
        raise EngineAbsent("no engine is running, so nothing can be carried out; nothing was done")
    return plan_of(config, proposal)


def sign_plan(
    config: Config,
    plan: Plan,
    *,
    staff: str,
    key: Path | None,
    now: datetime,
    quiet: bool = False,
) -> tuple[Form, str]:
    """The form as signed now, and its signature: by the key file, else by the person's agent.
    `quiet` asks for no passphrase on the terminal. Raises SigningFailed, ActRefused."""
    form = new_form(plan.form_fields(), staff=staff, now=now)
    space = namespace(installation_id())
    message = signed_bytes(form)
    if key is not None:
        return form, sign(message, key=key, space=space, quiet=quiet)
    keys = keys_in_force(config.staff, staff, now)
    if not keys:
        raise SigningFailed(f"no key of {staff} in cashier.toml is in force now")
    return form, sign_with_agent(message, keys=keys, space=space, quiet=quiet)


def submit(form: Form, signature: str) -> Mapping[str, Any]:
    """The engine's answer: `{act, done, signed, of}`. Raises OrderRefused, EngineAbsent."""
    result = orders.ask(
        act=str(form["act"]),
        body=form,
        staff=str(form["staff"]),
        signature=signature,
        wait_s=WAIT_S,
    )
    if result is None:
        raise EngineAbsent(
            f"the engine did not answer within {WAIT_S} s; the order is withdrawn and nothing was"
            " done"
        )
    return result.values
