"""`cashier console`: the staff terminal. Loads Textual only when it is asked for."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from functools import partial
from pathlib import Path

import click

from commands.context import App, pass_app

LOADED_S = 3.0  # after which nearly everything is loaded that stays


@click.command()
@click.option("--as", "staff", metavar="STAFF", default="", help="Who sits here; default: look.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="OpenSSH private key; default: the person's key in the SSH agent.",
)
@click.option("--theme", metavar="T", default="", help="dark, light, high-contrast, colour-blind.")
@pass_app
def console(app: App, *, staff: str, key: Path | None, theme: str) -> None:
    """Watch, approve, reconcile and answer, at a terminal. Without --as it only shows.

    With --as the person proves to be who they say: their key signs a challenge, here before the
    screen is taken, so that OpenSSH can ask for a passphrase.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("the console needs a terminal; see `cashier payments --json`")
    gc.disable()  # what is loaded now stays: to look through it would keep the first paint waiting
    role = _proved(app, staff, key) if staff else ""
    from console.app import CashierConsole

    load = partial(app.open, "console")
    terminal = CashierConsole(load, staff=staff, role=role, key=key, theme=theme)
    loop = asyncio.new_event_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever ends us gets their terminal back as it was.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(terminal.exit))
    loop.call_later(LOADED_S, _spare_what_is_loaded)
    terminal.run(loop=loop)
    if terminal.failure is not None:
        raise terminal.failure


def _spare_what_is_loaded() -> None:
    """Collect garbage from now on, but look only through what is made from now on: to look through
    everything takes nearly as long as a key may."""
    gc.freeze()
    gc.enable()


def _proved(app: App, staff: str, key: Path | None) -> str:
    """The role of a person whose key signed just now."""
    from engine.approvals.presence import prove
    from engine.clock import utc_now

    with app.connect("console") as config:
        return prove(config, staff, key=key, now=utc_now())
