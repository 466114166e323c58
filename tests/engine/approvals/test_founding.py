"""What founds acceptance is the first record of a main network with two approvers, whole."""

from __future__ import annotations

from datetime import timedelta

from engine import installation
from engine.approvals.founding import founding, founding_rows, is_guarded, staff_record
from engine.config import Config
from tests.engine.approvals.mainland import as_main
from tests.engine.approvals.people import People
from tests.engine.audit.tampering import tamper
from tests.engine.house import NOW


def note(config: Config) -> None:
    installation.note_configuration(config, NOW)


def test_a_sandbox_founds_nothing_and_guards_nothing(bench_config: Config, people: People) -> None:
    sandbox = people.join(bench_config, "ben", "cleo")
    note(sandbox)
    assert not is_guarded(sandbox)
    assert founding() is None
    main = as_main(people.join(bench_config, "ben"))
    note(main)
    assert is_guarded(main)
    assert founding() is None
    assert founding_rows(main) == []
    note(as_main(sandbox))
    assert len(founding_rows(main)) == 3


def test_the_first_record_stays_the_founding_one(bench_config: Config, people: People) -> None:
    first = as_main(people.join(bench_config, "ben", "cleo"))
    assert founding() is None  # nothing was ever recorded
    for config in (first, as_main(people.join(bench_config)), first):
        note(config)
    found = founding()
    assert found is not None
    assert [row["name"] for row in found["staff"]] == ["ben", "cleo"]


def test_a_record_that_was_changed_or_is_gone_leaves_nobody(
    bench_config: Config, people: People
) -> None:
    note(people.join(bench_config, "ben"))
    note(as_main(people.join(bench_config, "ben", "cleo")))
    note(as_main(people.join(bench_config)))
    tamper("UPDATE history SET reason = 'x' WHERE seq = 2")
    assert founding() == {}
    tamper("UPDATE history SET reason = '' WHERE seq = 2", "DELETE FROM history WHERE seq = 1")
    assert founding() == {}
    tamper("UPDATE history SET evidence = '{' WHERE seq = 2")
    assert founding() == {}


def test_a_record_of_staff_has_its_times(people: People) -> None:
    row = people.row("ben", **{"from": NOW, "until": NOW + timedelta(days=1)})
    assert staff_record(row) == {
        "name": "ben",
        "role": "approver",
        "key": row.key,
        "from": "2026-10-30T12:00:00.000000Z",
        "until": "2026-10-31T12:00:00.000000Z",
    }
    assert staff_record(people.row("ben"))["from"] is None
