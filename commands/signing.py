"""What every signing command does: show what would be posted, ask, sign, hand it to the engine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from commands.context import App
from commands.output import print_table, printable

if TYPE_CHECKING:
    from engine.approvals.plan import Plan, Proposal
    from engine.config import Config

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_AS = click.option("--as", "staff", metavar="STAFF", required=True, help="Who signs.")
_MAYBE_AS = click.option("--as", "staff", metavar="STAFF", help="Who signs.")
_OPTIONS = (
    click.option(
        "--key",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="OpenSSH private key; default: the person's key in the SSH agent.",
    ),
    click.option("--yes", is_flag=True, help="Sign without asking."),
)


def signing_options(command: Decorated) -> Decorated:
    """`--as`, `--key` and `--yes`."""
    for option in reversed((_AS, *_OPTIONS)):
        command = option(command)
    return command


def optional_signing(command: Decorated) -> Decorated:
    """The same for a command that signs only when it is asked to."""
    for option in reversed((_MAYBE_AS, *_OPTIONS)):
        command = option(command)
    return command


def sign_and_submit(
    app: App,
    propose: Callable[[Config], Proposal],
    *,
    staff: str,
    key: Path | None,
    yes: bool,
) -> None:
    """Show the act, sign it as `staff`, and print what the engine made of it."""
    from engine.approvals import desk
    from engine.clock import utc_now

    with app.connect("console") as config:
        _check_staff(config, staff)
        plan = desk.prepare(config, propose(config), staff=staff, now=utc_now())
        _show(config, plan)
        _ask(staff, yes=yes)
        form, signature = desk.sign_plan(config, plan, staff=staff, key=key, now=utc_now())
        answer = desk.submit(form, signature)
    if answer["done"]:
        click.echo(f"done: {plan.act} {plan.says}")
    else:
        signed, needed = answer["signed"], answer["of"]
        click.echo(f"signed, {signed} of {needed}: it waits for another person's signature")


def _check_staff(config: Config, staff: str) -> None:
    known = sorted({person.name for person in config.staff})
    if staff not in known:
        names = ", ".join(known) or "none; see docs/staff.md"
        raise click.UsageError(f"no staff {staff} is in cashier.toml, known: {names}")


def _show(config: Config, plan: Plan) -> None:
    click.echo(f"{plan.act}: {printable(plan.says)}")
    if "reason" in plan.fields:
        click.echo(f"reason: {printable(plan.fields['reason'])}")
    if plan.entry is None:
        click.echo("no entry will be posted")
    else:
        click.echo("entry that will be posted:\n")
        print_table(("account", "currency", ">amount"), _lines(config, plan))
    if plan.persons > 1:
        click.echo(f"\nit takes the signatures of {plan.persons} persons, one of them an approver")


def _lines(config: Config, plan: Plan) -> list[tuple[str, str, str]]:
    from engine.money import format_amount

    return [
        (
            line.account,
            line.currency,
            format_amount(line.units, config.currencies[line.currency].decimals),
        )
        for line in (plan.entry.lines if plan.entry else ())
    ]


def _ask(staff: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("this is no terminal to ask on: give --yes to sign without asking")
    if not click.confirm(f"\nSign as {staff}?"):
        click.echo("nothing was signed", err=True)
        raise click.exceptions.Exit(1)
