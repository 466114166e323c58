"""`cashier export`: the histories, written out for auditors."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from commands.context import App, pass_app
from commands.progress import progress_bar
from engine.errors import AuditError

if TYPE_CHECKING:
    from engine.audit.form import Filter


class Moment(click.ParamType[str]):
    """A date or RFC 3339 time, as the `at` column writes it."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from engine.audit.export import parse_moment

        try:
            return parse_moment(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group()
def export() -> None:
    """Write records out for auditors."""


@export.command()
@click.option("--from", "since", type=Moment(), help="First date or time, UTC (inclusive).")
@click.option("--to", "until", type=Moment(), help="Last date or time, UTC (exclusive).")
@click.option("--client", metavar="ID", help="Only this client's payments.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write to FILE; for csv also FILE.seals.jsonl, which `verify` needs. Default: stdout.",
)
@pass_app
def histories(
    app: App,
    *,
    since: str | None,
    until: str | None,
    client: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Write every move of every payment, with what proves it.

    Asks a running engine to seal first; `cashier verify FILE` checks the result anywhere.
    """
    from engine.audit.form import Filter

    if since is not None and until is not None and since >= until:
        raise click.UsageError("--from must be before --to")
    target = None if output is None or str(output) == "-" else output
    if target is not None and target.exists() and not target.is_file():
        raise click.UsageError(f"{target} is not a regular file")
    with app.connect("console"):
        _seal_first()
        _write(Filter(since=since, until=until, client=client), form=form, target=target)


def _seal_first() -> None:
    from engine.audit.files import seal_first

    why_not = seal_first()
    if why_not:
        click.echo(why_not, err=True)


def _write(part: Filter, *, form: str, target: Path | None) -> None:
    from engine.audit import export as writing
    from engine.audit.lines import beside
    from engine.clock import utc_now

    extent, now = writing.measure(part), utc_now()
    with ExitStack() as stack:
        advance = stack.enter_context(progress_bar("Exporting", total=extent.rows))
        out = stack.enter_context(_opened(target))
        if form == "jsonl":
            writing.write_jsonl(out, extent, now=now, progress=advance)
            return
        # Left first, so that it is in place before the file that it proves.
        other = None if target is None else stack.enter_context(_opened(beside(target)))
        writing.write_csv_rows(out, other, extent, now=now, progress=advance)
    if other is None:
        click.echo("rows only: `cashier verify` needs the second file that -o writes", err=True)


@contextmanager
def _opened(target: Path | None) -> Iterator[IO[str]]:
    """The file to write, which appears whole under its name or not at all; None is stdout."""
    try:
        if target is None:
            with _stdout() as out:
                yield out
        else:
            with _replacing(target) as out:
                yield out
    except UnicodeEncodeError:
        raise AuditError(
            "a history row holds text that is no Unicode: it was changed;"
            " run `cashier verify --database`"
        ) from None


@contextmanager
def _stdout() -> Iterator[IO[str]]:
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield out
    finally:
        out.detach()


@contextmanager
def _replacing(target: Path) -> Iterator[IO[str]]:
    from engine.audit.files import replacing

    try:
        with replacing(target) as out:
            yield out
    except OSError as error:
        raise click.UsageError(f"{target} cannot be written: {error.strerror}") from error
