"""One bad row is blamed for itself; a seal that fits no row is blamed as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.audit.checks import SealChain
from engine.audit.paths import Paths
from engine.audit.report import Flaws
from tests.engine.audit.histories import INSTALLATION, read_lines


def _feed(lines: list[dict[str, Any]]) -> tuple[Paths, Flaws, Flaws]:
    row_flaws, seal_flaws = Flaws(), Flaws()
    seals = SealChain(INSTALLATION, seal_flaws)
    for line in lines:
        if line["type"] == "seal":
            seals.feed("", line)
    paths = Paths(seals, row_flaws, seal_flaws)
    for line in lines:
        if line["type"] == "row":
            paths.feed("", line, line["proof"])
    paths.finish()
    return paths, row_flaws, seal_flaws


def test_sound_paths_have_no_flaw(exports: Path) -> None:
    paths, row_flaws, seal_flaws = _feed(read_lines(exports / "whole.jsonl"))
    assert (row_flaws.found, seal_flaws.found, paths.unsealed) == ([], [], 4)


@pytest.mark.parametrize(
    ("proof", "what"),
    [
        (None, "has no proof under seal 1"),
        ({}, "lacks seal"),
        ({"seal": 1, "index": 4}, "lacks path"),
        ({"seal": 2, "index": 4, "path": []}, "points to another place than its own"),
        ({"seal": 1, "index": 5, "path": []}, "points to another place than its own"),
        ({"seal": 1, "index": 4, "path": []}, "is not the one that seal 1 holds"),
        ({"seal": 1, "index": 4, "path": [1]}, "holds a hash that is not 64"),
        ({"seal": 1, "index": True, "path": []}, "has a index of the wrong type"),
    ],
)
def test_one_bad_proof_names_its_row(exports: Path, proof: Any, what: str) -> None:
    lines = read_lines(exports / "whole.jsonl")
    lines[5]["proof"] = proof
    _, row_flaws, seal_flaws = _feed(lines)
    assert seal_flaws.found == []
    assert [flaw.seq for flaw in row_flaws.found] == [5]
    assert what in row_flaws.found[0].what


def test_a_seal_that_fits_no_row_is_named_instead_of_all_its_rows(exports: Path) -> None:
    lines = read_lines(exports / "whole.jsonl")
    for line in lines[1:11]:
        line["proof"]["path"][0] = "ab" * 32
    _, row_flaws, seal_flaws = _feed(lines)
    assert row_flaws.found == []
    assert "seal 1 holds none of rows 1 to 10" in seal_flaws.found[0].what


def test_a_proof_without_a_seal_is_a_flaw(exports: Path) -> None:
    lines = read_lines(exports / "whole.jsonl")
    lines[24]["proof"] = lines[5]["proof"]
    _, row_flaws, _ = _feed(lines)
    assert [(flaw.seq, flaw.what) for flaw in row_flaws.found] == [
        (24, "the row is held by no seal of this file")
    ]
