"""One showing of the demo, from its first process to its last: what starts, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tornado.netutil import bind_sockets

from db.connection import connected, open_database
from demo import evm
from demo.evm import EvmNode, TokenFaucet
from demo.guard import Guard
from demo.miner import EVERY_S, Miner
from demo.nodes import Litecoind, find
from demo.ports import HOST, free_port, require_free
from demo.sandbox import TOP, Run, wants_embedded, write_config
from demo.site.app import Faucet, Site
from demo.staff import ROLES, SECOND, SITS, make_staff
from demo.terminal import Terminal
from demo.trouble import DemoTrouble
from engine.address_pool import unused_count
from engine.config import Config, load_config
from engine.moves.addresses import hot_address

Say = Callable[[str], None]
Node = Litecoind | EvmNode

TRIES_MAX = 3
NODE_REST_S = 8.0
ADDRESSES_S = 60.0
STAFF = "staff"  # the folder of their keys


async def show(
    *, template: Path, port: int, seconds: int | None, console: bool, say: Say, complain: Say
) -> None:
    """Run the demo for `seconds` (None: until it is interrupted), then end all that it started.

    `template` gives the configuration's values, `port` is the page's, 0 any free one; `console`
    offers the staff console at this terminal. Raises DemoTrouble when a part of it fails.
    """
    find()
    _cancel_on_signals()
    with contextlib.suppress(asyncio.CancelledError):
        async with AsyncExitStack() as stack:
            stage = await _set_up(stack, template, port=port)
            _announce(stage, say)
            desk = _desk(stage, say) if console else None
            await _play(stage, desk, seconds=seconds, complain=complain)


def _cancel_on_signals() -> None:
    """The first Ctrl-C, SIGTERM or closed terminal ends the showing; the next ones change nothing,
    so that an impatient second Ctrl-C leaves nothing behind."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    asked: list[int] = []

    def end(number: int) -> None:
        if task is not None and not asked:
            task.cancel()
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)


class _Stage:
    """What is running."""

    def __init__(
        self, config: Config, guard: Guard, nodes: Sequence[Node], run: Run, site: Site
    ) -> None:
        self.config = config
        self.guard = guard
        self.nodes = nodes
        self.run = run
        self.site = site


async def _set_up(stack: AsyncExitStack, template: Path, *, port: int) -> _Stage:
    """Start everything; `stack` ends it, the last first. Raises DemoTrouble."""
    folder = Path(tempfile.mkdtemp(prefix="cashier-demo-"))
    guard = stack.enter_context(Guard(folder))
    litecoin = Litecoind(folder / "litecoin", guard)
    program = None if wants_embedded(template, EvmNode.symbol) else evm.find()
    ether = EvmNode(folder / "ether", guard, program=program)
    for node in (litecoin, ether):
        stack.push_async_callback(node.stop)
        await node.start()
    sockets = bind_sockets(0, HOST)
    for sock in sockets:
        stack.callback(sock.close)
    tables = {**litecoin.tables, **ether.tables}
    write = partial(
        write_config,
        folder,
        tables,
        template=template,
        site_url=_url(sockets[0]),
        staff=make_staff(folder / STAFF),
    )
    path, run = await _start_cashier(write, guard, port=port)
    stack.push_async_callback(run.stop)
    config = load_config(path, role="web")
    open_database(config.database)
    await _await_addresses(config)
    await asyncio.to_thread(_top_up, ether)
    faucets: dict[str, Faucet] = {"LTC": litecoin, "ETH": ether, "USDT": TokenFaucet(ether)}
    site = Site(config, faucets, url=_url(sockets[0]))
    stack.push_async_callback(site.stop)
    site.start(sockets)
    return _Stage(config, guard, (litecoin, ether), run, site)


async def _await_addresses(config: Config) -> None:
    """Whoever presses Deposit at once finds an address, unless a node takes too long: then the page
    says so."""
    chains = {currency.chain for currency in config.currencies.values()}
    deadline = time.monotonic() + ADDRESSES_S
    while time.monotonic() < deadline and not await asyncio.to_thread(_have_addresses, chains):
        await asyncio.sleep(0.2)


