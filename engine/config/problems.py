"""From what pydantic found to `Problem`s: the key as one writes it, what is wrong, and a cure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.config.reading import Wrong
from engine.errors import Problem

Path = Sequence[int | str]

_PLAIN_KEY = re.compile(r"[\w.\[\]-]+", re.ASCII)

# What pydantic found: what we say of it and the cure; {} is the bound or choice that it names.
_WORDS = {
    "string_type": ("must be text", 'write it in quotes: "…"'),
    "int_type": ("must be a whole number", "write digits only, without quotes"),
    "int_from_float": ("must be a whole number", "write digits only, without quotes"),
    "float_type": ("must be a number", "write it without quotes"),
    "finite_number": ("must be a number", "inf and nan are none"),
    "bool_type": ("must be true or false", "write it without quotes"),
    "dict_type": ("must be a table", "write {{ key = value }}"),
    "model_type": ("must be a table", "write {{ key = value }}"),
    "model_attributes_type": ("must be a table", "write {{ key = value }}"),
    "tuple_type": ("must be a list", "write [ … ]"),
    "greater_than_equal": ("is too small", "at least {ge}"),
    "less_than_equal": ("is too large", "at most {le}"),
    "string_too_short": ("is too short", "at least {min_length} letters"),
    "string_too_long": ("is too long", "at most {max_length} letters"),
    "too_short": ("has too few items", "at least {min_length}"),
    "too_long": ("has too many items", "at most {max_length}"),
    "literal_error": ("is not one of its choices", "write {expected}"),
    "string_pattern_mismatch": ("has the wrong form", "it must match {pattern}"),
}


def key_of(path: Path) -> str:
    """`("site", "webhooks", 0, "url")` as `site.webhooks[0].url`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_plain(step)}"
    return text.removeprefix(".")


def _plain(step: str) -> str:
    """A key as TOML writes it; one with letters that could drive a terminal is quoted."""
    return step if _PLAIN_KEY.fullmatch(step) else json.dumps(step)


def translate(error: ValidationError, model: type[BaseModel], *, at: Path) -> list[Problem]:
    """A problem for each error of the table `model` that stands at `at`."""
    return [_problem(found, model, at) for found in error.errors(include_url=False)]


def unknown_key(name: str, known: Iterable[str], *, at: Path) -> Problem:
    """The problem of a key that does not exist, with the one that was probably meant."""
    close = difflib.get_close_matches(name, list(known), n=1)
    cure = f"did you mean {close[0]}?" if close else "remove it; docs/configuration.md lists all"
    return Problem(key_of([*at, name]), "is not a known key", cure)


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a table as they are written in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def tables_in(annotation: Any) -> list[type[BaseModel]]:
    """The tables inside of a field's type: itself, or what its list, dict or option holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [table for part in get_args(annotation) for table in tables_in(part)]


def _problem(found: ErrorDetails, model: type[BaseModel], at: Path) -> Problem:
    inner = [step for step in found["loc"] if step != "[key]"]
    if found["type"] == "extra_forbidden":
        table = _table_at(model, inner[:-1])
        return unknown_key(str(inner[-1]), keys_of(table) if table else (), at=[*at, *inner[:-1]])
    what, cure = _words(found)
    if not cure:
        cure = _description(model, inner)
    return Problem(key_of([*at, *inner]), what, cure)


def _words(found: ErrorDetails) -> tuple[str, str]:
    context = found.get("ctx", {})
    error = context.get("error")
    if isinstance(error, Wrong):
        return error.what, error.cure
    if found["type"] == "missing":
        return "is missing", ""
    if found["type"] in _WORDS:
        what, cure = _WORDS[found["type"]]
        return what, cure.format(**context)
    return f"cannot be used: {found['msg'].lower()}", ""


def _table_at(model: type[BaseModel], inner: Path) -> type[BaseModel] | None:
    """The table at the end of `inner`, walking by field names and passing over list indices."""
    table: type[BaseModel] | None = model
    for step in inner:
        fields = table.model_fields if table else {}
        if isinstance(step, str) and step in fields:
            table = next(iter(tables_in(fields[step].annotation)), None)
    return table


def _description(model: type[BaseModel], inner: Path) -> str:
    """What the key is for: the cure where only the person can know the value."""
    names = [step for step in inner if isinstance(step, str)]
    table = _table_at(model, names[:-1])
    if table is None or not names:
        return "see docs/configuration.md"
    for name, field in table.model_fields.items():
        if names[-1] in {name, field.alias} and field.description:
            return f"it is: {field.description.rstrip('.')}"
    return "see docs/configuration.md"
