"""The one command, `cashier`: names its commands and wires nothing else."""

from __future__ import annotations

import click

from commands.context import App, config_option
from commands.group import LazyGroup

COMMANDS = {
    "export": ("commands.export:export", "Write histories out for auditors."),
    "verify": ("commands.verify:verify", "Verify an export, or the database."),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    params=[config_option()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A trading site's own, self-hosted cashier for crypto deposits and withdrawals."""
    ctx.ensure_object(App)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """The entry point of the installed command."""
    cli(prog_name="cashier")


if __name__ == "__main__":
    main()