def _have_addresses(chains: set[str]) -> bool:
    with connected():
        return all(map(unused_count, chains)) and hot_address(EvmNode.symbol) is not None


def _top_up(node: EvmNode) -> None:
    """Give the house what its sends cost, as soon as the engine knows the hot address and looks
    for what comes there. Where it does not yet, staff find the demo without, and say so."""
    with connected():
        hot = hot_address(node.symbol)
    if hot is not None:
        node.top_up(hot)


async def _start_cashier(
    write: Callable[..., Path], guard: Guard, *, port: int
) -> tuple[Path, Run]:
    """Configure and start the cashier. A free port may be taken by somebody else before the cashier
    has it; then it gets another one."""
    for turn in range(1, TRIES_MAX + 1):
        page_port = port or free_port()
        path = write(page_port=page_port)
        try:
            return path, await Run.start(path, guard)
        except DemoTrouble:
            if port or turn == TRIES_MAX or not _is_taken(page_port):
                raise
    raise DemoTrouble("no free port for the cashier page")


def _is_taken(port: int) -> bool:
    try:
        require_free(port)
    except DemoTrouble:
        return True
    return False


def _url(sock: socket.socket) -> str:
    return f"http://{HOST}:{sock.getsockname()[1]}"


def _announce(stage: _Stage, say: Say) -> None:
    say(f"site: {stage.site.url}")
    say(f"page: {stage.config.web.url}")
    for node in stage.nodes:
        say(f"node {node.symbol}: {node.url}")
    say(
        "Open the site, press Deposit, then Send test coins there, and watch the page:\n"
        f"while a payment waits, a block comes every {EVERY_S:.0f} seconds.\n"
        f"What was credited you can withdraw again ({', '.join(stage.config.currencies)})."
    )
    say(
        "Every command works on this run (Ctrl-C ends all of it), such as:\n"
        f"  {_cashier()} status --config {shlex.quote(str(stage.config.path))}"
    )


def _cashier() -> str:
    """How this person starts `cashier`: by its name only where that is on PATH."""
    if shutil.which("cashier"):
        return "cashier"
    started = [sys.executable, *sys.argv[:1]] if sys.argv[0].endswith(".py") else sys.argv[:1]
    return shlex.join(started)


def _desk(stage: _Stage, say: Say) -> Terminal:
    """The staff console, for one person here and for another at a terminal of their own."""
    command = [sys.executable, str(TOP / "cashier.py"), *_console(stage, SITS)]
    who = f"as {SITS}, {ROLES[SITS]}" if stage.config.staff else "only to look: OpenSSH is missing"
    invitation = f"Press Enter for the staff console ({who}); q leaves it."
    if stage.config.staff:
        other = shlex.join(_console(stage, SECOND))
        invitation += f"\nA second person signs in another terminal:\n  {_cashier()} {other}"
    return Terminal(command, guard=stage.guard, say=say, invitation=invitation)


def _console(stage: _Stage, person: str) -> list[str]:
    path = stage.config.path
    words = ["console", "--config", str(path)]
    if stage.config.staff:
        words += ["--as", person, "--key", str(path.parent / STAFF / person)]
    return words


async def _play(
    stage: _Stage, desk: Terminal | None, *, seconds: int | None, complain: Say
) -> None:
    """Return after `seconds`; raise what a part raises before."""
    parts: list[Coroutine[Any, Any, None]] = [stage.run.ended()]
    if desk is not None:
        parts.append(desk.run())
        complain = desk.say
    for node in stage.nodes:
        depth = stage.config.currencies[node.symbol].confirmations.most
        parts += [Miner(node, depth=depth).run(), _keep_up(node, complain)]
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_up(node: Node, complain: Say) -> None:
    """A node that ends is started again after a rest in which the page says that it is away."""
    while True:
        await node.ended()
        complain(f"the {node.symbol} node has ended; it starts again in {NODE_REST_S:.0f} seconds")
        await asyncio.sleep(NODE_REST_S)
        await node.restart()
        complain(f"the {node.symbol} node is back")
