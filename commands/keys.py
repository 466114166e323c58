"""`cashier keys`: of the site API, of chains whose nodes keep none, of staff, and of the audit."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from pathlib import Path

import click

from commands.accept import accept
from commands.context import App, pass_app
from engine.audit import keys as audit_keys

SCOPES = ("read", "transfer")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", re.ASCII)
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{0,15}", re.ASCII)
_KEY_BYTES = 32


@click.group()
def keys() -> None:
    """Make and show keys, and accept those of staff."""


keys.add_command(accept)


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


@keys.command(short_help="Make the keys of an EVM chain, in an encrypted file.")
@click.argument("currency")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Where the encrypted keystore goes; never over a file that is there.",
)
def new(currency: str, output: Path) -> None:
    """Make the keys of CURRENCY, a chain of the EVM family, in an encrypted keystore. Its
    passphrase is asked for."""
    from engine.keystores import PASSPHRASE_MIN, make_keystore, write_new

    if not _SYMBOL.fullmatch(currency):
        raise click.BadParameter("a symbol such as ETH", param_hint="CURRENCY")
    if output.exists():
        raise click.BadParameter("is there already; keys are never replaced", param_hint="-o")
    passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    if len(passphrase) < PASSPHRASE_MIN:
        raise click.UsageError(f"a passphrase has at least {PASSPHRASE_MIN} characters")
    made = make_keystore(passphrase)
    write_new(output, made.text)
    click.echo(f"hot address     {made.hot}\nfirst deposits  {made.deposit}\n")
    click.echo("Keep a copy of this file and of its passphrase: without both, coins are lost.\n")
    click.echo(f"for cashier.toml:\n\n[currency.{currency}.keys]")
    click.echo(f"keystore = {json.dumps(f'file:{output}')}")
    click.echo(f'passphrase = "env:CASHIER_{currency}_PASSPHRASE"')


@keys.command()
@pass_app
def audit(app: App) -> None:
    """Print the public key that auditors check seals with."""
    config = app.load("console")
    click.echo(audit_keys.load(config.audit_key).public)
