"""The database and the files of an installation: usable by us, closed to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.connection import connected
from db.models import Installation
from engine.audit import keys
from engine.config import Config, load_config
from engine.preflight.house import check_database, check_files
from tests.engine.toml_text import dump, minimal


def installation(folder: Path, url: str, **tables: Any) -> Config:
    path = folder / "cashier.toml"
    key = f"file:{folder / 'seals.key'}"
    own = {"cashier": {"database": url}, "audit": {"key": key}}
    path.write_text(dump({**minimal(), **own, **tables}))
    config = load_config(path, role="check", environ={})
    keys.load_or_create(config.audit_key)
    return config


def wrong(config: Config) -> dict[str, str]:
    return {found.check: found.cure for found in check_files(config) if not found.ok}


def test_a_usable_database_is_left_as_it_was(database_url: str, tmp_path: Path) -> None:
    config = installation(tmp_path, database_url)
    found = check_database(config)
    assert found.ok, found
    with connected():
        assert not Installation.select().count()


def test_a_missing_database_is_not_made_by_looking(tmp_path: Path) -> None:
    config = installation(tmp_path, f"sqlite:///{tmp_path}/var/new.db")
    found = check_database(config)
    assert (found.ok, found.cure, found.key) == (
        *(False, "run `cashier migrate`", "cashier.database"),
    )
    assert not (tmp_path / "var").exists()


def test_a_server_that_is_not_there_is_found(tmp_path: Path) -> None:
    config = installation(tmp_path, "postgresql://cashier:hunter2@127.0.0.1:1/cashier")
    found = check_database(config)
    assert not found.ok
    assert "cannot be used" in found.what
    assert "hunter2" not in f"{found}"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_files_closed_to_others_are_well(ready_sqlite: Path, tmp_path: Path, mode: int) -> None:
    stored = tmp_path / "cashier.db"
    stored.write_bytes(ready_sqlite.read_bytes())
    stored.chmod(mode)
    assert not wrong(installation(tmp_path, f"sqlite:///{stored}"))


def test_each_file_that_others_can_read_is_named(ready_sqlite: Path, tmp_path: Path) -> None:
    stored, secret, node = (tmp_path / name for name in ("cashier.db", "secret", "node"))
    stored.write_bytes(ready_sqlite.read_bytes())
    secret.write_text("x" * 40)
    node.write_text("http://user:password@127.0.0.1:1/")
    site = {"handshake": {"algorithm": "HS256", "secret": "file:secret"}}
    currency = {"LTC": {"network": "regtest", "node": "file:node"}}
    config = installation(tmp_path, f"sqlite:///{stored}", site=site, currency=currency)
    for path in (stored, secret, node, config.audit_key):
        path.chmod(0o644)
    config.path.chmod(0o666)
    found = [finding for finding in check_files(config) if not finding.ok]
    named = [config.path, stored, config.audit_key, node, secret]
    assert len(found) == len(named)
    assert all(str(path) in finding.what for path, finding in zip(named, found, strict=True))
    assert all("chmod" in finding.cure for finding in found)


def test_a_missing_audit_key_says_what_makes_it(tmp_path: Path) -> None:
    config = installation(tmp_path, f"sqlite:///{tmp_path}/x.db")
    config.audit_key.unlink()
    assert wrong(config) == {"audit key": "`cashier migrate` makes it"}
