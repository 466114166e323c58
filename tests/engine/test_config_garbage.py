"""Whatever stands in cashier.toml, loading gives a Config or a ConfigError and nothing else."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.config import ROLES, Config, Role, load_config
from engine.config.schema import key_paths
from engine.errors import ConfigError
from tests.engine.toml_text import all_settings, dump

ENVIRON = {"EMPTY": "", "FULL": "value"}

quick = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
texts = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["env:", "env:FULL", "env:EMPTY", "env:A=B", "file:", "file:.", "file:/dev/null", "file:\0"]
    ),
    st.sampled_from(["http://[", "http://a:99999", "https://x y", "postgresql://", "sqlite:///"]),
    st.sampled_from(["1e9", "0.000000000000000000001", "9" * 40, "-1", "²", "1_0", "inf"]),
    st.sampled_from(["-----BEGIN PUBLIC KEY-----", "ssh-ed25519 AAAA", "ssh-ed25519 ", "whsec_!"]),
    st.sampled_from(["2026-02-30", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]),
)
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.dates(),
    st.datetimes(),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["a", "LTC", "address", "minimum", ""]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def outcome(path: Path, text: str | bytes, role: Role = "check") -> Config | ConfigError:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        return load_config(path, role=role, environ=ENVIRON)
    except ConfigError as error:
        assert error.problems
        assert all(problem.what and "\n" not in str(problem) for problem in error.problems)
        return error


def replaced(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`document` with the value at `path`; the first row of a list and LTC where it branches."""
    changed = copy.deepcopy(document)
    place: Any = changed
    *steps, last = path.replace("*", "LTC").split(".")
    for step in steps:
        place = place.setdefault(step, {})
        place = place[0] if isinstance(place, list) else place
    place[last] = value
    return changed


@pytest.mark.parametrize("key", list(key_paths()))
@quick
@given(value=values, role=st.sampled_from(ROLES))
def test_any_value_at_any_key_is_taken_or_named(
    tmp_path: Path, key: str, value: Any, role: Role
) -> None:
    document = replaced(tomllib.loads(all_settings()), key, value)
    outcome(tmp_path / "cashier.toml", dump(document), role)


@quick
@given(document=st.dictionaries(texts | st.sampled_from(["site", "currency", "web"]), values))
def test_any_document_is_taken_or_named(tmp_path: Path, document: dict[str, Any]) -> None:
    outcome(tmp_path / "cashier.toml", dump(document))


@quick
@given(table=values, section=st.sampled_from(["site", "currency", "staff", "rule", "web", "risk"]))
def test_any_table_is_taken_or_named(tmp_path: Path, section: str, table: Any) -> None:
    document = {**tomllib.loads(all_settings()), section: table}
    outcome(tmp_path / "cashier.toml", dump(document))


@quick
@given(raw=st.binary(max_size=60))
@example(raw=b"a = " + b"[" * 50_000)
@example(raw=b"a = " + b"9" * 50_000)
@example(raw=b"#" * 1_000_001)
@example(raw=b"\xff\xfe")
def test_any_bytes_are_taken_or_named(tmp_path: Path, raw: bytes) -> None:
    assert isinstance(outcome(tmp_path / "cashier.toml", raw), ConfigError)
