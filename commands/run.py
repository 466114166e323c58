"""`cashier run`: engine and web together, or one of them in this process."""

from __future__ import annotations

import dataclasses
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import click

from commands.context import App, pass_app
from commands.journal import start_journal
from commands.migrate import keep_from_others
from commands.output import printable

if TYPE_CHECKING:
    from engine.config import Config, Listen, Role

log = logging.getLogger("cashier.run")

STDIN = 0  # read without a buffer, whose lock would outlive us
STOP_WAIT_S = 9  # less than the supervisor's patience, so that the word about it is ours


class Listening(click.ParamType["Listen"]):
    """HOST:PORT, as `web.listen` has it."""

    name = "HOST:PORT"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Listen:
        from engine.config import parse_listen
        from engine.config.reading import Wrong

        try:
            return parse_listen(value)
        except Wrong as error:
            self.fail(f"{error.what}, {error.cure}", param, ctx)


@click.command()
@click.option("--only", type=click.Choice(["engine", "web"]), help="One of them, in this process.")
@click.option("--listen", type=Listening(), help="Instead of web.listen; port 0 is any free one.")
@click.option("-v", "--verbose", is_flag=True, help="Log details too.")
@click.option("--lifeline", is_flag=True, hidden=True, help="End when standard input ends.")
@pass_app
@click.pass_context
def run(
    ctx: click.Context,
    app: App,
    *,
    only: Role | None,
    listen: Listen | None,
    verbose: bool,
    lifeline: bool,
) -> None:
    """Run engine and web, as two processes with separate environments, until SIGTERM or Ctrl-C.

    A new, empty database is migrated first. Prints `ready engine` and `ready web URL`. When one
    process ends by itself the other is ended too, exit 1: let systemd or the like start it again.
    """
    if only == "engine" and listen is not None:
        raise click.UsageError("--listen is for the web process")
    start_journal(verbose=verbose)
    keep_from_others()
    if lifeline:
        threading.Thread(target=_end_with_stdin, name="lifeline", daemon=True).start()
    if only == "engine":
        run_engine(app)
    elif only == "web":
        run_web(app, listen)
    else:
        ctx.exit(_run_both(app, listen, verbose=verbose))


def _run_both(app: App, listen: Listen | None, *, verbose: bool) -> int:
    from commands.supervisor import Supervisor

    # Every secret is looked up once here, so that all that is missing is named before the start.
    config = app.load("check")
    _bring_up(config)
    common = ["--verbose"] if verbose else []
    place = [] if listen is None else ["--listen", str(listen)]
    return Supervisor(config, {"engine": common, "web": [*common, *place]}, os.environ).run()


def run_engine(app: App) -> None:
    """The engine in this process, until it is told to stop."""
    from engine.daemon import Daemon

    config = app.load("engine")
    _bring_up(config)
    stop = threading.Event()
    _stop_on_signals(stop.set)
    threading.Thread(target=_name_node_troubles, args=(config,), daemon=True).start()
    Daemon(config).run(stop, on_ready=lambda: click.echo("ready engine"))


def run_web(app: App, listen: Listen | None) -> None:
    """The web in this process, until it is told to stop."""
    from web.server import serve

    config = _listening(app.open("web"), listen)
    try:
        serve(config, ready=lambda url: click.echo(f"ready web {url}"))
    except OSError as error:
        where, why = config.web.listen, error.strerror or str(error)
        cure = "end what listens there, or choose another with --listen"
        raise click.UsageError(f"cannot listen on {where}: {why}; {cure}") from None


def _bring_up(config: Config) -> None:
    from engine.clock import utc_now
    from engine.store import bring_up_if_new

    for name in bring_up_if_new(config, utc_now()):
        log.info("a new database: applied %s", name)


def _listening(config: Config, listen: Listen | None) -> Config:
    """With another place to listen, a public URL that only named the old place goes with it."""
    if listen is None:
        return config
    changes: dict[str, object] = {"listen": listen}
    if config.web.public_url == f"http://{config.web.listen}":
        changes["public_url"] = ""
    return dataclasses.replace(config, web=config.web.model_copy(update=changes))


def _name_node_troubles(config: Config) -> None:
    """Say at once, in the words of `check`, which nodes cannot be used; the engine goes on and
    takes them up by itself when they are well."""
    from db.connection import connected
    from engine import preflight
    from engine.clock import utc_now

    for symbol, (currency, *_) in config.chains().items():
        with connected():
            found = preflight.check_node(currency, now=utc_now(), with_database=True)
        for each in found:
            line = printable(f"cashier.toml: {each.problem} (cashier check {symbol})")
            click.echo(line, err=True)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` at SIGTERM or SIGINT. What still runs `STOP_WAIT_S` later, such as a call to a
    node that hangs, is given up: whatever it was about to write is not written."""

    def stop_or_leave() -> None:
        stop()
        time.sleep(STOP_WAIT_S)
        log.warning("did not stop within %d s; leaving", STOP_WAIT_S)
        faulthandler.dump_traceback()  # which thread held on, for whoever reads the log
        sys.stderr.flush()
        os._exit(1)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        # Event.set() takes a lock that the interrupted wait() may hold: call it from elsewhere.
        threading.Thread(target=stop_or_leave, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)


def _end_with_stdin() -> None:
    """Whoever started us holds the other end of this pipe: when it is gone, we stop too."""
    while os.read(STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
