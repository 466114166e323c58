"""The database as the program needs it: open, of the right shape, or one clear word why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import peewee

from db import migrate
from db.connection import connected, open_database
from engine import chains, installation
from engine.audit.keys import load_or_create
from engine.config import Config
from engine.errors import DatabaseError, SchemaError

SQLITE = "sqlite:///"


def sqlite_path(config: Config) -> Path | None:
    """The database's file; None for PostgreSQL."""
    url = config.database
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def shown_url(config: Config) -> str:
    """The database's address without its password."""
    if sqlite_path(config) is not None:
        return config.database
    parts = urlsplit(config.database)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{user}{parts.hostname or ''}{port}{parts.path}"


def open_fitting(config: Config) -> None:
    """Open the database and look at its tables; connections are the caller's (`connected`).

    Raises DatabaseError when it cannot be reached, SchemaError when it and the program do not fit.
    """
    path = sqlite_path(config)
    if path is not None and not path.exists():
        raise SchemaError(f"there is no database at {path} yet; run `cashier migrate`")
    with opened(config):
        require_fitting()


@contextmanager
def opened(config: Config) -> Iterator[None]:
    """Open the database, a missing SQLite file too, and connect for the length of the block.

    Raises DatabaseError when it cannot be reached or fails meanwhile.
    """
    try:
        _make_file(sqlite_path(config))
        open_database(config.database)
        with connected():
            yield
    except (OSError, ValueError, peewee.DatabaseError, peewee.InterfaceError) as error:
        raise _unusable(config, error) from error


def _make_file(path: Path | None) -> None:
    """Make a missing SQLite file as the umask has it. SQLite itself would never let the group
    write, through which an engine and a web of different users share the file."""
    if path is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o666)


def require_fitting() -> None:
    """Raises SchemaError unless the tables are exactly those of this program."""
    pending, unknown = migrate.pending(), migrate.unknown()
    if unknown:
        raise SchemaError(f"the database is newer than this program: it has {unknown[-1]}")
    if pending:
        raise SchemaError(f"the database lacks {', '.join(pending)}; run `cashier migrate`")


def bring_up(config: Config, now: datetime) -> list[str]:
    """Apply what is pending and make what an installation needs besides: its audit key, its id, a
    row for each chain. Returns the names of the migrations. Raises ConfigError, SchemaError."""
    if migrate.unknown():
        require_fitting()
    load_or_create(config.audit_key)
    applied: list[str] = []
    try:
        applied = migrate.apply()
    except peewee.PeeweeException:
        # Of two processes that start on one new database, the second finds the work done.
        if migrate.pending():
            raise
    installation.ensure_id()
    chains.ensure(config, now)
    return applied


def bring_up_if_new(config: Config, now: datetime) -> list[str]:
    """Make a database that holds nothing yet; one with data must fit already, because what it
    needs is a person's decision. Raises as `open_fitting` and `bring_up`."""
    with opened(config):
        if migrate.is_empty():
            return bring_up(config, now)
        require_fitting()
    return []


def _unusable(config: Config, error: Exception) -> DatabaseError:
    return DatabaseError(
        f"cashier.toml: cashier.database: {shown_url(config)} cannot be used: {_said(error)};"
        " is it running, and are name, password and permissions right?",
        detail=str(error),
    )


def _said(error: Exception) -> str:
    """The first line of what a database says, which never holds the password."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
