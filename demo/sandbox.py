"""A cashier of the demo's own: its configuration in a temporary folder, and `cashier run` on it."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo import toml
from demo.children import Child
from demo.guard import Guard
from demo.ports import HOST
from demo.trouble import DemoTrouble
from engine.config.currency_table import EMBEDDED

TOP = Path(__file__).resolve().parent.parent
READY_S = 90.0
Table = Mapping[str, Any]
# Keys that name secrets, addresses or further nodes of whoever edited the file.
_NOT_OURS = frozenset({"node", "network", "witness", "keys", "cold", "top_up_from"})


def write_config(
    folder: Path,
    currencies: Mapping[str, Table],
    *,
    template: Path,
    page_port: int,
    site_url: str,
    staff: Sequence[Table] = (),
) -> Path:
    """Write `folder`/cashier.toml: the values of `template`, with ports and secrets of this demo.

    `currencies` and `staff` are their tables as this demo has them; what a currency's table does
    not say is the template's. Secrets are in files that only their owner reads. Raises DemoTrouble
    when the template cannot be read.
    """
    given = _read(template)
    page_url = f"http://{HOST}:{page_port}"
    tables: dict[str, Any] = {
        "cashier": {"database": "sqlite:///cashier.db"},
        "web": {"listen": f"{HOST}:{page_port}", "public_url": page_url},
        "site": {
            **{key: value for key, value in given.get("site", {}).items() if key == "name"},
            "origins": [site_url],
            "handshake": {
                "algorithm": "HS256",
                "secret": _kept(folder / "site.secret", secrets.token_hex(32)),
            },
        },
    }
    for symbol, ours in currencies.items():
        shown = given.get("currency", {}).get(symbol, {})
        kept = {key: value for key, value in shown.items() if key not in _NOT_OURS}
        tables[f"currency.{symbol}"] = {**kept, **_hidden(folder, symbol, ours)}
    tables["staff"] = list(staff)
    path = folder / "cashier.toml"
    path.write_text(toml.dump(tables), encoding="utf-8")
    return path


def wants_embedded(template: Path, symbol: str) -> bool:
    """Whether the template asks for the embedded chain, though a node may be installed. Raises
    DemoTrouble when it cannot be read."""
    tables = _read(template).get("currency", {})
    return bool(tables.get(symbol, {}).get("node") == EMBEDDED)


def _read(template: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(template.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DemoTrouble(f"{template.name} cannot be read: {error}") from None


def _hidden(folder: Path, symbol: str, table: Table) -> dict[str, Any]:
    """The table, with its secrets in files."""
    hidden = dict(table)
    if "node" in hidden:
        hidden["node"] = _kept(folder / f"{symbol}.node", hidden["node"])
    if "keys" in hidden:
        words = _kept(folder / f"{symbol}.mnemonic", hidden["keys"]["mnemonic"])
        hidden["keys"] = {"mnemonic": words}
    return hidden


def _kept(path: Path, secret: str) -> str:
    """Keep a secret in its own file; how cashier.toml refers to it."""
    path.touch(mode=0o600)
    path.write_text(f"{secret}\n", encoding="utf-8")
    return f"file:{path.name}"


class Run:
    """`cashier run` on the demo's configuration."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._drain: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, config: Path, guard: Guard) -> Run:
        """Start engine and web, and return when both are ready. Raises DemoTrouble."""
        command = [sys.executable, str(TOP / "cashier.py"), "run", "--config", str(config)]
        environ = {name: text for name, text in os.environ.items() if name != "CASHIER_CONFIG"}
        log = config.parent / "cashier.log"
        run = cls(await Child.start(command, guard=guard, log=log, environ=environ))
        try:
            await asyncio.wait_for(run.ready(), READY_S)
        except TimeoutError:
            raise DemoTrouble(f"`cashier run` is not ready after {READY_S:.0f} s") from None
        return run

    async def ready(self) -> None:
        """Return when both parts have said so. Raises DemoTrouble when it ends before."""
        waited_for = {"engine", "web"}
        async for line in self._child.lines():
            words = line.split()
            if words[:1] == ["ready"] and len(words) > 1:
                waited_for.discard(words[1])
            if not waited_for:
                self._drain = asyncio.create_task(self._child.drain())
                return
        await self._child.wait()
        raise DemoTrouble(f"`cashier run` ended before it was ready:\n{self._child.last_words()}")

    async def ended(self) -> None:
        """Return when it has ended by itself. Raises DemoTrouble, for it must not."""
        code = await self._child.wait()
        raise DemoTrouble(f"`cashier run` ended with exit code {code}:\n{self._child.last_words()}")

    async def stop(self) -> None:
        """End it, and what it started."""
        await self._child.stop()
        if self._drain is not None:
            await self._drain
