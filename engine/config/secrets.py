"""Secrets: `env:NAME`, `file:PATH` or, on sandbox networks, the value itself.

A secret is looked up only by the roles that use it; for any other it stays None. Its value is in no
message, no repr and no log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import PlainValidator, ValidationInfo

from engine.config.reading import Reading, Role, Wrong, reading_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FILE_BYTES_MAX = 65_536

REFERENCE = {"type": "string", "minLength": 1, "examples": ["env:NAME", "file:PATH"]}


class Secret:
    """A value that shows itself only through `reveal()`. `source` says where it came from."""

    __slots__ = ("_value", "source")

    def __init__(self, value: str, *, source: str) -> None:
        self._value = value
        self.source = source

    def reveal(self) -> str:
        """The value itself: for the one call that needs it, never for a message."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.source})"


def always(_value: str) -> bool:
    """Every literal of this kind is confidential."""
    return True


def never(_value: str) -> bool:
    """No literal of this kind is confidential."""
    return False


def secret_for(
    *roles: Role,
    confidential: Callable[[str], bool] = always,
    words: frozenset[str] = frozenset(),
    check: Callable[[str, Reading], None] | None = None,
) -> PlainValidator:
    """The validator of a secret that `roles` read.

    `confidential` tells which literal values must not stand in the file outside sandbox networks;
    `words` are values that are no secret at all, the same for every role;
    `check` raises Wrong for a value of the wrong form and never repeats the value.
    """

    def validate(value: Any, info: ValidationInfo) -> Secret | None:
        reading = reading_of(info)
        if not isinstance(value, str) or not value:
            raise Wrong("must be text", "write env:NAME or file:PATH")
        if value in words:
            return Secret(value, source="word")
        _note_name(value, roles, reading)
        secret = _look_up(value, reading, wanted=reading.role in roles)
        if secret is None:
            return None
        if secret.source == "literal" and not reading.sandbox and confidential(value):
            raise Wrong("is a secret in the file itself", "put it in env:NAME or file:PATH")
        if check is not None:
            check(secret.reveal(), reading)
        return secret if reading.role in roles else None

    return PlainValidator(validate)


def _look_up(reference: str, reading: Reading, *, wanted: bool) -> Secret | None:
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        if not _NAME.fullmatch(rest):
            raise Wrong("env: must name an environment variable", "such as env:CASHIER_LTC_NODE")
        return _from_environment(rest, reading) if wanted else None
    if scheme == "file":
        return _from_file(rest, reading) if wanted else None
    return Secret(reference, source="literal")


def _note_name(reference: str, roles: tuple[Role, ...], reading: Reading) -> None:
    scheme, _, name = reference.partition(":")
    if scheme == "env":
        for role in roles:
            reading.names[role].add(name)


def _from_environment(name: str, reading: Reading) -> Secret:
    value = reading.environ.get(name)
    if value is None:
        raise Wrong(f"environment variable {name} is not set", f"set it for the {reading.role}")
    if not value.strip():
        raise Wrong(f"environment variable {name} is empty", "give it its value")
    return Secret(value, source=f"env:{name}")


def _from_file(name: str, reading: Reading) -> Secret:
    path = path_of(name, reading)
    try:
        with path.open("rb") as stream:
            raw = stream.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Wrong(
            f"cannot read {path}: {error.strerror}", "check the path and its owner"
        ) from None
    if len(raw) > _FILE_BYTES_MAX:
        raise Wrong(f"{path} is larger than {_FILE_BYTES_MAX} bytes", "name the secret's own file")
    try:
        value = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Wrong(f"{path} is not text", "store the secret as UTF-8 text") from None
    if not value.strip():
        raise Wrong(f"{path} is empty", "write the secret into it")
    return Secret(value, source=f"file:{name}")


def path_of(name: str, reading: Reading) -> Path:
    """`name` as an absolute path; a relative one starts at the folder of cashier.toml."""
    if not name or "\0" in name:
        raise Wrong("must name a file", "such as file:secrets/node")
    return reading.folder / name
