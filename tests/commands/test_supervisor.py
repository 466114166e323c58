"""Who gets which variable, decided by what cashier.toml names for whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.supervisor import environment_for
from engine.config import Config, load_config
from tests.engine.toml_text import LTC_NODE, SITE_SECRET, dump, minimal

ENVIRON = {
    "PATH": "/usr/bin",
    "LC_ALL": "C.UTF-8",
    "PGPASSFILE": "/etc/cashier/pgpass",
    "CASHIER_CLOCK": "+1d",
    "NODE": LTC_NODE,
    "SITE": SITE_SECRET,
    "STORE": "sqlite:///var/cashier.db",
    "HOOK_TOKEN": "for a hook of ours",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "cashier.toml"
    site = {"site": {"handshake": {"algorithm": "HS256", "secret": "env:SITE"}}}
    store = {"cashier": {"database": "env:STORE"}}
    path.write_text(dump({**minimal(node="env:NODE"), **site, **store}))
    return load_config(path, role="check", environ=ENVIRON)


def test_engine_and_web_get_their_own_secrets_and_share_the_database(config: Config) -> None:
    engine = environment_for(config, "engine", ENVIRON)
    web = environment_for(config, "web", ENVIRON)
    assert (engine.get("NODE"), engine.get("SITE")) == (LTC_NODE, None)
    assert (web.get("NODE"), web.get("SITE")) == (None, SITE_SECRET)
    assert engine["STORE"] == web["STORE"] == ENVIRON["STORE"]


def test_web_keeps_only_what_is_plain_or_its_own(config: Config) -> None:
    web = environment_for(config, "web", ENVIRON)
    assert set(web) == {"PATH", "LC_ALL", "PGPASSFILE", "CASHIER_CLOCK", "SITE", "STORE"}


def test_the_engine_keeps_what_its_hooks_may_need(config: Config) -> None:
    assert set(ENVIRON) - set(environment_for(config, "engine", ENVIRON)) == {"SITE"}
