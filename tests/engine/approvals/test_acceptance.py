"""On main networks a key or a cold address that came later counts after two approvers said so, and
nothing that only cashier.toml or only the database says changes that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from db.models import Approval, History
from engine import installation
from engine.approvals import acceptance
from engine.approvals.acceptance import (
    COLD_ADDRESS,
    fingerprint,
    payable_cold,
    standing,
)
from engine.approvals.accepting import proposal_for
from engine.approvals.acts import plan_of
from engine.approvals.form import new_form, signed_bytes
from engine.approvals.founding import founding_rows
from engine.approvals.signed import keys_that_count
from engine.config import Config, Staff
from engine.errors import ActRefused
from engine.history import canonical, row_hash, row_of
from tests.engine.approvals.mainland import as_main
from tests.engine.approvals.people import Bench, People, make_key
from tests.engine.audit.tampering import tamper
from tests.engine.house import NOW, house

OLD, NEW, THIRD = (
    "rltc1qqyqszqgpqyqszqgpqyqszqgpqyqszqgpjt8zj4",
    "rltc1qqgpqyqszqgpqyqszqgpqyqszqgpqyqszr0p8er",
    "rltc1qqvpsxqcrqvpsxqcrqvpsxqcrqvpsxqcrzlqxnz",
)


@pytest.fixture
def founded(bench_config: Config, people: People) -> Config:
    """A main network, founded with ann, ben and cleo."""
    config = as_main(people.join(bench_config, "ann", "ben", "cleo"))
    installation.note_configuration(config, NOW)
    return config


def later(config: Config, staff: Sequence[Staff]) -> Config:
    """The configuration after somebody wrote these into it, and the engine was started."""
    changed = replace(config, staff=(*config.staff, *staff))
    installation.note_configuration(changed, NOW)
    return changed


def newcomer(people: People, name: str = "dora", role: str = "approver") -> Staff:
    path = people.folder / name
    if not path.exists():
        make_key(path)
    key = path.with_suffix(".pub").read_text().strip()
    return Staff.model_validate({"name": name, "role": role, "key": key})


def bench_of(config: Config, people: People) -> Bench:
    return Bench(config, people, guard=lambda: None)


def accept(bench: Bench, name: str, *, by: str) -> tuple[str, object]:
    """Sign what waits of this person or currency."""
    (item,) = [each for each in standing(bench.config).waiting if each.name == name]
    proposal = proposal_for(item)
    fields = {f: getattr(proposal, f) for f in ("kind", "account", "address", "currency")}
    given = {name: value for name, value in fields.items() if value is not None}
    return bench.do("accept", by=by, now=NOW, **given)


def waiting(config: Config) -> list[str]:
    return [item.name for item in standing(config).waiting]


def test_what_stood_in_the_founding_configuration_counts(founded: Config) -> None:
    assert waiting(founded) == []
    assert keys_that_count(founded, "ben", NOW)


def test_before_there_were_two_approvers_everything_counts(
    bench_config: Config, people: People
) -> None:
    config = as_main(people.join(bench_config, "ann", "ben"))
    installation.note_configuration(config, NOW)
    grown = later(config, [people.row("cleo")])
    assert waiting(grown) == []
    assert waiting(later(grown, [newcomer(people)])) == ["dora"]


def test_a_sandbox_asks_nobody(bench_config: Config, people: People) -> None:
    config = people.join(bench_config, "ann", "ben", "cleo")
    installation.note_configuration(config, NOW)
    assert waiting(later(config, [newcomer(people)])) == []


def test_a_new_key_signs_nothing_until_two_approvers_accepted_it(
    founded: Config, people: People
) -> None:
    config = later(founded, [newcomer(people)])
    bench = bench_of(config, people)
    with pytest.raises(ActRefused, match="the key of dora waits for two approvers"):
        keys_that_count(config, "dora", NOW)
    assert accept(bench, "dora", by="ben")[1] == {
        "act": "accept",
        "done": False,
        "signed": 1,
        "of": 2,
    }
    assert waiting(config) == ["dora"]
    assert accept(bench, "dora", by="cleo")[0] == "done"
    assert waiting(config) == []
    assert keys_that_count(config, "dora", NOW)
    row = History.get(History.event == "accept")
    assert (row.kind, row.actor, row.to_state) == ("installation", "staff:cleo", "accepted")


def test_who_was_accepted_accepts_others_and_never_the_own_key(
    founded: Config, people: People
) -> None:
    config = later(founded, [newcomer(people), newcomer(people, "emil")])
    bench = bench_of(config, people)
    state, words = accept(bench, "emil", by="dora")
    assert (state, "waits for two approvers" in str(words)) == ("refused", True)
    for name in ("ben", "cleo"):
        accept(bench, "dora", by=name)
    accept(bench, "emil", by="dora")
    assert waiting(config) == ["emil"]
    second = people.row("ben", key=newcomer(people, "spare").key)
    config = later(config, [second])
    bench = bench_of(config, people)
    assert "another person must" in str(accept(bench, "ben", by="ben")[1])
    accept(bench, "emil", by="cleo")
    assert waiting(config) == ["ben"]
    founding_key = keys_that_count(config, "ben", NOW)
    assert founding_key == [people.row("ben").key]


def test_newcomers_do_not_accept_one_another(founded: Config, people: People) -> None:
    """The rows are there, signed well; but nobody who counts signed them."""
    pair = [newcomer(people), newcomer(people, "emil"), newcomer(people, "fay")]
    config = later(founded, pair)
    for item in standing(config).waiting:
        for by in ("dora", "emil", "fay"):
            fields = dict(item.fields)
            form = new_form(
                {"act": "accept", **fields, "history_hash": item.subject.id}, staff=by, now=NOW
            )
            Approval.create(
                nonce=form["nonce"],
                act="accept",
                subject=item.subject.id,
                history_hash=item.subject.id,
                staff=by,
                body=signed_bytes(form).decode(),
                signature=people.sign(form, by=by),
                placed_as="0" * 32,
                arrived_at="x",
            )
    assert waiting(config) == ["dora", "emil", "fay"]


def test_a_forged_row_of_acceptance_counts_for_nothing(founded: Config, people: People) -> None:
    config = later(founded, [newcomer(people)])
    accept(bench_of(config, people), "dora", by="ben")
    row = Approval.get(Approval.act == "accept")
    values = dict(row.__data__)
    for nonce, change in (
        ("1" * 32, {"staff": "cleo"}),
        ("2" * 32, {"body": str(row.body).replace('"ben"', '"cleo"')}),
        ("3" * 32, {"body": "{"}),
        ("4" * 32, {"signature": "no signature"}),
    ):
        Approval.create(**{**values, "nonce": nonce, **change})
    assert waiting(config) == ["dora"]


def test_a_signature_for_one_key_accepts_no_other(founded: Config, people: People) -> None:
    config = later(founded, [newcomer(people)])
    bench = bench_of(config, people)
    for name in ("ben", "cleo"):
        accept(bench, "dora", by=name)
    other = replace(founded, staff=(*founded.staff, newcomer(people, "emil")))
    renamed = newcomer(people).model_copy(update={"name": "emil"})
    promoted = people.row("ann").model_copy(update={"role": "approver"})
    for staff in ([renamed], [*founded.staff[1:], promoted]):
        changed = replace(other, staff=(*founded.staff[1:], *staff))
        assert waiting(changed) == [staff[-1].name]


def test_a_time_is_shortened_by_anybody_and_lengthened_by_two(
    founded: Config, people: People
) -> None:
    soon = NOW + timedelta(days=1)
    ended = replace(founded, staff=(*founded.staff[:2], people.row("cleo", until=soon)))
    assert waiting(ended) == []
    with pytest.raises(ActRefused, match="no key of cleo is in force"):
        keys_that_count(ended, "cleo", soon)
    base = replace(
        founded, staff=(*founded.staff, newcomer(people).model_copy(update={"until": soon}))
    )
    installation.note_configuration(base, NOW)
    bench = bench_of(base, people)
    for name in ("ben", "cleo"):
        accept(bench, "dora", by=name)
    longer = replace(base, staff=(*founded.staff, newcomer(people)))
    assert waiting(longer) == ["dora"]
    assert keys_that_count(longer, "dora", NOW)  # as long as it was accepted for
    with pytest.raises(ActRefused, match="the key of dora waits"):
        keys_that_count(longer, "dora", soon)


def test_an_approver_whose_key_is_gone_vouches_for_nobody(founded: Config, people: People) -> None:
    config = later(founded, [newcomer(people)])
    bench = bench_of(config, people)
    for name in ("ben", "cleo"):
        accept(bench, "dora", by=name)
    left = replace(config, staff=tuple(row for row in config.staff if row.name != "cleo"))
    assert waiting(left) == ["dora"]
    ended = people.row("cleo", until=NOW + timedelta(days=1))
    kept = tuple(ended if row.name == "cleo" else row for row in config.staff)
    assert waiting(replace(config, staff=kept)) == []


def test_a_record_of_the_founding_that_was_changed_leaves_nobody(
    founded: Config, people: People
) -> None:
    config = later(founded, [newcomer(people)])
    (row, *_) = founding_rows(config)
    text = str(row.evidence).replace("'", "''").replace(people.row("ben").key, newcomer(people).key)
    tamper(f"UPDATE history SET evidence = '{text}' WHERE seq = {row.seq}")
    assert standing(config).staff == ()
    assert waiting(config) == ["ann", "ben", "cleo", "dora"]
    with pytest.raises(ActRefused, match="waits for two approvers"):
        keys_that_count(config, "ben", NOW)


def test_a_record_that_was_rewritten_whole_is_for_the_seals_to_tell(founded: Config) -> None:
    (row,) = founding_rows(founded)
    public = row_of(row)
    public["evidence"]["staff"].append({**public["evidence"]["staff"][1], "name": "dora"})
    text = canonical(public["evidence"]).decode().replace("'", "''")
    forged = row_hash(public)
    tamper(f"UPDATE history SET evidence = '{text}', hash = '{forged}' WHERE seq = {row.seq}")
    (again,) = founding_rows(founded)
    assert (again.hash, again.hash != row.hash) == (forged, True)


def test_a_fingerprint_is_the_one_that_ssh_keygen_shows() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    assert fingerprint(key) == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


@pytest.fixture
def with_cold(bench_config: Config, people: People) -> Config:
    """A main network, founded with an old cold address."""
    folder = bench_config.folder / "cold"
    folder.mkdir()
    config = as_main(people.join(house(folder, cold={"address": OLD}), "ann", "ben", "cleo"))
    installation.note_configuration(config, NOW)
    return config


def test_a_new_cold_address_is_paid_after_two_approvers_accepted_it(
    with_cold: Config, people: People
) -> None:
    assert payable_cold(with_cold, with_cold.currencies["LTC"]) == OLD
    changed = as_main(with_cold, cold=NEW)
    ltc = changed.currencies["LTC"]
    assert payable_cold(changed, ltc) is None
    (item,) = standing(changed).waiting
    assert (item.kind, item.name) == (COLD_ADDRESS, "LTC")
    assert dict(item.fields)["address"] == NEW
    bench = bench_of(changed, people)
    accept(bench, "LTC", by="ben")
    assert payable_cold(changed, ltc) is None
    accept(bench, "LTC", by="cleo")
    assert payable_cold(changed, ltc) == NEW
    third = as_main(with_cold, cold=THIRD)
    assert payable_cold(third, third.currencies["LTC"]) is None
    assert payable_cold(with_cold, with_cold.currencies["LTC"]) == OLD


def test_what_counts_already_cannot_be_accepted_again(founded: Config, people: People) -> None:
    config = later(founded, [newcomer(people)])
    (item,) = standing(config).waiting
    bench = bench_of(config, people)
    for name in ("ben", "cleo"):
        accept(bench, "dora", by=name)
    proposal = proposal_for(item)
    with pytest.raises(ActRefused, match="nothing like that waits"):
        plan_of(bench.config, proposal)


def test_without_openssh_nobody_is_accepted_and_nothing_else_stops(
    founded: Config, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = later(founded, [newcomer(people)])
    bench = bench_of(config, people)
    for name in ("ben", "cleo"):
        accept(bench, "dora", by=name)
    acceptance._verifies.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    assert waiting(config) == ["dora"]
    assert keys_that_count(config, "ben", NOW)
    monkeypatch.undo()
    assert waiting(config) == []
