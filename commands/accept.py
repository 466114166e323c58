"""`cashier keys accept`: what waits for two approvers, and their signed yes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.context import App, pass_app
from commands.output import json_option, print_json, print_table
from commands.signing import optional_signing, sign_and_submit

if TYPE_CHECKING:
    from engine.approvals.acceptance import Item
    from engine.approvals.plan import Proposal
    from engine.config import Config


@click.command(short_help="Let new staff keys and cold addresses count.")
@click.argument("what", required=False, metavar="[STAFF|CURRENCY]")
@json_option
@optional_signing
@pass_app
def accept(
    app: App, *, what: str | None, as_json: bool, staff: str | None, key: Path | None, yes: bool
) -> None:
    """Let new keys of a person, or a currency's new cold address, count on main networks.

    Two approvers sign, each by this command with --as. Without --as it lists what waits.
    """
    waiting = _waiting(app, what)
    if staff is None:
        _list(waiting, as_json=as_json)
        return
    if what is None:
        raise click.UsageError("say what to accept: a person or a currency")
    if not waiting:
        raise click.UsageError(f"nothing of {what} waits; cashier keys accept lists what does")
    for item in waiting:
        _sign(app, item, staff=staff, key=key, yes=yes)


def _waiting(app: App, what: str | None) -> list[Item]:
    from engine.approvals.acceptance import standing

    with app.connect("console") as config:
        return [item for item in standing(config).waiting if what in {None, item.name}]


def _list(waiting: list[Item], *, as_json: bool) -> None:
    if as_json:
        print_json({"items": [dict(item.fields) for item in waiting]})
    elif waiting:
        print_table(("of", "waits for two approvers"), [(i.name, i.says) for i in waiting])
    else:
        click.echo("nothing waits")


def _sign(app: App, item: Item, *, staff: str, key: Path | None, yes: bool) -> None:
    def propose(_config: Config) -> Proposal:
        from engine.approvals.accepting import proposal_for

        return proposal_for(item)

    sign_and_submit(app, propose, staff=staff, key=key, yes=yes)
