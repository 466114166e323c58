"""What every command stands on: which configuration, and an open database that fits.

Reading the configuration and the tables' packages waits until a command asks for them: `verify
FILE` and `--help` need neither.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import DatabaseError

if TYPE_CHECKING:
    from engine.config import Config, Role

DEFAULT_FILE = Path("cashier.toml")
VARIABLE = "CASHIER_CONFIG"


@dataclass(slots=True)
class App:
    """One call of `cashier`. `given` is what `--config` said."""

    given: Path | None = None

    @property
    def config_path(self) -> Path:
        """`--config`, else ./cashier.toml, else $CASHIER_CONFIG."""
        if self.given is not None:
            return self.given
        named = os.environ.get(VARIABLE)
        return Path(named) if named and not DEFAULT_FILE.exists() else DEFAULT_FILE

    def load(self, role: Role) -> Config:
        """The configuration as `role` may see it, and its sandbox clock. Raises ConfigError."""
        from engine.clock import use_sandbox_offset
        from engine.config import load_config

        config = load_config(self.config_path, role=role)
        try:
            use_sandbox_offset(sandbox=config.sandbox)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        return config

    def open(self, role: Role) -> Config:
        """The configuration, with its database opened and found to fit this program; connections
        are the caller's (`connected`). Raises ConfigError, DatabaseError, SchemaError."""
        from engine.store import open_fitting

        config = self.load(role)
        open_fitting(config)
        return config

    @contextmanager
    def connect(self, role: Role) -> Iterator[Config]:
        """The same, connected for the length of the block; a database that fails meanwhile is a
        DatabaseError."""
        import peewee

        from db.connection import connected

        config = self.open(role)
        try:
            with connected():
                yield config
        except peewee.OperationalError as error:
            raise DatabaseError("the database failed", detail=str(error)) from error


pass_app = click.make_pass_decorator(App, ensure=True)


def config_option() -> click.Option:
    """`--config FILE`, which every command takes, before or after its name."""
    return click.Option(
        ["--config", "config_path"],
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help="Configuration; default ./cashier.toml, else $CASHIER_CONFIG.",
    )


def _remember(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(App).given = value


def require_currencies(config: Config, symbols: Iterable[str]) -> None:
    """That cashier.toml has each of them. Raises UsageError."""
    for symbol in symbols:
        if symbol not in config.currencies:
            known = ", ".join(config.currencies)
            raise click.UsageError(f"no currency {symbol} is configured, known: {known}")
