"""The JSON schema of cashier.toml, for editors. `python -m engine.config.schema` prints it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from engine.config.file import File
from engine.config.problems import tables_in

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class _OfTheFile(GenerateJsonSchema):
    """What may stand in the file: TOML has no null, and defaults here are in their final form."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, _schema: object) -> bool:
        return False


def json_schema() -> dict[str, Any]:
    """The schema of the whole file, JSON Schema 2020-12."""
    schema = File.model_json_schema(by_alias=True, schema_generator=_OfTheFile)
    return {"$schema": _DRAFT, **schema, "title": "cashier.toml"}


def schema_text() -> str:
    """`json_schema()` as docs/cashier.schema.json holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def key_paths(model: type[BaseModel] = File, *, at: str = "") -> Iterator[str]:
    """Every key of the file with its place: `web.listen`, `currency.*.withdrawal.fee`, …

    The names of currencies are `*`; rows of a list of tables have no mark of their own.
    """
    for name, field in model.model_fields.items():
        path = f"{at}{field.alias or name}"
        tables = tables_in(field.annotation)
        for table in tables:
            named = ".*." if path == "currency" else "."
            yield from key_paths(table, at=path + named)
        if not tables:
            yield path


if __name__ == "__main__":
    sys.stdout.write(schema_text())
