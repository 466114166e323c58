"""`cashier check`: everything that must be true before coins arrive, asked now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import click

from commands.context import App, pass_app, require_currencies
from commands.output import json_option, print_json, printable
from db.connection import connected
from engine import preflight
from engine.clock import utc_now
from engine.config import Config
from engine.errors import ConfigError
from engine.preflight import Finding

_WIDTH_RESULT, _WIDTH_NAME = 8, 22


@click.command()
@click.argument("currencies", nargs=-1, metavar="[CURRENCY]...")
@click.option("--alerts", is_flag=True, help="Send a test by every way of [alerts], too.")
@json_option
@pass_app
@click.pass_context
def check(
    ctx: click.Context, app: App, *, currencies: tuple[str, ...], alerts: bool, as_json: bool
) -> None:
    """Check configuration, database, files, alerts, and the node of each CURRENCY (default: all).

    Asks the nodes themselves; may run beside the engine. It reads the secrets of engine and web.
    Nothing is sent to staff without --alerts.
    """
    try:
        config = app.load("check")
    except ConfigError as error:
        if as_json:
            print_json({"items": [_of_file(error, place) for place in range(len(error.problems))]})
        raise
    require_currencies(config, currencies)
    findings = []
    for found in _all(config, currencies or tuple(config.currencies), alerts=alerts):
        findings.append(found)
        if not as_json:
            _tell(found)
    if as_json:
        print_json({"items": [found.as_json() for found in findings]})
    ctx.exit(0 if all(found.ok for found in findings) else 1)


def _all(config: Config, symbols: tuple[str, ...], *, alerts: bool) -> Iterator[Finding]:
    count = len(config.currencies)
    kind = "a sandbox" if config.sandbox else "public networks"
    read = f"{config.path}: {count} {'currency' if count == 1 else 'currencies'}, {kind}"
    yield Finding(check="configuration", ok=True, what=read)
    stored = preflight.check_database(config)
    yield stored
    yield from preflight.check_files(config)
    yield from preflight.check_staff(config, now=utc_now())
    with ExitStack() as stack:
        if stored.ok:
            stack.enter_context(connected())
            yield from preflight.check_acceptance(config)
        yield from preflight.check_alerts(
            config, now=utc_now(), with_database=stored.ok, send=alerts
        )
        for symbol in symbols:
            yield from preflight.check_currency(
                config.currencies[symbol], now=utc_now(), with_database=stored.ok
            )


def _of_file(error: ConfigError, place: int) -> dict[str, object]:
    problem = error.problems[place]
    what = f"{problem.key}: {problem.what}" if problem.key else problem.what
    return Finding(check="configuration", ok=False, what=what, cure=problem.cure).as_json()


def _tell(found: Finding) -> None:
    """One line; a problem stands on stderr too, where output goes elsewhere."""
    result = "ok" if found.ok else "FAILED"
    cure = f"; {found.cure}" if found.cure else ""
    shown = click.style(f"{result:<{_WIDTH_RESULT}}", fg="green" if found.ok else "red")
    click.echo(f"{shown}{found.name:<{_WIDTH_NAME}}{printable(found.what + cure)}")
    if not found.ok and not sys.stdout.isatty():
        click.echo(printable(f"cashier.toml: {found.problem}"), err=True)
