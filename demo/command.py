"""`cashier demo`: the sandbox as one command."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from commands.context import App, pass_app
from demo import stage, terminal
from demo.ports import require_free
from demo.sandbox import TOP
from demo.trouble import DemoTrouble

SECONDS_MAX = 30 * 86_400


class Whole(click.IntRange):
    """A whole number in plain digits: Python's int() takes `1_0` and the digits of every script."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not (value.isascii() and value.isdigit()):
            self.fail(f"{value!r} is not a whole number.", param, ctx)
        return super().convert(value, param, ctx)


@click.command()
@click.option(
    "--console/--no-console",
    default=True,
    help="On a terminal, Enter opens the staff console here.",
)
@click.option(
    "--port",
    type=Whole(0, 65_535),
    default=0,
    metavar="P",
    help="Port of the cashier page; 0, the default, is any free one.",
)
@click.option(
    "--for",
    "seconds",
    type=Whole(1, SECONDS_MAX),
    metavar="SECONDS",
    help="End by itself after so many seconds; default: at Ctrl-C.",
)
@pass_app
def demo(app: App, *, console: bool, port: int, seconds: int | None) -> None:
    """Start a sandbox: real nodes, the cashier page and a small trading site.

    It needs litecoind, takes anvil for ether and a token if it is there and the embedded chain if
    not, or where the file names it as ETH's node, uses free ports and a temporary folder, and
    leaves nothing behind.
    """
    if port:
        _require_free(port)
    template = app.given or TOP / "cashier.toml"
    asyncio.run(
        stage.show(
            template=template,
            port=port,
            seconds=seconds,
            console=console and terminal.is_there(),
            say=click.echo,
            complain=_complain,
        )
    )


def _require_free(port: int) -> None:
    try:
        require_free(port)
    except DemoTrouble as trouble:
        raise click.UsageError(str(trouble)) from None


def _complain(line: str) -> None:
    click.echo(f"cashier demo: {line}", err=True)
