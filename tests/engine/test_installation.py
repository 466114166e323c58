"""The configuration in force stands in the histories: a row per change, chained and exported."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from db.models import History, Installation
from engine import installation
from engine.audit import seals
from engine.audit.verify import verify
from engine.config import Config
from engine.history import row_hash, row_of
from tests.engine.audit.histories import KEY, export_csv, export_jsonl
from tests.engine.house import NOW, add_deposit, house
from tests.engine.toml_text import LTC_NODE, SITE_SECRET
from tests.together import at_once


@pytest.fixture(autouse=True)
def _database(database: str) -> None:
    assert database


def rows() -> list[dict[str, Any]]:
    return [row_of(record) for record in History.select().order_by(History.seq)]


def changed(folder: Path, name: str, **currency: Any) -> Config:
    place = folder / name
    place.mkdir(exist_ok=True)
    return house(place, **currency)


def test_an_installation_has_one_id_for_ever() -> None:
    first = installation.ensure_id()
    assert len(first) == 32
    assert int(first, 16) >= 0
    assert installation.ensure_id() == first
    assert Installation.select().count() == 1


def test_of_two_that_start_together_one_makes_the_id() -> None:
    assert len({str(each) for each in at_once(6, lambda _: installation.ensure_id())}) == 1


def test_a_configuration_is_recorded_once(tmp_path: Path) -> None:
    config = house(tmp_path)
    assert installation.note_configuration(config, NOW)
    assert not installation.note_configuration(config, NOW + timedelta(days=1))
    [row] = rows()
    assert (row["kind"], row["event"], row["from"], row["to"]) == (
        "installation",
        "configured",
        None,
        "configured",
    )
    assert row["payment"] == row["prev"] == installation.ensure_id()
    assert row_hash(row) == row["hash"]
    [currency] = config.currencies.values()
    kept = row["evidence"]["currencies"]["LTC"]
    assert (kept["rule"], kept["rules"]) == (currency.rule_version, currency.rules())


def test_every_change_of_a_rule_is_a_row_and_back_again_is_one_too(tmp_path: Path) -> None:
    three, six = changed(tmp_path, "a", confirmations=3), changed(tmp_path, "b", confirmations=6)
    outcomes = [installation.note_configuration(each, NOW) for each in (three, six, six, three)]
    assert outcomes == [True, True, False, True]
    found = rows()
    assert [row["prev"] for row in found] == [
        installation.ensure_id(),
        *(row["hash"] for row in found[:-1]),
    ]
    rules = [row["evidence"]["currencies"]["LTC"]["rules"]["confirmations"] for row in found]
    assert rules == [[[3]], [[6]], [[3]]]
    versions = [row["evidence"]["currencies"]["LTC"]["rule"] for row in found]
    assert versions[0] == versions[2] != versions[1]


def test_what_decides_nothing_is_no_change(tmp_path: Path) -> None:
    installation.note_configuration(changed(tmp_path, "a", poll=2), NOW)
    other = changed(tmp_path, "b", poll=5, node=LTC_NODE.replace("19443", "19999"))
    assert not installation.note_configuration(other, NOW)


def test_no_secret_is_recorded(tmp_path: Path) -> None:
    installation.note_configuration(house(tmp_path), NOW)
    text = json.dumps(rows())
    assert SITE_SECRET not in text
    assert "password" not in text


def test_engines_that_start_together_record_it_once(tmp_path: Path) -> None:
    config = house(tmp_path)
    installation.note_configuration(changed(tmp_path, "before", confirmations=9), NOW)
    outcomes = at_once(6, lambda _: installation.note_configuration(config, NOW))
    assert sorted(outcomes, key=str) == [False] * 5 + [True]
    assert len(rows()) == 2


def test_auditors_get_it_with_the_rest(tmp_path: Path) -> None:
    config = changed(tmp_path, "a", confirmations=3)
    installation.note_configuration(config, NOW)
    add_deposit(config, "ann", state="credited", units=5)
    installation.note_configuration(changed(tmp_path, "b", confirmations=6), NOW)
    seals.seal(now=NOW, key=KEY)
    add_deposit(config, "bob")
    for path in (export_jsonl(tmp_path / "a.jsonl"), export_csv(tmp_path / "a.csv")):
        report = verify(path, key=KEY.public)
        assert report.ok, report.problems
    text = (tmp_path / "a.jsonl").read_text().replace("[[3]]", "[[1]]")
    (tmp_path / "a.jsonl").write_text(text)
    assert not verify(tmp_path / "a.jsonl", key=KEY.public).ok
