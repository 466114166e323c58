"""The one command, `cashier`: names its commands and wires nothing else."""

from __future__ import annotations

import click

from commands.context import App, config_option
from commands.group import LazyGroup

COMMANDS = {
    "run": ("commands.run:run", "Run engine and web, or one of them."),
    "check": ("commands.check:check", "Preflight: configuration, database, files, nodes."),
    "status": ("commands.status:status", "How each currency stands."),
    "handshake": ("commands.handshake:handshake", "Print a launch URL, as the site builds it."),
    "payments": ("commands.payments:payments", "Search payments."),
    "show": ("commands.payments:show", "Print one payment's whole story."),
    "approve": ("commands.approve:approve", "Release a held payment, signed."),
    "refuse": ("commands.approve:refuse", "Refuse a held payment, signed."),
    "book": ("commands.approve:book", "Book a coin of nobody to an account, signed."),
    "refund": ("commands.funds:refund", "Pay a refused deposit back, signed by two."),
    "move": ("commands.funds:move", "Move coins between the hot and the cold wallet."),
    "adjust": ("commands.funds:adjust", "Correct an account of the books, signed by two."),
    "note": ("commands.approve:note", "Write a note beside a payment, signed."),
    "pause": (
        "commands.brake:pause",
        "Pause deposits, withdrawals or sweeps of a currency, signed.",
    ),
    "resume": ("commands.brake:resume", "Let a paused currency go on, signed."),
    "client": ("commands.brake:client", "Block a client, or unblock one, signed."),
    "reconcile": ("commands.reconcile:reconcile", "Compare the books with the chain."),
    "console": ("commands.console:console", "The staff terminal."),
    "migrate": ("commands.migrate:migrate", "Make the database, or bring it up to date."),
    "keys": ("commands.keys:keys", "Make, show and accept keys."),
    "lifecycle": ("commands.lifecycle:lifecycle", "Draw the states and moves of payments."),
    "export": ("commands.export:export", "Write histories out for auditors."),
    "verify": ("commands.verify:verify", "Verify an export, or the database."),
    "demo": ("demo.command:demo", "The sandbox: real nodes, the page and a small trading site."),
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
