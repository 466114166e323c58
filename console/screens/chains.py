"""Chains: each node's health, what the wallets hold and need, and the brakes that staff put on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from console import deciding, watching, words
from console.columns import Column
from console.frame import ConsoleScreen
from console.listing import PagedList

if TYPE_CHECKING:
    from datetime import datetime

    from engine.chain_figures import ChainFigures, Course, Funds
    from engine.config import Config

AGAIN_S = 10  # seconds between two counts of the course


@dataclass(frozen=True, slots=True)
class Line:
    """One currency with the chain that it lives on."""

    chain: ChainFigures
    funds: Funds

    @property
    def id(self) -> str:
        return self.funds.currency


class ChainRows:
    """Every currency of the configuration, those of one chain together."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def count(self, config: Config) -> int:
        return len(config.currencies)

    def page(self, config: Config, *, after: Line | None, skip: int, limit: int) -> Sequence[Line]:
        from engine.chain_figures import figures

        now: datetime = self._clock()
        found = [Line(chain, each) for chain in figures(config, now) for each in chain.funds]
        behind = 0 if after is None else [row.id for row in found].index(after.id) + 1
        return found[behind + skip :][:limit]

    def again(self, config: Config, rows: Sequence[Line]) -> Sequence[Line]:
        return self.page(config, after=None, skip=0, limit=len(rows))


class ChainsScreen(ConsoleScreen):
    """The list above, all that is known of the selected one below."""

    CSS_PATH = "chains.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "brake('pause', '')", "pause"),
        Binding("u", "brake('resume', '')", "resume"),
        Binding("d", "switch('deposit')", "deposits on/off"),
        Binding("w", "switch('withdrawal')", "withdrawals on/off"),
        Binding("s", "switch('sweep')", "sweeps on/off", show=False),
        Binding("y", "copy", "copy hot address"),
        Binding("space", "scroll(1)", "read on", key_display="space", show=False),
        Binding("shift+space,backspace", "scroll(-1)", "read back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._course: tuple[str, Course] | None = None
        self._asked_s = 0

    def compose_body(self) -> ComposeResult:
        nothing = "no chain was contacted yet: start the engine"
        yield PagedList(_columns(), ask=self.ask, nothing=nothing, name="chains")
        with VerticalScroll(id="chain", can_focus=False):
            yield Static(id="told", markup=False)

    def on_mount(self) -> None:
        self.listing.focus()
        self.listing.show(ChainRows(self.console_app.clock))

    @property
    def listing(self) -> PagedList:
        return self.query_one(PagedList)

    def load(self) -> None:
        self.listing.reload()

    def pulsed(self) -> None:
        self.listing.reload()

    def tick(self) -> None:
        self._asked_s += 1
        if self._asked_s >= AGAIN_S:
            self._ask_course()
        self._tell()

    def on_paged_list_loaded(self) -> None:
        if self._course is None:
            self._ask_course()
        self._tell()

    def on_paged_list_touched(self) -> None:
        self._ask_course()
        self._tell()

    async def on_paged_list_opened(self, event: PagedList.Opened) -> None:
        """The open payments of this currency."""
        await self.console_app.show_live(f"state:open currency:{event.row.funds.currency}")

    def on_resize(self) -> None:
        self._tell()

    def _ask_course(self) -> None:
        row, now = self.listing.row, self.console_app.clock()
        self._asked_s = 0
        if row is None:
            return

        def question(config: Config) -> tuple[str, Course]:
            from engine.chain_figures import course

            symbol = row.chain.view.symbol
            return symbol, course(config, symbol, now)

        self.ask("course", question, self._counted)

    def _counted(self, answer: tuple[str, Course]) -> None:
        self._course = answer
        self._tell()

    def _tell(self) -> None:
        row: Line | None = self.listing.row
        width = max(20, self.size.width - 3)
        lines: list[deciding.Line] = []
        if row is not None:
            known = self._course
            course = known[1] if known and known[0] == row.chain.view.symbol else None
            lines = watching.told(row.chain, row.funds, course, self.console_app.clock())
        self.query_one("#told", Static).update(deciding.together(lines, width))

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what the role may do is offered."""
        if action == "brake":
            return self.console_app.may(str(parameters[0]))
        return self.console_app.may("pause") if action == "switch" else True

    def action_brake(self, act: str, kind: str) -> None:
        """Pause or resume payments of one kind, or both, of the selected currency."""
        from engine.approvals.plan import Proposal

        row: Line | None = self.listing.row
        if row is not None:
            proposal = Proposal(act=act, currency=row.funds.currency, kind=kind or None)
            self.console_app.act(proposal, self._acted)

    def action_switch(self, kind: str) -> None:
        """Pause payments of one kind, or resume them where they are paused."""
        row: Line | None = self.listing.row
        if row is not None:
            on = {(brake.currency, brake.kind) for brake in row.chain.brakes}
            paused = (row.funds.currency, kind) in on
            self.action_brake("resume" if paused else "pause", kind)

    def _acted(self, _done: Any) -> None:
        self.listing.reload()

    def action_copy(self) -> None:
        """Copy the address that the house's own coins are sent to."""
        row: Line | None = self.listing.row
        self.console_app.copy(None if row is None else row.chain.hot_address, "hot address")

    def action_scroll(self, pages: int) -> None:
        """Read on in what does not fit below the list."""
        box = self.query_one("#chain", VerticalScroll)
        box.scroll_relative(y=pages * max(1, box.size.height - 1), animate=False)


def _columns() -> tuple[Column, ...]:
    return (
        Column("coin", 6, lambda row: (row.funds.currency, "")),
        Column("state", 11, lambda row: watching.state_of(row.chain)),
        Column("block", 10, _height, right=True),
        Column("behind", 6, lambda row: (str(row.chain.view.behind or 0), ""), right=True, drop=1),
        Column("tip", 6, lambda row: (watching.tip_age(row.chain.tip_age), ""), right=True),
        Column("peers", 5, _peers, right=True, drop=3),
        Column("fee", 17, lambda row: (watching.fee_rate(row.chain), ""), right=True, drop=2),
        Column("free to send", 16, _free, right=True, grow=1),
        Column("asked for", 16, _waiting, right=True, grow=1),
    )


def _height(row: Line) -> tuple[str, str]:
    height = row.chain.view.height
    return "-" if height is None else f"{height:,}", ""


def _peers(row: Line) -> tuple[str, str]:
    peers = row.chain.view.peers
    return "-" if peers is None else str(peers), ""


def _free(row: Line) -> tuple[str, str]:
    return words.listed(row.funds.free, row.funds.decimals, row.funds.currency), ""


def _waiting(row: Line) -> tuple[str, str]:
    asked = words.listed(row.funds.waiting, row.funds.decimals, row.funds.currency)
    return asked, "asks" if row.funds.short else ""
