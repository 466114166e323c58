"""What waits for staff, oldest first, and all that one looks at before signing or refusing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console import deciding, words
from console.columns import Column
from console.frame import ConsoleScreen
from console.listing import PagedList
from console.safe import clip

if TYPE_CHECKING:
    from engine.approvals.case import Case, Offered
    from engine.approvals.queue import Waiting
    from engine.config import Config

GONE_KEPT = 3  # things that left the queue under the eyes of the person, said above the list


class QueueRows:
    """Pages of what waits."""

    def count(self, config: Config) -> int:
        from engine.approvals import queue

        return queue.count(config)

    def page(
        self, config: Config, *, after: Waiting | None, skip: int, limit: int
    ) -> Sequence[Waiting]:
        from engine.approvals import queue

        return queue.page(config, after=after, skip=skip, limit=limit)

    def again(self, config: Config, rows: Sequence[Waiting]) -> Sequence[Waiting]:
        from engine.approvals import queue

        return queue.of_payments(config, [row.id for row in rows])


class ApprovalsScreen(ConsoleScreen):
    """The queue above, the selected thing below. What another person does is seen at once; what
    was selected and left the queue is said, so that nobody signs the next one by mistake."""

    CSS_PATH = "approvals.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "act('approve')", "approve"),
        Binding("a", "act('sign')", "sign"),
        Binding("b", "act('book')", "book"),
        Binding("r", "act('refuse')", "refuse"),
        Binding("n", "act('note')", "note"),
        Binding("y", "copy", "copy address", show=False),
        Binding("c", "copy_id", "copy id", show=False),
        Binding("space", "scroll(1)", "read on", key_display="space"),
        Binding("shift+space,backspace", "scroll(-1)", "read back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._selected: Waiting | None = None
        self._case: Case | None = None
        self._offer: Offered | None = None
        self._told_of = ""
        self._gone: list[str] = []

    def compose_body(self) -> ComposeResult:
        yield Static(id="standing", markup=False)
        nothing = "nothing waits for staff"
        yield PagedList(self._columns(), ask=self.ask, nothing=nothing, name="queue")
        with VerticalScroll(id="case", can_focus=False):
            yield Static(id="told", markup=False)

    def on_mount(self) -> None:
        self.listing.focus()
        self.listing.show(QueueRows())

    @property
    def listing(self) -> PagedList:
        return self.query_one(PagedList)

    def load(self) -> None:
        self.listing.reload()

    # What moves.

    def moved(self, payments: Collection[str]) -> None:
        """What is looked at is brought up to date at once, the others with the next figures."""
        from engine.approvals.queue import touching

        if self._selected is not None and touching(self._selected) & set(payments):
            self.listing.reload()

    def pulsed(self) -> None:
        self.listing.reload()

    def tick(self) -> None:
        self.listing.refresh()
        self._say()

    def on_paged_list_loaded(self) -> None:
        self._look_at(self.listing.row)

    def on_paged_list_touched(self) -> None:
        self._gone.clear()
        self._look_at(self.listing.row)

    def on_paged_list_opened(self, event: PagedList.Opened) -> None:
        row: Waiting = event.row
        payment = row.id if row.view is not None else deciding.payment_of(row)
        if payment:
            self.console_app.open_payment(payment)

    # The selected one.

    def _look_at(self, row: Waiting | None) -> None:
        before, self._selected = self._selected, row
        if before is not None and (row is None or row.id != before.id):
            self._ask_what_became_of(before)
        self._say()
        if row is None:
            self._case = self._offer = None
            self._tell()
            return
        person, now = self.console_app.staff, self.console_app.clock()

        def question(config: Config) -> tuple[str, Case | None, Offered | None]:
            from engine.approvals import case

            if row.proposal is not None:
                found = case.offered(config, row.proposal, row.signed, staff=person)
                return row.id, None, found
            of_payment = case.case_of(config, row.id, staff=person, now=now)
            return row.id, of_payment, None if of_payment is None else of_payment.offer

        self.ask("case", question, self._take)

    def _take(self, answer: tuple[str, Case | None, Offered | None]) -> None:
        if self._selected is not None and self._selected.id == answer[0]:
            if self._told_of != answer[0]:
                self.query_one("#case", VerticalScroll).scroll_home(animate=False)
            self._told_of, self._case, self._offer = answer
            self._tell()

    def _ask_what_became_of(self, row: Waiting) -> None:
        """Nothing, where the person only went to another row."""

        def question(config: Config) -> str | None:
            from engine.approvals import queue

            if row.view is None:
                waiting = {each.id for each in queue.half_signed(config)}
                return None if row.id in waiting else "signed by another person, or void"
            return queue.moves_of(config, [row.id]).get(row.id)

        def then(became: str | None) -> None:
            if became is not None:
                said = deciding.gone(row, became, self.console_app.clock())
                self._gone = [*self._gone, said][-GONE_KEPT:]
                self._say()

        self.ask(f"gone.{row.id}", question, then)

    # Drawing.

    def _say(self) -> None:
        total = self.listing.total
        if total is None:
            said = " looking…"
        elif not total:
            said = " nothing waits for staff"
        else:
            said = f" {total:,} {'waits' if total == 1 else 'wait'} for staff, oldest first"
        lines = [Content.styled(said, "$foreground-muted")]
        width = max(1, self.size.width - 1)
        lines += [Content.styled(clip(f" ! {each}", width), "$state-asks") for each in self._gone]
        self.query_one("#standing", Static).update(Content("\n").join(lines))

    def _tell(self) -> None:
        row, config = self._selected, self.console_app.source.config
        width = max(20, self.size.width - 3)
        lines: list[deciding.Line] = []
        if row is not None and config is not None and self._told_of == row.id:
            if self._case is not None:
                lines = deciding.of_payment(row, self._case, width, config)
            elif self._offer is not None:
                lines = deciding.of_act(row, self._offer, width, config)
        elif row is not None:
            lines = [deciding.title(row, width), deciding.line("looking…", "$foreground-muted")]
        self.query_one("#told", Static).update(deciding.together(lines, width))
        self.query_one("#case").set_class(row is None, "nothing")
        self.refresh_bindings()
        self.look()

    def on_resize(self) -> None:
        self._tell()

    def _columns(self) -> tuple[Column, ...]:
        def age(row: Waiting) -> tuple[str, str]:
            return words.age(row.since, self.console_app.clock()), ""

        return (
            Column("age", 7, age, right=True),
            Column("what", 12, lambda row: (deciding.what(row), "asks")),
            Column("client", 9, lambda row: (row.client or "-", ""), grow=1),
            Column("amount", 17, deciding.amount, right=True),
            Column("held by", 13, lambda row: (row.why, ""), grow=4),
            Column("signed", 6, lambda row: (deciding.signed(row), "")),
        )

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what the role may do, and what this kind of thing needs."""
        if action != "act":
            return True
        row, act = self._selected, str(parameters[0])
        if row is None:
            return False
        return act in deciding.acts_on(row) and self.console_app.may(deciding.act_of(row, act))

    def action_act(self, act: str) -> None:
        """Begin a signed act on what is selected; what stands against it is said instead."""
        row, offer = self._selected, self._offer
        if row is None:
            return
        if self._told_of != row.id:
            self.console_app.notify("one moment: it is being looked up", timeout=2)
            return
        stands = (
            "" if offer is None or act in {"refuse", "note"} else offer.why_not or offer.not_you
        )
        if stands:
            self.console_app.notify(stands, severity="warning", markup=False)
            return
        self.console_app.act(deciding.proposal_on(row, act), self._acted)

    def _acted(self, _done: Any) -> None:
        self.listing.reload()

    def action_copy(self) -> None:
        """Copy the address that would be paid, or that the coin came to."""
        row = self._selected
        self.console_app.copy(
            None if row is None or row.view is None else row.view.address, "address"
        )

    def action_copy_id(self) -> None:
        row = self._selected
        self.console_app.copy(None if row is None else row.id, "id")

    def action_scroll(self, pages: int) -> None:
        """Read on in what does not fit below the list."""
        case = self.query_one("#case", VerticalScroll)
        case.scroll_relative(y=pages * max(1, case.size.height - 1), animate=False)
