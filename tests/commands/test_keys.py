"""Keys: shown once, kept as hashes, and the public one of the audit trail."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cashier import cli
from tests.commands.desk import Desk
from tests.engine.toml_text import SITE_SECRET


def test_a_site_key_fits_the_configuration_that_it_prints(new_desk: Desk) -> None:
    result = new_desk.type("keys", "site", "backoffice", "--scope", "transfer", "--scope", "read")
    assert result.exit_code == 0
    shown, _, table = result.stdout.partition("for cashier.toml:")
    key = shown.strip().rpartition(" ")[2]
    row = tomllib.loads(table)["site"]["api_keys"][0]
    assert row["hash"] == hashlib.sha256(key.encode()).hexdigest()
    handshake = {"algorithm": "HS256", "secret": SITE_SECRET}
    new_desk.write(tables={"site": {"handshake": handshake, "api_keys": [row]}})
    kept = new_desk.config("web").site.api_keys[0]
    assert (kept.name, kept.scopes) == ("backoffice", ("read", "transfer"))


def test_two_site_keys_differ(new_desk: Desk) -> None:
    words = ("keys", "site", "backoffice", "--scope", "read")
    keys = {new_desk.type(*words).stdout.split("\n")[0] for _ in range(5)}
    assert len(keys) == 5


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "a\nb", "-a", "a" * 65, "ä"])
def test_a_name_that_the_configuration_refuses_gets_no_key(new_desk: Desk, name: str) -> None:
    result = new_desk.type("keys", "site", "--scope", "read", "--", name)
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_audit_key_is_shown_by_its_public_half_only(new_desk: Desk) -> None:
    new_desk.type("migrate")
    result = new_desk.type("keys", "audit")
    assert result.exit_code == 0
    assert re.fullmatch(r"ed25519:[A-Za-z0-9+/]{43}=\n", result.stdout)


def test_without_an_audit_key_it_says_what_makes_one(new_desk: Desk) -> None:
    result = new_desk.type("keys", "audit")
    assert result.exit_code == 2
    assert "`cashier migrate` makes it" in result.stderr


def _asked(folder: Path, *words: str, passphrase: str = "a long passphrase") -> Result:
    typed = f"{passphrase}\n{passphrase}\n"
    return CliRunner().invoke(cli, ["keys", "new", *words, "-o", f"{folder}/k"], input=typed)


def test_new_keys_are_a_file_that_only_its_passphrase_opens(tmp_path: Path) -> None:
    result = _asked(tmp_path, "ETH")
    assert result.exit_code == 0
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    table = tomllib.loads(result.stdout.partition("for cashier.toml:")[2])["currency"]["ETH"]
    assert table["keys"] == {
        "keystore": f"file:{tmp_path}/k",
        "passphrase": "env:CASHIER_ETH_PASSPHRASE",
    }
    text = (tmp_path / "k").read_text()
    assert "a long passphrase" not in text + result.stdout
    assert f"0x{json.loads(text)['address']}" in result.stdout.lower()


def test_keys_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("somebody's keys")
    assert _asked(tmp_path, "ETH").exit_code == 2
    assert (tmp_path / "k").read_text() == "somebody's keys"


@pytest.mark.parametrize(("symbol", "passphrase"), [("eth", "a long passphrase"), ("ETH", "short")])
def test_a_symbol_that_is_none_and_a_short_passphrase_make_no_keys(
    tmp_path: Path, symbol: str, passphrase: str
) -> None:
    assert _asked(tmp_path, symbol, passphrase=passphrase).exit_code == 2
    assert not (tmp_path / "k").exists()
