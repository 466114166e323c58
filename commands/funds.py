"""`cashier refund`, `move` and `adjust`: signed staff acts that move the house's money."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.context import App, pass_app, require_currencies
from commands.payments import find_one
from commands.signing import sign_and_submit, signing_options

if TYPE_CHECKING:
    from engine.approvals.plan import Proposal
    from engine.config import Config

OWN = ("adjustments", "house", "loss")

_currency = click.argument("currency", metavar="CURRENCY")


@click.command()
@click.argument("payment", metavar="ID")
@click.option("--address", required=True, help="Where the coins go, less the network's fee.")
@signing_options
@pass_app
def refund(
    app: App, *, payment: str, address: str, staff: str, key: Path | None, yes: bool
) -> None:
    """Pay a held or refused deposit back, once it is final. Takes two persons, who sign the same
    address."""

    def propose(config: Config) -> Proposal:
        from engine.approvals.plan import Proposal

        found = find_one(config, payment)
        return Proposal(act="refund", payment=found.id, address=address)

    sign_and_submit(app, propose, staff=staff, key=key, yes=yes)


@click.group()
def move() -> None:
    """Move coins of the house between its hot and its cold wallet."""


@move.command(short_help="Send coins from the hot wallet to the cold address.")
@_currency
@click.argument("amount")
@signing_options
@pass_app
def cold(app: App, *, currency: str, amount: str, staff: str, key: Path | None, yes: bool) -> None:
    """Send AMOUNT from the hot wallet to the cold address of cashier.toml. Takes two persons above
    `book_above`."""

    def propose(config: Config) -> Proposal:
        from engine.approvals.plan import Proposal

        units = _units(config, currency, amount)
        return Proposal(act="move", currency=currency, units=units, account="wallet:cold")

    sign_and_submit(app, propose, staff=staff, key=key, yes=yes)


@move.command(short_help="Say where cold coins are sent to become hot.")
@_currency
@pass_app
def hot(app: App, *, currency: str) -> None:
    """Say where cold coins are sent to become hot: whoever has the cold keys signs that."""
    from engine.moves.addresses import hot_address

    with app.connect("console") as config:
        _units(config, currency, "0")
        address = hot_address(config.currencies[currency].chain)
    if address is None:
        click.echo("there is no hot address yet: the engine makes it when it first runs", err=True)
        raise click.exceptions.Exit(1)
    click.echo(address)
    click.echo(
        "Send coins of the cold address there with the cold wallet; nothing else needs to be done.",
        err=True,
    )


@click.command()
@_currency
@click.argument("account")
@click.option("--by", "change", required=True, metavar="CHANGE", help="Such as 1.5 or -1.5.")
@click.option(
    "--against", required=True, type=click.Choice(OWN), help="Which account of ours bears it."
)
@click.option("--reason", required=True, help="Why; it stays in the histories for ever.")
@signing_options
@pass_app
def adjust(
    app: App,
    /,
    *,
    currency: str,
    account: str,
    change: str,
    against: str,
    reason: str,
    **signing: Any,
) -> None:
    """Change ACCOUNT (client:ID, a wallet account, or one of ours) by CHANGE, as balances are
    shown, at the cost or to the good of one of ours. Takes two persons."""

    def propose(config: Config) -> Proposal:
        from engine.approvals.plan import Proposal

        sign = "-" if change.startswith("-") else "+"
        units = _units(config, currency, change.removeprefix(sign))
        whole = f"{sign}{account}|{against}"
        return Proposal(act="adjust", currency=currency, units=units, account=whole, reason=reason)

    sign_and_submit(app, propose, **signing)


def _units(config: Config, symbol: str, text: str) -> str:
    """The amount in units, as the form has it. Raises UsageError."""
    from engine.errors import AmountError
    from engine.money import parse_amount

    require_currencies(config, [symbol])
    try:
        return str(parse_amount(text, config.currencies[symbol].decimals))
    except AmountError as error:
        raise click.UsageError(str(error)) from None
