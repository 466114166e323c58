"""A report says in one line what was found, and never lets a file drive a terminal."""

from __future__ import annotations

from engine.audit.form import Filter
from engine.audit.report import FLAWS_MAX, Flaw, Flaws, Report


def _report(*problems: Flaw, authenticated: bool = False, unsealed: int = 0) -> Report:
    return Report(
        rows=3,
        seals=1,
        unsealed=unsealed,
        problems=problems,
        authenticated=authenticated,
        installation="0f",
    )


def test_a_flaw_names_place_row_and_payment() -> None:
    flaw = Flaw("it was changed", where="a.jsonl:6", seq=5, payment="abc")
    assert str(flaw) == "a.jsonl:6: seq 5, payment abc: it was changed"
    assert str(Flaw("it was changed")) == "it was changed"
    assert str(Flaw("gone", where="payment", payment="abc")) == "payment: payment abc: gone"


def test_a_hostile_payment_id_is_printed_as_its_escape() -> None:
    text = str(Flaw("it was changed", seq=5, payment="\x1b]0;owned\x07" + "x" * 500))
    assert "\x1b" not in text
    assert len(text) < 200


def test_without_trust_the_verdict_says_not_authenticated() -> None:
    assert _report().verdict == "consistent, not authenticated: 3 rows, 1 seal, installation 0f"
    assert _report(authenticated=True).verdict == "authenticated: 3 rows, 1 seal, installation 0f"
    assert "the last 2 not sealed yet" in _report(unsealed=2).verdict


def test_a_flaw_is_never_ok() -> None:
    report = _report(Flaw("it was changed"))
    assert not report.ok
    assert report.verdict == "not consistent: 1 problem"


def test_flaws_stop_at_their_bound() -> None:
    flaws = Flaws()
    for number in range(FLAWS_MAX * 2):
        flaws.add("bad", seq=number)
    assert flaws.full
    assert len(flaws.found) == FLAWS_MAX
    assert _report(*flaws.found).verdict == f"not consistent: at least {FLAWS_MAX} problems"


def test_a_part_is_named() -> None:
    part = Filter(since="2026-10-01T00:00:00.000000Z", client="ann")
    report = Report(rows=0, seals=0, unsealed=0, problems=(), authenticated=False, part=part)
    assert report.extent == (
        "a part of the histories: from 2026-10-01T00:00:00.000000Z, client ann"
    )
    assert _report().extent == ""
