"""`cashier migrate`: makes the database and its tables, or brings them up to this program."""

from __future__ import annotations

import os

import click

from commands.context import App, pass_app
from engine import store
from engine.audit import keys
from engine.clock import utc_now

NOBODY_ELSE = 0o007


def keep_from_others() -> None:
    """Whatever this process makes from here on, others on the machine cannot read. The group is
    left to the operator's umask: engine and web may share an SQLite file through it."""
    os.umask(os.umask(NOBODY_ELSE) | NOBODY_ELSE)


@click.command()
@pass_app
def migrate(app: App) -> None:
    """Apply what the database lacks, and make the audit key if it is missing. Safe to repeat."""
    config = app.load("console")
    keep_from_others()
    had_key = config.audit_key.exists()
    with store.opened(config):
        applied = store.bring_up(config, utc_now())
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("the database is up to date")
    made = "found" if had_key else "made"
    click.echo(f"{made} audit key {config.audit_key}: {keys.load(config.audit_key).public}")
