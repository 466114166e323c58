"""How deep a coin must lie: one number, tiers by amount, or the node's `finalized` tag."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from engine.config.reading import Wrong, reading_of
from engine.config.values import to_units

_DEPTH_MAX = 10_000
_FINALIZED_DEPTH = 64  # shown to people; the tag itself decides
_CURE = 'such as 3, or [[1, "1"], [3, "10"], [6]]'


@dataclass(frozen=True, slots=True)
class Tiers:
    """Steps of (confirmations, largest amount in units); the last step has no bound (None)."""

    steps: tuple[tuple[int, int | None], ...]
    finalized: bool = False

    def required(self, units: int) -> int:
        """Confirmations that an arrival of `units` needs; a bound belongs to its own step."""
        for depth, bound in self.steps:
            if bound is None or units <= bound:
                return depth
        raise ValueError("the last step must have no bound")

    @property
    def most(self) -> int:
        """The largest number that any amount needs."""
        return self.steps[-1][0]

    def rule(self) -> object:
        """The JSON form, for the fingerprint of the rules in force."""
        if self.finalized:
            return "finalized"
        return [[depth] if bound is None else [depth, str(bound)] for depth, bound in self.steps]


def flat(depth: int) -> Tiers:
    """The same number for every amount."""
    return Tiers(((depth, None),))


def _tiers(value: Any, info: ValidationInfo) -> Tiers:
    if value == "finalized":
        return Tiers(((_FINALIZED_DEPTH, None),), finalized=True)
    if isinstance(value, list) and value:
        steps = tuple(_step(row, reading_of(info).current) for row in value)
        _check_order(steps)
        return Tiers(steps)
    return flat(_depth(value))


def _step(row: Any, decimals: int | None) -> tuple[int, int | None]:
    if not isinstance(row, list) or len(row) not in {1, 2}:
        raise Wrong('each tier must be [confirmations, "up to"] or [confirmations]', _CURE)
    return _depth(row[0]), to_units(row[1], decimals) if len(row) == 2 else None


def _depth(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _DEPTH_MAX:
        raise Wrong(f"must be a whole number from 1 to {_DEPTH_MAX}", _CURE)
    return value


def _check_order(steps: tuple[tuple[int, int | None], ...]) -> None:
    if steps[-1][1] is not None:
        raise Wrong("the last tier must have no bound", _CURE)
    bounds = [bound for _, bound in steps[:-1]]
    if None in bounds:
        raise Wrong("only the last tier may have no bound", _CURE)
    if any(b is not None and a is not None and a >= b for a, b in pairwise(bounds)):
        raise Wrong("the bounds must rise", _CURE)
    depths = [depth for depth, _ in steps]
    if depths != sorted(depths):
        raise Wrong("larger amounts must not need fewer confirmations", _CURE)


Confirmations = Annotated[
    Tiers,
    PlainValidator(_tiers),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "integer", "minimum": 1, "maximum": _DEPTH_MAX},
                {"const": "finalized"},
                {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1}},
            ]
        }
    ),
]
