"""Keys and anchors are read strictly: what is trusted must be sound itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.audit import trust
from engine.errors import AuditError
from tests.engine.audit.histories import INSTALLATION, KEY, read_lines, write_lines


def test_a_key_is_given_as_text_or_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "audit.pub").write_text(KEY.public + "\n")
    assert trust.read_key(f" {KEY.public} ") == KEY.public
    assert trust.read_key(str(tmp_path / "audit.pub")) == KEY.public


@pytest.mark.parametrize("text", ["", "nonsense", "ed25519:AAAA", "/dev/null"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(AuditError, match="a public key looks like"):
        trust.read_key(text)


def test_an_anchor_keeps_seals_and_rows_that_no_seal_held(exports: Path) -> None:
    early = read_lines(exports / "early.jsonl")
    anchor = trust.read_anchor(exports / "early.jsonl")
    assert anchor.installation == INSTALLATION
    assert anchor.key == KEY.public
    assert anchor.seals == {1: early[-1]["hash"]}
    assert anchor.rows == {11: early[11]["hash"], 12: early[12]["hash"]}


def test_the_file_beside_a_csv_is_an_anchor(exports: Path) -> None:
    anchor = trust.read_anchor(exports / "whole.csv.seals.jsonl")
    assert list(anchor.seals) == [1, 2]


def test_an_anchor_without_seals_is_refused(exports: Path, tmp_path: Path) -> None:
    lines = read_lines(exports / "whole.jsonl")
    with pytest.raises(AuditError, match="holds no seal"):
        trust.read_anchor(write_lines(tmp_path / "a.jsonl", lines[:5]))


@pytest.mark.parametrize("content", [b"garbage\n", b'{"type":"seal"}\n', b"\xff\xfe"])
def test_a_malformed_anchor_is_refused_with_its_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(AuditError, match=r"anchor a\.jsonl:1: the "):
        trust.read_anchor(path)


def test_an_edited_anchor_is_refused(exports: Path, tmp_path: Path) -> None:
    lines = read_lines(exports / "whole.jsonl")
    lines[-1]["root"] = "ab" * 32
    with pytest.raises(AuditError, match="the seal does not match its hash"):
        trust.read_anchor(write_lines(tmp_path / "a.jsonl", lines))


def test_a_missing_anchor_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be read"):
        trust.read_anchor(tmp_path / "nothing.jsonl")
