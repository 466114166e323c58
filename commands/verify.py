"""`cashier verify`: an exported file with nothing but the file, or the database itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.context import App, pass_app
from commands.group import FOUND_WRONG
from commands.progress import progress_bar
from engine.errors import AuditError

if TYPE_CHECKING:
    from engine.audit.report import Report
    from engine.audit.trust import Anchor
    from engine.config import Config

_EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("file", type=_EXISTING, required=False)
@click.option("--database", is_flag=True, help="Verify the database instead of a file.")
@click.option("--key", help="The public key to trust (ed25519:…), or a file that holds it.")
@click.option("--anchor", type=_EXISTING, help="An earlier export, or a published seal.")
@click.pass_context
@pass_app
def verify(
    app: App,
    ctx: click.Context,
    *,
    file: Path | None,
    database: bool,
    key: str | None,
    anchor: Path | None,
) -> None:
    """Verify an export of the histories, offline: FILE is all it takes.

    With --key or --anchor the result is authenticated. Names the first bad row.
    """
    if (file is None) != database:
        raise click.UsageError("give either FILE or --database")
    trusted_key, trusted_anchor = _trusted(key, anchor)
    if file is not None:
        report = _verify_file(file, trusted_key, trusted_anchor)
    else:
        report = _verify_database(app, trusted_key, trusted_anchor)
    _tell(report)
    if not report.ok:
        ctx.exit(FOUND_WRONG)


def _trusted(key: str | None, anchor: Path | None) -> tuple[str | None, Anchor | None]:
    from engine.audit import trust

    try:
        return (
            None if key is None else trust.read_key(key),
            None if anchor is None else trust.read_anchor(anchor),
        )
    except AuditError as error:
        raise click.UsageError(str(error)) from error


def _verify_file(file: Path, key: str | None, anchor: Anchor | None) -> Report:
    from engine.audit.verify import verify as verify_file

    try:
        with progress_bar("Verifying", total=file.stat().st_size) as advance:
            return verify_file(file, key=key, anchor=anchor, progress=advance)
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error


def _verify_database(app: App, key: str | None, anchor: Anchor | None) -> Report:
    from db.models import History
    from engine.audit.database import verify_database

    with app.connect("console") as config:
        trusted = key or _own_key(config)
        with progress_bar("Verifying", total=History.select().count()) as advance:
            return verify_database(key=trusted, anchor=anchor, progress=advance)


def _own_key(config: Config) -> str | None:
    """The public half of the configured key, where this user may read it."""
    from engine.audit.keys import load

    return load(config.audit_key).public if os.access(config.audit_key, os.R_OK) else None


def _tell(report: Report) -> None:
    for problem in report.problems:
        click.echo(str(problem), err=True)
    click.echo(report.verdict, err=not report.ok)
    if report.extent:
        click.echo(report.extent, err=not report.ok)
    if report.key is not None and report.ok:
        click.echo(f"key {report.key}")
