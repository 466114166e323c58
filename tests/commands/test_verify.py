"""`cashier verify`: nothing but the file, exit codes for scripts, words for people."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cashier import cli
from engine.audit import seals
from engine.audit.keys import load_or_create
from tests.commands.desk import Desk
from tests.engine.audit.histories import KEY, OTHER_KEY, START, make_rows, store
from tests.engine.audit.tampering import tamper
from tests.nodes.ports import PATIENCE_S

GOLDEN = Path(__file__).parents[1] / "engine" / "audit" / "golden" / "histories.jsonl"
TOP = Path(__file__).parents[2]


def _type(*words: object) -> Result:
    return CliRunner().invoke(cli, ["verify", *map(str, words)])


def test_a_file_alone_is_consistent_but_not_authenticated() -> None:
    result = _type(GOLDEN)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "consistent, not authenticated: 12 rows, 2 seals, the last 2 not sealed yet, installation "
        + "0f" * 16,
        f"key {KEY.public}",
    ]


def test_a_key_or_an_anchor_authenticates(tmp_path: Path) -> None:
    (tmp_path / "audit.pub").write_text(KEY.public)
    for words in (["--key", KEY.public], ["--key", tmp_path / "audit.pub"], ["--anchor", GOLDEN]):
        result = _type(GOLDEN, *words)
        assert result.exit_code == 0
        assert result.stdout.startswith("authenticated: 12 rows")


def test_another_key_is_exit_1() -> None:
    result = _type(GOLDEN, "--key", OTHER_KEY.public)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is not signed by the trusted key" in result.stderr


def test_an_edited_copy_is_exit_1_and_names_the_row(tmp_path: Path) -> None:
    edited = tmp_path / "edited.jsonl"
    edited.write_text(GOLDEN.read_text().replace('"to":"pending"', '"to":"credited"', 1))
    result = _type(edited)
    assert result.exit_code == 1
    first, last = result.stderr.splitlines()
    assert first == (
        "edited.jsonl:5: seq 4, payment 00000000000000000000000000000000:"
        " the row does not match its hash: it was changed"
    )
    assert last == "not consistent: 1 problem"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "give either FILE or --database"),
        ([GOLDEN, "--database"], "give either FILE or --database"),
        (["nothing.jsonl"], "does not exist"),
        (["/"], "is a directory"),
        ([GOLDEN, "--key", "nonsense"], "a public key looks like"),
        ([GOLDEN, "--anchor", "nothing.jsonl"], "does not exist"),
        ([GOLDEN, "--anchor", __file__], "the line is not JSON"),
        ([GOLDEN, "--colour"], "No such option"),
    ],
)
def test_wrong_use_is_exit_2_and_one_line(words: list[object], what: str) -> None:
    result = _type(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert what in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_garbage_is_exit_1_without_a_trace(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(os.urandom(10_000))
    result = _type(garbage)
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr


def test_it_needs_no_configuration_no_database_and_none_of_our_services(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", str(TOP / "cashier.py"), "verify", str(GOLDEN)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("consistent, not authenticated")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"engine.config", "engine.families", "bitcoinrpc", "web3", "tornado"}


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """12 sealed rows under the configured key."""
    with desk.opened() as config:
        store(make_rows(3))
        seals.seal(now=START, key=load_or_create(config.audit_key))
    return desk


def test_the_database_is_authenticated_by_the_configured_key(filled: Desk) -> None:
    result = filled.type("verify", "--database")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("authenticated: 12 rows, 1 seal")
    (filled.folder / "seals.key").unlink()
    result = filled.type("verify", "--database")
    assert result.stdout.startswith("consistent, not authenticated: 12 rows")


def test_a_changed_database_is_exit_1_and_names_the_row(filled: Desk) -> None:
    with filled.opened():
        tamper("UPDATE history SET amount = '9' WHERE seq = 5")
    result = filled.type("verify", "--database")
    assert result.exit_code == 1
    assert result.stderr.startswith("seq 5, payment 00000000000000000000000000000001: the row")


def test_the_database_is_held_against_an_anchor(filled: Desk) -> None:
    path = filled.folder / "export.jsonl"
    assert filled.type("export", "histories", "-o", str(path)).exit_code == 0
    assert filled.type("verify", "--database", "--anchor", str(path)).exit_code == 0
    result = filled.type("verify", "--database", "--anchor", str(GOLDEN))
    assert result.exit_code == 1
    assert "seal 1 is another one than in the anchor" in result.stderr


def test_a_database_that_is_not_there_is_exit_2(new_desk: Desk) -> None:
    result = new_desk.type("verify", "--database")
    assert result.exit_code == 2
    assert "run `cashier migrate`" in result.stderr
