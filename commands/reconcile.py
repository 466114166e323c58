"""`cashier reconcile`: node and books as one sum to check by eye, and every break."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from commands.context import App, pass_app, require_currencies
from commands.output import json_option, print_json, printable
from commands.payments import PREFIX_MIN
from commands.signing import optional_signing, sign_and_submit
from engine.clock import parse_rfc3339, utc_now
from engine.config import Config
from engine.money import format_fixed
from engine.reconciliation import standing
from engine.reconciliation.asking import compare_now
from engine.reconciliation.kinds import KINDS, asks_outcome
from engine.reconciliation.standing import BreakView, SumView
from engine.reconciliation.telling import (
    EXPLAINED,
    NOT_EXPLAINED,
    evidence_lines,
    figure,
    short_hash,
    sum_lines,
)

if TYPE_CHECKING:
    from engine.approvals.plan import Proposal

WIDTH = 78
_SAID = "commands.reconcile.said"
WHICH = "no node tells what became of this send: look it up, and say --paid or --not-paid"
NOT_ASKED = "--paid and --not-paid are for sends of which no node tells what became of them"


def _say(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's signature
    """One of the two flags; their names are the outcomes that are signed."""
    if value:
        ctx.meta.setdefault(_SAID, []).append(param.name)


@click.command()
@click.argument("currencies", nargs=-1, metavar="[CURRENCY …]")
@click.option("--full", is_flag=True, help="Read every entry and payment again, not only new ones.")
@click.option("--fix", "broken", metavar="BREAK", help="Cure this break by a signed act.")
@click.option(
    "--paid", is_flag=True, expose_value=False, callback=_say, help="With --fix: the send did pay."
)
@click.option(
    "--not-paid", is_flag=True, expose_value=False, callback=_say, help="With --fix: it did not."
)
@optional_signing
@json_option
@pass_app
@click.pass_context
def reconcile(
    ctx: click.Context,
    app: App,
    /,
    *,
    currencies: tuple[str, ...],
    full: bool,
    broken: str | None,
    staff: str | None,
    as_json: bool,
    **signing: Any,
) -> None:
    """Compare the books with the chain, to the last unit, and print both sides.

    Asks a running engine to compare now; without one, prints what it found last. Exit 1 while a
    break is open or a currency was never compared. With --fix and --as, shows the entry that cures
    a break, and signs it; it takes two persons. Of a send of which no node tells what became of it,
    they say what is so: --paid or --not-paid.
    """
    outcome = _outcome(ctx)
    if broken is not None:
        _fix(app, broken, staff, outcome, **signing)
        return
    if outcome is not None:
        raise click.UsageError("--paid and --not-paid say how to cure a break: which, --fix BREAK")
    if staff is not None:
        raise click.UsageError("--as signs the cure of a break: say which with --fix BREAK")
    with app.connect("console") as config:
        wanted = _wanted(config, currencies)
        for line in compare_now(wanted, full=full):
            click.echo(printable(line), err=True)
        now = utc_now()
        sums = standing.sums(config, wanted)
        breaks = standing.open_breaks(config, wanted, now)
    never = [symbol for symbol in wanted if symbol not in {each.currency for each in sums}]
    if as_json:
        print_json(
            {
                "items": [each.as_json() for each in breaks],
                "currencies": [each.as_json() for each in sums],
            }
        )
    else:
        _print(sums, breaks)
    for symbol in never:
        click.echo(f"{symbol}: never compared yet (cashier check {symbol})", err=True)
    uneven = any(each.residual for each in sums)
    ctx.exit(1 if breaks or never or uneven else 0)


def _outcome(ctx: click.Context) -> str | None:
    said = ctx.meta.get(_SAID, [])
    if len(said) > 1:
        raise click.UsageError("it did pay or it did not: --paid or --not-paid")
    return said[0] if said else None


def _fix(app: App, broken: str, staff: str | None, outcome: str | None, **signing: Any) -> None:
    if staff is None:
        raise click.UsageError("--fix takes the signature of a person: --as STAFF")

    def propose(config: Config) -> Proposal:
        from engine.approvals.plan import Proposal

        found = _open_break(config, broken)
        if not found.fixable:
            raise click.UsageError(f"{found.kind} is cured in another way: {found.cure}")
        if asks_outcome(found.evidence) is (outcome is None):
            raise click.UsageError(WHICH if outcome is None else NOT_ASKED)
        return Proposal(act="cure", payment=found.id, outcome=outcome)

    sign_and_submit(app, propose, staff=staff, **signing)


def _open_break(config: Config, text: str) -> BreakView:
    """The one open break whose id begins so."""
    breaks = standing.open_breaks(config, list(config.currencies), utc_now())
    found = [each for each in breaks if each.id.startswith(text)]
    if len(text) < PREFIX_MIN or not found:
        raise click.UsageError(
            f"no open break has the id {text}; {PREFIX_MIN} or more of its first characters do"
        )
    if len(found) > 1:
        raise click.UsageError(f"more than one break begins with {text}; give more of its id")
    return found[0]


def _wanted(config: Config, asked: Sequence[str]) -> list[str]:
    require_currencies(config, asked)
    return [symbol for symbol in config.currencies if symbol in asked or not asked]


def _print(sums: Iterable[SumView], breaks: Sequence[BreakView]) -> None:
    for each in sums:
        _print_sum(each)
        click.echo()
    for one in breaks:
        _print_break(one)
        click.echo()


def _print_sum(view: SumView) -> None:
    explained = EXPLAINED if not view.residual else NOT_EXPLAINED
    _line(f"{view.currency} at block {view.height:,}  {short_hash(view.hash)}", explained)
    compared = parse_rfc3339(view.at)
    click.echo(f"  compared {compared:%Y-%m-%d %H:%M:%S} UTC")
    for line in sum_lines(view):
        _line(f"  {line.text}", figure(line, view.decimals))


def _print_break(view: BreakView) -> None:
    amount = format_fixed(view.units, view.decimals)
    click.echo(f"{view.kind}  {view.currency} {amount}  {_age(view.age)}  {view.owner}")
    if view.kind in KINDS:
        click.echo(f"  {KINDS[view.kind].means}")
    click.echo(f"  break     {view.id}")
    click.echo(f"  about     {printable(view.subject)}")
    for label, text in evidence_lines(view):
        click.echo(f"  {printable(label)}: {printable(text)}")
    click.echo(f"  cure      {printable(view.cure)}")
    for account, currency, units in view.entry:
        side = format_fixed(units, view.decimals)
        click.echo(f"  entry     {printable(account)} {currency} {side}")


def _line(left: str, right: str) -> None:
    """`right` at the right edge, where all amounts end."""
    click.echo(f"{left}  {right.rjust(max(WIDTH - len(left) - 2, 0))}")


def _age(age_s: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if age_s >= size:
            return f"{age_s // size} {unit}"
    return f"{age_s} s"
