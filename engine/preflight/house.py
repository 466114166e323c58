"""Checks of what the whole installation shares: the database, and who may read which file."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from db.connection import database
from db.models import Installation
from engine import store
from engine.audit import keys
from engine.config import Config, Secret
from engine.errors import ConfigError, DatabaseError
from engine.preflight.finding import Finding

DATABASE_KEY = "cashier.database"
_FILE = "file:"
_PROBE = "check"


def check_database(config: Config) -> Finding:
    """Whether the database can be reached, has the tables of this program and takes a write."""
    try:
        store.open_fitting(config)
        with store.opened(config):
            _write_and_forget()
    except DatabaseError as error:
        what, _, cure = str(error).removeprefix(f"cashier.toml: {DATABASE_KEY}: ").partition("; ")
        return Finding(check="database", ok=False, what=what, cure=cure, key=DATABASE_KEY)
    what = f"{store.shown_url(config)} is migrated and takes writes"
    return Finding(check="database", ok=True, what=what)


def check_files(config: Config) -> Iterator[Finding]:
    """Whether others on this machine can read or change what they must not."""
    yield _judge("configuration file", config.path, stat.S_IWOTH, "change")
    path = store.sqlite_path(config)
    if path is not None and path.exists():
        yield _judge("database file", path, stat.S_IRWXO, "read", key=DATABASE_KEY)
    yield _check_audit_key(config)
    for name in sorted({_name(secret) for secret in _secrets(config) if _is_file(secret)}):
        yield _judge("secret file", config.folder / name, stat.S_IRWXO, "read")


def _write_and_forget() -> None:
    with database.atomic() as database_transaction:
        Installation.insert(key=_PROBE, value="").on_conflict_ignore().execute()
        database_transaction.rollback()


def _judge(check: str, path: Path, forbidden: int, verb: str, *, key: str = "") -> Finding:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return Finding(check=check, ok=False, what=f"{path}: {error.strerror}", key=key)
    if mode & forbidden:
        what, cure = f"others on this machine can {verb} {path}", f"chmod o= {path}"
        return Finding(check=check, ok=False, what=what, cure=cure, key=key)
    return Finding(check=check, ok=True, what=f"others cannot {verb} {path}")


def _check_audit_key(config: Config) -> Finding:
    try:
        key = keys.load(config.audit_key)
    except ConfigError as error:
        problem = error.problems[0]
        return Finding(
            check="audit key", ok=False, what=problem.what, cure=problem.cure, key=problem.key
        )
    return Finding(check="audit key", ok=True, what=f"{config.audit_key} is {key.public}")


def _is_file(secret: Secret) -> bool:
    return secret.source.startswith(_FILE)


def _name(secret: Secret) -> str:
    return secret.source.removeprefix(_FILE)


def _secrets(part: object) -> Iterator[Secret]:
    """Every secret anywhere in the configuration that this role has read."""
    if isinstance(part, Secret):
        yield part
        return
    for inner in _parts(part):
        yield from _secrets(inner)


def _parts(part: object) -> Iterable[object]:
    if isinstance(part, BaseModel):
        return [getattr(part, name) for name in type(part).model_fields]
    if dataclasses.is_dataclass(part):
        return [getattr(part, field.name) for field in dataclasses.fields(part)]
    if isinstance(part, dict):
        return part.values()
    return part if isinstance(part, tuple | list) else ()
