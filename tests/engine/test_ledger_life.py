"""Whatever is posted in whatever order: balances are the sums of the postings and keep their
bounds."""

from __future__ import annotations

import itertools
from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from db.connection import database as opened
from db.models import Balance, Posting
from engine.errors import BalanceInsufficient
from engine.ledger import Line, NewEntry, shift
from tests.engine.house import post_alone

ACCOUNTS = ("wallet:deposits", "client:ann", "client:bob", "suspense:1", "in_transit", "house")
amounts = st.integers(0, 5) | st.integers(2**199, 2**200)
ordinary = st.builds(
    lambda to, out_of, units: shift("x", "?", units, to=to, out_of=out_of),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(ACCOUNTS),
    amounts,
)
reversals = st.builds(
    lambda client, units: NewEntry(
        "reverse", (Line(client, "?", units), Line("house", "?", -units)), overdraw=True
    ),
    st.sampled_from(("client:ann", "client:bob")),
    amounts,
)
_worlds = itertools.count()


def inside(account: str, units: int) -> bool:
    """Whether an account may stand at `units`."""
    if account == "house":
        return True
    return units >= 0 if account.startswith("wallet:") else units <= 0


class Books(RuleBasedStateMachine):
    """The ledger beside a dictionary. Each run has a currency of its own, since rows stay."""

    def __init__(self) -> None:
        super().__init__()
        self.currency = f"C{next(_worlds)}"
        self.expected: dict[str, int] = defaultdict(int)

    @rule(entries=st.lists(ordinary | reversals, min_size=1, max_size=4))
    def post(self, entries: list[NewEntry]) -> None:
        named = [self.named(entry) for entry in entries]
        after = self.after(named)
        try:
            post_alone(*named)
        except BalanceInsufficient:
            assert after is None
        else:
            assert after is not None
            self.expected = after

    def named(self, entry: NewEntry) -> NewEntry:
        lines = tuple(Line(line.account, self.currency, line.units) for line in entry.lines)
        return NewEntry(entry.event, lines, overdraw=entry.overdraw)

    def after(self, entries: list[NewEntry]) -> dict[str, int] | None:
        """The balances that must follow, or None if the batch must be refused."""
        changed = defaultdict(int, self.expected)
        plain: dict[str, int] = defaultdict(int)
        for entry in entries:
            for line in entry.lines:
                changed[line.account] += line.units
                if not entry.overdraw:
                    plain[line.account] += line.units
        for account, units in plain.items():
            towards_the_bound = units < 0 if account.startswith("wallet:") else units > 0
            if towards_the_bound and not inside(account, changed[account]):
                return None
        return changed

    @invariant()
    def balances_are_the_sums_of_the_postings(self) -> None:
        kept = {
            row.account: row.units
            for row in Balance.select().where(Balance.currency == self.currency)
        }
        posted: dict[str, int] = defaultdict(int)
        for row in Posting.select().where(Posting.currency == self.currency):
            posted[row.account] += row.units
        assert nonzero(kept) == nonzero(posted) == nonzero(self.expected)
        assert sum(posted.values()) == 0


def nonzero(sums: dict[str, int]) -> dict[str, int]:
    return {account: units for account, units in sums.items() if units}


def test_the_books_hold_whatever_is_posted(database: str) -> None:
    assert database
    life = settings(max_examples=12, stateful_step_count=12, deadline=None)
    run_state_machine_as_test(Books, settings=life)
    cursor = opened.execute_sql("SELECT count(*) FROM posting")
    assert cursor.fetchone()[0] > 2
