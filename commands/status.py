"""`cashier status`: how each currency stands, as the database knows it."""

from __future__ import annotations

import click

from commands.context import App, pass_app
from commands.output import json_option, print_json, print_table
from engine.alerts import board
from engine.alerts.sinks import sink_names
from engine.approvals.acceptance import standing
from engine.audit import keys, seals
from engine.clock import utc_now
from engine.config import Config
from engine.errors import ConfigError
from engine.money import format_amount
from engine.overview import CurrencyStanding, overview


@click.command()
@json_option
@pass_app
@click.pass_context
def status(ctx: click.Context, app: App, *, as_json: bool) -> None:
    """Each currency: height, blocks behind, payments by state, balances, breaks. Exit 1 while one
    is paused."""
    with app.connect("console") as config:
        found = overview(config, utc_now())
        key = _audit_key(config)
        waiting = standing(config).waiting
        alerts, sinks = board.open_alerts(), board.sink_views(sink_names(config))
    if as_json:
        currencies = [currency.as_json() for currency in found.currencies]
        told = {
            "open": [each.as_json() for each in alerts],
            "sinks": [each.as_json() for each in sinks],
        }
        print_json(
            {
                "engine": found.engine,
                "audit_key": key,
                "currencies": currencies,
                "alerts": told,
                "acceptance": [dict(item.fields) for item in waiting],
            }
        )
    else:
        click.echo(f"engine     {found.engine}\naudit key  {key or '-'}\n")
        _print_currencies(found.currencies)
        _print_alerts(alerts, sinks)
        if waiting:
            click.echo()
            print_table(("of", "waits for two approvers"), [(i.name, i.says) for i in waiting])
    ctx.exit(0 if found.well else 1)


def _print_currencies(currencies: tuple[CurrencyStanding, ...]) -> None:
    print_table(
        ("currency", "network", "state", ">height", ">behind", ">tip age s", ">breaks", "reason"),
        [
            (c.currency, c.network, c.state, c.height, c.behind, c.tip_age, c.breaks, c.reason)
            for c in currencies
        ],
    )
    addresses = [(c.currency, c.hot_address) for c in currencies if c.hot_address]
    balances = [
        (c.currency, account, format_amount(units, c.decimals))
        for c in currencies
        for account, units in c.balances.items()
    ]
    payments = [(c.currency, s, count) for c in currencies for s, count in c.payments.items()]
    for columns, rows in (
        (("currency", "hot address, for coins of the house"), addresses),
        (("currency", "account", ">balance"), balances),
        (("currency", "payments", ">count"), payments),
    ):
        if rows:
            click.echo()
            print_table(columns, rows)


def _print_alerts(alerts: tuple[board.AlertView, ...], sinks: tuple[board.SinkView, ...]) -> None:
    failing = [(each.name, each.waiting, each.failing) for each in sinks if each.failing]
    said = [(each.since, each.text, ", ".join(each.told) or "-") for each in alerts]
    for columns, rows in (
        (("since", "alert", "told by"), said),
        (("alerts by", ">waiting", "do not arrive"), failing),
    ):
        if rows:
            click.echo()
            print_table(columns, rows)


def _audit_key(config: Config) -> str | None:
    """The public key of the seals: from the key itself, else as the last seal names it."""
    try:
        return keys.load(config.audit_key).public
    except ConfigError:
        head = seals.head()
        return None if head is None else str(head["key"])
