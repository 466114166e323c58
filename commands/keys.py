"""`cashier keys`: keys of the site API, and the public key of the audit trail."""

from __future__ import annotations

import hashlib
import json
import re
import secrets

import click

from commands.context import App, pass_app
from engine.audit import keys as audit_keys

SCOPES = ("read", "transfer")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", re.ASCII)
_KEY_BYTES = 32


@click.group()
def keys() -> None:
    """Make and show keys."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    required=True,
    help="What the key may do; repeat it for both.",
)
def site(name: str, scopes: tuple[str, ...]) -> None:
    """Make a key of the site API for NAME. It is shown once: cashier.toml holds only its hash."""
    if not _NAME.fullmatch(name):
        raise click.BadParameter("1-64 of A-Z a-z 0-9 _ . @ -, beginning with a letter or digit")
    key = secrets.token_urlsafe(_KEY_BYTES)
    click.echo(f"key (shown once, give it to the site): {key}\n")
    click.echo("for cashier.toml:\n\n[[site.api_keys]]")
    click.echo(f"name = {json.dumps(name)}")
    click.echo(f"hash = {json.dumps(hashlib.sha256(key.encode()).hexdigest())}")
    click.echo(f"scopes = {json.dumps(sorted(set(scopes)))}")


@keys.command()
@pass_app
def audit(app: App) -> None:
    """Print the public key that auditors check seals with."""
    config = app.load("console")
    click.echo(audit_keys.load(config.audit_key).public)
