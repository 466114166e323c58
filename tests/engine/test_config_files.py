"""The files that tell people about the configuration: cashier.toml, its schema, its reference."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.config import load_config
from engine.config.schema import key_paths, schema_text
from engine.errors import ConfigError
from tests.engine.toml_text import CASHIER_TOML, LTC_NODE, TOP, all_settings

REFERENCE = TOP / "docs" / "configuration.md"
ENVIRON = {"CASHIER_LTC_NODE": LTC_NODE}


def _paths(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        for row in value:
            yield from _paths(row, at)
    elif isinstance(value, dict) and at not in {"site.credit_limit", "site.handshake.keys"}:
        for key, item in value.items():
            step = "currency.*" if at == "currency" else f"{at}.{key}" if at else key
            yield from [at] if at.startswith("site.api_keys.transfer") else _paths(item, step)
    else:
        yield at


def test_the_shipped_file_is_a_sandbox_that_loads() -> None:
    config = load_config(CASHIER_TOML, role="check", environ=ENVIRON)
    assert config.sandbox
    assert list(config.currencies) == ["LTC"]
    assert config.environment("engine") == {"CASHIER_LTC_NODE"}
    assert config.environment("web") == set()


def test_the_shipped_file_shows_every_key_and_no_other() -> None:
    assert set(_paths(tomllib.loads(all_settings()))) == set(key_paths())


def test_every_key_of_the_shipped_file_has_its_comment() -> None:
    lines = CASHIER_TOML.read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if re.match(r"#?[a-z_0-9]+ = ", line)]
    bare = [line for line in settings if not re.search(r"\s# \S", line)]
    repeated = ("name", "family", "network", "node", "confirmations", "sender", "to", "user")
    assert [
        line for line in bare if not re.match(rf"#?({'|'.join(repeated)}|password) =", line)
    ] == []


def test_the_settings_that_are_shown_are_good(tmp_path: Path) -> None:
    """Switched on all together, only what excludes each other is wrong."""
    path = tmp_path / "cashier.toml"
    path.write_text(all_settings(), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path, role="console", environ={})
    assert {problem.key for problem in caught.value.problems} == {
        "site.handshake",
        "risk",
        "currency.ETH.keys",
    }


def test_the_schema_is_current() -> None:
    """`python -m engine.config.schema > docs/cashier.schema.json` renews it."""
    assert (TOP / "docs" / "cashier.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_reference_explains_every_key() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    absent = [path for path in key_paths() if f"`{path.rpartition('.')[2]}`" not in text]
    assert absent == []
