"""Staff with keys of their own, made by OpenSSH, who sign orders and hand them to an engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from db.models import Order
from engine import orders
from engine.approvals.acts import plan_of
from engine.approvals.form import Form, new_form, signed_bytes
from engine.approvals.office import Office
from engine.approvals.openssh import namespace, sign
from engine.approvals.plan import Proposal
from engine.audit.seals import installation_id
from engine.config import Config, Staff
from engine.lease import ChainLease
from tests.nodes.ports import PATIENCE_S

ROLES = {
    "ann": "payments",
    "ben": "approver",
    "cleo": "approver",
    "sue": "support",
    "aud": "auditor",
}


def make_key(path: Path, kind: str = "ed25519") -> str:
    """A new key pair at `path`, without a passphrase; returns the public key."""
    words = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE_S)
    return path.with_suffix(".pub").read_text().strip()


class People:
    """The staff of `ROLES`, each with a key in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.public = {name: make_key(folder / name) for name in ROLES}

    def key(self, name: str) -> Path:
        return self.folder / name

    def row(self, name: str, **more: Any) -> Staff:
        """A `[[staff]]` table as cashier.toml would hold it."""
        table = {"name": name, "role": ROLES[name], "key": self.public[name], **more}
        return Staff.model_validate(table)

    def join(self, config: Config, *names: str) -> Config:
        """The configuration with these people as its staff; all of them if none is named."""
        return replace(config, staff=tuple(self.row(name) for name in names or ROLES))

    def sign(self, form: Mapping[str, Any], *, by: str, space: str | None = None) -> str:
        """A signature over the form as it is, by the key of `by`."""
        wanted = space or namespace(installation_id())
        return sign(signed_bytes(form), key=self.key(by), space=wanted)


class Staffed(Protocol):
    """A house that can begin again with another configuration."""

    config: Config

    @property
    def lease(self) -> ChainLease: ...

    def restart(self) -> None: ...


class Bench:
    """One engine's office and the people before it: what each proposes is signed, placed as an
    order and carried out."""

    def __init__(self, config: Config, people: People, *, guard: Callable[[], None]) -> None:
        self.people = people
        self.guard = guard
        self.config = config

    @classmethod
    def staffed(cls, house: Staffed, people: People) -> Bench:
        """Everybody in `people` is this house's staff from now on; the office of its engine."""
        house.config = people.join(house.config)
        house.restart()
        return cls(house.config, people, guard=house.lease.guard)

    @property
    def office(self) -> Office:
        return Office(self.config, guard=self.guard)

    def form(self, act: str, *, by: str, now: datetime, **subject: Any) -> Form:
        """What `by` would sign now."""
        plan = plan_of(self.config, Proposal(act=act, **subject))
        return new_form(plan.form_fields(), staff=by, now=now)

    def place(self, form: Mapping[str, Any], signature: str, *, now: datetime, **row: Any) -> str:
        """The order's id; `row` are columns that a forger writes otherwise."""
        given = {"act": form["act"], "staff": form["staff"], "signature": signature, **row}
        return orders.place(body=form, now=now, **given)

    def carry_out(self, order: str, now: datetime) -> tuple[str, Any]:
        """Run open orders; state and result of this one."""
        orders.carry_out({}, now, signed=self.office.acts())
        row = Order.get_by_id(order)
        return row.state, json.loads(row.result) if row.state == "done" else row.result

    def submit(
        self, form: Mapping[str, Any], *, now: datetime, key: str | None = None
    ) -> tuple[str, Any]:
        """Sign the form with the key of `key`, by default its own person's, and carry it out."""
        signature = self.people.sign(form, by=key or form["staff"])
        return self.carry_out(self.place(form, signature, now=now), now)

    def do(self, act: str, *, by: str, now: datetime, **subject: Any) -> tuple[str, Any]:
        """Propose, sign and carry out an act, all at `now`."""
        return self.submit(self.form(act, by=by, now=now, **subject), now=now)
