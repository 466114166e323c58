"""`cashier demo`: the sandbox as one command."""

from __future__ import annotations

import asyncio

import click

from commands.context import App, pass_app
from demo import stage
from demo.sandbox import TOP
from demo.trouble import DemoTrouble

SECONDS_MAX = 30 * 86_400


@click.command()
@click.option(
    "--console/--no-console",
    default=True,
    help="Open the staff console here too, once there is one and this is a terminal.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    metavar="P",
    help="Port of the cashier page; 0, the default, is any free one.",
)
@click.option(
    "--for",
    "seconds",
    type=click.IntRange(1, SECONDS_MAX),
    metavar="SECONDS",
    help="End by itself after so many seconds; default: at Ctrl-C.",
)
@pass_app
def demo(app: App, *, console: bool, port: int, seconds: int | None) -> None:  # noqa: ARG001
    """Start a sandbox: a real node, the cashier page and a small trading site.

    It needs litecoind, uses free ports and a temporary folder, and leaves nothing behind.
    """
    try:
        template = app.given or TOP / "cashier.toml"
        asyncio.run(
            stage.show(template=template, port=port, seconds=seconds, say=_say, complain=_complain)
        )
    except DemoTrouble as trouble:
        _complain(str(trouble))
        raise SystemExit(1) from None


def _say(line: str) -> None:
    click.echo(line)


def _complain(line: str) -> None:
    click.echo(f"cashier demo: {line}", err=True)
