"""A desk at which a test types commands: an installation of its own, and what it printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cashier import cli
from engine import store
from engine.config import Config, load_config
from tests.engine.toml_text import dump, minimal

NODE_DOWN = "http://user:hunter2@127.0.0.1:1/wallet/cashier"


class Desk:
    """cashier.toml in `folder`, for the database at `url`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.path = folder / "cashier.toml"
        self.write()

    def write(self, *, tables: dict[str, Any] | None = None, **currency: Any) -> None:
        """The smallest file, with `currency` laid over the table of LTC and `tables` beside it."""
        whole = minimal(**{"node": NODE_DOWN, **currency})
        key = f"file:{self.folder / 'seals.key'}"
        own = {"cashier": {"database": self.url}, "audit": {"key": key}}
        self.path.write_text(dump({**whole, **own, **(tables or {})}))

    def type(self, *words: str, environ: dict[str, str] | None = None) -> Result:
        """Run `cashier WORDS` in this process."""
        return CliRunner().invoke(cli, ["--config", str(self.path), *words], env=environ)

    def json(self, *words: str) -> Any:
        """What `cashier WORDS --json` printed."""
        return json.loads(self.type(*words, "--json").stdout)

    def config(self, role: Any = "engine") -> Config:
        return load_config(self.path, role=role, environ={})

    @contextmanager
    def opened(self) -> Iterator[Config]:
        """The database, migrated and connected for this thread, to be filled."""
        config = self.config()
        with store.opened(config):
            yield config
