"""`cashier pause`, `cashier resume` and `cashier client`: a person's brakes, signed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from commands.context import App, pass_app
from commands.signing import sign_and_submit, signing_options

if TYPE_CHECKING:
    from engine.approvals.plan import Proposal
    from engine.config import Config

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

KINDS = {"deposits": "deposit", "withdrawals": "withdrawal", "sweeps": "sweep"}

_currency = click.argument("currency", metavar="CURRENCY")
_direction = click.argument("direction", type=click.Choice(sorted(KINDS)), required=False)
_client = click.argument("client", metavar="ID")
_reason = click.option("--reason", required=True, help="Why; clients read it, without your name.")
_why = click.option("--reason", required=True, help="Why; for staff and auditors, not the client.")


@click.command()
@_currency
@_direction
@_reason
@signing_options
@pass_app
def pause(app: App, /, **given: Any) -> None:
    """Pause a currency, or only deposits, withdrawals or sweeps of it. Deposits stay visible."""
    _switch(app, "pause", **given)


@click.command()
@_currency
@_direction
@_reason
@signing_options
@pass_app
def resume(app: App, /, **given: Any) -> None:
    """Let a paused currency go on; what waited is credited and sent by itself. Sweeps go on only
    when they are named."""
    _switch(app, "resume", **given)


@click.group()
def client() -> None:
    """Block a client, or unblock one."""


@client.command(short_help="Hold what a client pays in, and let nothing go out.")
@_client
@_why
@signing_options
@pass_app
def block(app: App, /, **given: Any) -> None:
    """Hold whatever this client pays in, and let nothing of theirs go out."""
    _submit(app, "block", **given)


@client.command(short_help="Let a client's payments pass again.")
@_client
@_why
@signing_options
@pass_app
def unblock(app: App, /, **given: Any) -> None:
    """Let this client's payments pass again; what is held stays held."""
    _submit(app, "unblock", **given)


def _switch(app: App, act: str, *, direction: str | None, **given: Any) -> None:
    _submit(app, act, kind=None if direction is None else KINDS[direction], **given)


def _submit(app: App, act: str, *, staff: str, key: Path | None, yes: bool, **subject: Any) -> None:
    def propose(_config: Config) -> Proposal:
        from engine.approvals.plan import Proposal

        return Proposal(act=act, **subject)

    sign_and_submit(app, propose, staff=staff, key=key, yes=yes)
