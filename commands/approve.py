"""`cashier approve`, `refuse`, `book` and `note`: signed staff acts on one payment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.context import App, pass_app
from commands.payments import find_one
from commands.signing import sign_and_submit, signing_options

if TYPE_CHECKING:
    from engine.approvals.plan import Proposal
    from engine.config import Config

_payment = click.argument("payment", metavar="ID")


@click.command()
@_payment
@signing_options
@pass_app
def approve(app: App, *, payment: str, staff: str, key: Path | None, yes: bool) -> None:
    """Release a held payment. The start of its id is enough where no other begins so."""
    _submit(app, "approve", payment, staff=staff, key=key, yes=yes)


@click.command()
@_payment
@click.option("--reason", required=True, help="Why; the client reads it.")
@signing_options
@pass_app
def refuse(app: App, *, payment: str, reason: str, staff: str, key: Path | None, yes: bool) -> None:
    """Refuse a held payment. A deposit's coins stay in suspense."""
    _submit(app, "refuse", payment, staff=staff, key=key, yes=yes, reason=reason)


@click.command()
@_payment
@click.option("--to", "account", required=True, metavar="ACCOUNT", help="house or client:ID.")
@signing_options
@pass_app
def book(app: App, *, payment: str, account: str, staff: str, key: Path | None, yes: bool) -> None:
    """Book a coin that is nobody's, or below the minimum, to the house or a client."""
    _submit(app, "book", payment, staff=staff, key=key, yes=yes, account=account)


@click.command()
@_payment
@click.argument("text")
@signing_options
@pass_app
def note(app: App, *, payment: str, text: str, staff: str, key: Path | None, yes: bool) -> None:
    """Write TEXT beside a payment, for staff and auditors; clients never see it."""
    _submit(app, "note", payment, staff=staff, key=key, yes=yes, reason=text)


def _submit(
    app: App, act: str, payment: str, *, staff: str, key: Path | None, yes: bool, **more: Any
) -> None:
    def propose(config: Config) -> Proposal:
        from engine.approvals.plan import Proposal

        return Proposal(act=act, payment=find_one(config, payment).id, **more)

    sign_and_submit(app, propose, staff=staff, key=key, yes=yes)
