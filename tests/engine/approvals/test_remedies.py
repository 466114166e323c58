"""Every open break leads to the act that cures it, or to words that say what does."""

from __future__ import annotations

import pytest

from engine.approvals.remedies import BY_ITSELF, proposal_for, remedy_of, why_none
from engine.clock import rfc3339
from engine.reconciliation.kinds import ENGINE, FIX, KINDS, STAFF
from engine.reconciliation.standing import BreakView
from tests.engine.approvals.people import Bench
from tests.engine.approvals.test_cures import cured, stolen
from tests.engine.deposits.life import House
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.house import NOW


def _break(kind: str, *, subject: str = "f" * 32, **more: object) -> BreakView:
    given: dict[str, object] = {
        "id": "1" * 32,
        "kind": kind,
        "currency": "LTC",
        "decimals": 8,
        "subject": subject,
        "units": -5,
        "evidence": {},
        "owner": KINDS[kind].owner,
        "cure": KINDS[kind].cure,
        "entry": (),
        "state": "open",
        "first_seen": rfc3339(NOW),
        "last_seen": rfc3339(NOW),
        "closed_by": "",
        "age": 0,
    }
    return BreakView(**{**given, **more})  # type: ignore[arg-type]  # fields of a view by name


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_has_an_act_or_words(kind: str) -> None:
    view = _break(kind)
    assert proposal_for(view) is not None or why_none(view)


def test_a_coin_of_nobody_is_booked_and_a_debt_taken_as_a_loss() -> None:
    book = proposal_for(_break("unknown_arrival"))
    assert book is not None
    assert (book.act, book.payment) == ("book", "f" * 32)
    debt = proposal_for(_break("negative_balance", subject="client:CR1"))
    assert debt is not None
    assert (debt.act, debt.account, debt.units) == ("adjust", "+client:CR1|loss", "5")


def test_what_no_act_cures_says_what_does() -> None:
    assert why_none(_break("state_lags")) == BY_ITSELF
    assert "cashier check" in why_none(_break("node_unwell", owner=STAFF))
    assert why_none(_break("state_lags", owner=ENGINE, state="closed", closed_by="recheck")) == (
        "it is closed: recheck"
    )
    assert proposal_for(_break("unknown_arrival", state="closed")) is None


@on_the_fake
def test_a_theft_is_offered_with_its_entry_and_who_signed(bench: Bench, house: House) -> None:
    broken = stolen(house)
    fresh = remedy_of(bench.config, broken.id, staff="ben", now=house.now)
    assert fresh is not None
    assert fresh.offer is not None
    assert (fresh.offer.not_you, fresh.offer.persons, fresh.signatures) == ("", 2, ())
    assert fresh.offer.entry is not None
    assert (
        tuple((line.account, line.currency, line.units) for line in fresh.offer.entry.lines)
        == broken.entry
    )
    assert FIX not in fresh.words
    bench.do("cure", by="ann", now=house.now, payment=broken.id)
    half = remedy_of(bench.config, broken.id, staff="ann", now=house.now)
    assert half is not None
    assert half.offer is not None
    assert [each.staff for each in half.signatures] == ["ann"]
    assert half.offer.not_you == "ann has signed this already (1 of 2)"


@on_the_fake
def test_a_cured_break_is_shown_as_closed(bench: Bench, house: House) -> None:
    broken = stolen(house)
    cured(bench, house, broken)
    found = remedy_of(bench.config, broken.id, staff="ben", now=house.now)
    assert found is not None
    assert found.proposal is None
    assert why_none(found.view) == "it is closed: cured by staff:ben"
    assert remedy_of(bench.config, "0" * 32, staff="ben", now=house.now) is None
