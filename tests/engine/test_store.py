"""Opening a database ends in its use, or in one clear word why not."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from db import migrate
from db.connection import connected, database
from db.models import Chain, Installation
from engine import store
from engine.config import Config, load_config
from engine.errors import ConfigError, DatabaseError, SchemaError
from tests.engine.house import NOW
from tests.engine.toml_text import dump, minimal
from tests.nodes.ports import PATIENCE_S


def config_for(folder: Path, url: str) -> Config:
    path = folder / "cashier.toml"
    audit = {"key": f"file:{folder / 'seals.key'}"}
    path.write_text(dump({**minimal(), "cashier": {"database": url}, "audit": audit}))
    return load_config(path, role="engine", environ={})


@pytest.fixture
def new(tmp_path: Path) -> Config:
    return config_for(tmp_path, f"sqlite:///{tmp_path}/var/new.db")


def test_a_new_database_is_made_whole(new: Config) -> None:
    assert "0001_initial" in store.bring_up_if_new(new, NOW)
    store.open_fitting(new)
    with connected():
        assert Chain.get_by_id("LTC").state == "paused"
        assert Installation.select().count() == 1
    assert new.audit_key.exists()


def test_what_is_there_is_left_alone(new: Config) -> None:
    store.bring_up_if_new(new, NOW)
    assert store.bring_up_if_new(new, NOW) == []


def test_a_database_with_data_is_not_migrated_unasked(database_url: str, tmp_path: Path) -> None:
    config = config_for(tmp_path, database_url)
    with store.opened(config):
        database.execute_sql("DELETE FROM schema_migration")
    with pytest.raises(SchemaError, match=r"lacks 0001_initial.*; run `cashier migrate`"):
        store.bring_up_if_new(config, NOW)


def test_a_database_of_a_newer_program_is_not_touched(database_url: str, tmp_path: Path) -> None:
    config = config_for(tmp_path, database_url)
    with store.opened(config):
        database.execute_sql(
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')"
        )
    for act in (lambda: store.bring_up_if_new(config, NOW), lambda: store.open_fitting(config)):
        with pytest.raises(SchemaError, match="newer than this program: it has 9999_later"):
            act()


def test_looking_at_a_missing_file_makes_none(new: Config) -> None:
    with pytest.raises(SchemaError, match="there is no database"):
        store.open_fitting(new)
    assert not (new.folder / "var").exists()


@pytest.mark.parametrize(("umask", "mode"), [(0o007, 0o660), (0o027, 0o640), (0o077, 0o600)])
def test_the_umask_says_who_shares_a_new_file(new: Config, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        store.bring_up_if_new(new, NOW)
    finally:
        os.umask(before)
    path = store.sqlite_path(new)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_two_that_start_at_once_make_one_database(new: Config) -> None:
    with store.opened(new):
        pass
    gate, failures = threading.Barrier(2), []

    def bring_up() -> None:
        gate.wait(PATIENCE_S)
        try:
            with connected():
                store.bring_up(new, NOW)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=bring_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not failures
    with connected():
        assert not migrate.pending()


def test_an_audit_key_that_others_read_stops_the_making(new: Config) -> None:
    new.audit_key.write_text("x")
    new.audit_key.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        store.bring_up_if_new(new, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cashier:hunter2@127.0.0.1:1/cashier",
        "postgresql://cashier:hunter2@nowhere.invalid/cashier",
        "sqlite:////proc/nowhere/x.db",
    ],
)
def test_what_cannot_be_reached_is_named_without_its_password(tmp_path: Path, url: str) -> None:
    config = config_for(tmp_path, url)
    with pytest.raises(DatabaseError) as caught, store.opened(config):
        pass
    assert str(caught.value).startswith("cashier.toml: cashier.database: ")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
