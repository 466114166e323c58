"""A house whose node cannot tell what became of a send, its comparison, and the persons who say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Self, cast

from db.models import Payment
from engine.counted import Counted
from engine.lifecycle import Batch
from engine.reconciliation.reconciler import Reconciler
from engine.reconciliation.standing import BreakView, open_breaks, sums
from engine.sender.by_nonce.questions import UNCLEAR_PATIENCE
from engine.sending import Offer
from tests.engine.approvals.people import Bench, People
from tests.engine.sender.by_nonce.fake_desk import ETHER, FakeDesk

SOON = timedelta(seconds=31)  # until everything is looked at again at the same block
LONG = UNCLEAR_PATIENCE + timedelta(minutes=1)
USUAL = frozenset({"own_funds_negative"})


class UnsureDesk(FakeDesk):
    """`people` are its staff. Its rows and its chain may differ."""

    bench: Bench

    @classmethod
    def staffed(cls, folder: Path, url: str, people: People, **keys: Any) -> Self:
        desk = cls.open(folder, url, **keys)
        desk.bench = Bench.staffed(desk, people)
        desk.credit("ann", 5 * ETHER)
        desk.credit("ann", 5 * ETHER, "USDT")
        desk.exact = False
        return desk

    def restart(self) -> None:
        super().restart()
        counted = Counted(self.node, "ETH", list(self.config.currencies))
        self.reconciler = Reconciler(self.config, "ETH", lambda: cast("Any", counted))

    def batch(self) -> Batch:
        """Moves by the engine, or by whoever writes its rows."""
        return Batch(self.config, actor="staff:ben", now=self.now)

    # --- what nobody tells ---

    def unclear(self, *, moved: bool, currency: str = "USDT", count: int = 1) -> list[Payment]:
        """Withdrawals in a final block of which only a log says what they moved; whether they
        did."""
        self.node.forgets = True
        if not moved:
            self.node.false.add(currency)
        made = [self.withdraw("ann", ETHER, currency=currency) for _ in range(count)]
        self.settle()
        if moved:
            self.differ(-1, currency)
        self.mine(8)
        return made

    def differ(self, units: int, currency: str = "USDT") -> None:
        """The hot address holds so much more than its arrivals and sends explain."""
        self.node.newest.held[currency, self.node.hot] += units

    def replaced(self, *, currency: str = "ETH") -> Payment:
        """A withdrawal that a replacement paid which no row knows, in a final block."""
        paid = self.withdraw("ann", ETHER, currency=currency)
        self.settle()
        read = self.node.read(self.attempts()[-1].signed)
        more = Offer(read.offer.gas, 2 * read.offer.fee_cap, 2 * read.offer.tip_cap)
        self.node.send(self.node.sign(read.send, nonce=read.nonce, offer=more).raw)
        self.mine(8)
        return paid

    # --- what is found, and said ---

    def found(self) -> list[BreakView]:
        """The open breaks after a comparison now."""
        self.reconciler.hear(self.sender.questions)
        assert self.reconciler.run(self.lease, None, now=self.now, listing=True, full=True) == ""
        breaks = open_breaks(self.config, list(self.config.currencies), self.now)
        return [each for each in breaks if each.kind not in USUAL]

    def uncertain(self) -> BreakView:
        """The one send of which nobody tells, once that stood for a while."""
        self.settle(after=LONG)
        (found,) = [each for each in self.found() if each.kind == "uncertain_send"]
        return found

    def residuals(self) -> dict[str, int]:
        found = sums(self.config, list(self.config.currencies))
        return {each.currency: each.residual for each in found}

    def say(self, broken: BreakView, outcome: str, *by: str) -> list[tuple[str, Any]]:
        """Each of these persons signs it; the engine's answers."""
        return [
            self.bench.do("cure", by=name, now=self.now, payment=broken.id, outcome=outcome)
            for name in by or ("ann", "ben")
        ]

    def answered(self, broken: BreakView, outcome: str) -> None:
        """Two persons sign it, and the sender looks again."""
        said = self.say(broken, outcome)
        assert [state for state, _ in said] == ["done", "done"], said
        self.settle(after=SOON)

    def assert_whole(self) -> None:
        """Books and chain are equal to the last unit, and nothing is open."""
        assert [(each.kind, each.subject) for each in self.found()] == []
        assert set(self.residuals().values()) == {0}
