"""The ground that every table of cashier.toml stands on: strict types, no unknown keys, frozen."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

Item = TypeVar("Item")


class Table(BaseModel):
    """A table of cashier.toml after validation: immutable, its values in their final form."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Rows = Annotated[tuple[Item, ...], BeforeValidator(_as_tuple)]
"""A TOML array, kept as a tuple."""
