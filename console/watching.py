"""What is said of a chain and its money, as lines; nothing that draws."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from console import words
from console.bars import bars
from console.deciding import Line, line
from console.safe import middle
from engine.money import format_amount

if TYPE_CHECKING:
    from engine.chain_figures import ChainFigures, Course, Funds

HOLDER_CELLS = 16
WEI_IN_GWEI = 9


def state_of(chain: ChainFigures) -> tuple[str, str]:
    """`= well` or why not, and its style's name."""
    if not chain.running:
        return "! no engine", "wrong"
    if chain.view.state != "well":
        return "! paused", "wrong"
    return ("! braked", "asks") if chain.brakes else ("= well", "done")


def tip_age(seconds: int | None) -> str:
    """How old the newest block is: `41 s`, `12 min`, `3 h`."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"


def fee_rate(chain: ChainFigures) -> str:
    """What the network asks now, in the unit that people use."""
    if chain.fee_rate is None:
        return "-"
    if chain.family == "evm":
        return f"{format_amount(chain.fee_rate, WEI_IN_GWEI)} gwei"
    return f"{format_amount(chain.fee_rate, 3)} sat/vB"


def amount(units: int, funds: Funds) -> str:
    """An amount with its currency, aligned like everywhere."""
    return words.amount(units, funds.decimals, funds.currency)


def told(chain: ChainFigures, funds: Funds, course: Course | None, now: datetime) -> list[Line]:
    """All that is known of one currency and its chain."""
    return [
        line(f"{chain.name} · {chain.network} · {funds.currency}", "bold"),
        *_trouble(chain),
        line(),
        *_node(chain, now),
        line(),
        *_money(chain, funds),
        line(),
        *(_course(course) if course is not None else [line("counting…", "$foreground-muted")]),
    ]


def _trouble(chain: ChainFigures) -> list[Line]:
    """What is wrong, what it means for the money, what to do."""
    symbol, view = chain.view.symbol, chain.view
    lines: list[Line] = []
    if not chain.running:
        since = words.day(view.beat_at) if view.beat_at else "it was set up"
        lines.append(("! engine", f"silent since {since} UTC", "bold $state-wrong"))
        lines.append(("money", "nothing is credited or paid; coins that arrive are safe", ""))
        lines.append(
            ("to do", "start it: cashier run --only engine; its log says why it ended", "")
        )
    elif view.state != "well":
        lines.append(
            ("! paused", f"{view.reason}, since {words.day(view.since)} UTC", "bold $state-wrong")
        )
        lines.append(
            ("money", "arrivals are shown, nothing is credited or paid; it goes on by itself", "")
        )
        lines.append(("to do", f"look at the node; cashier check {symbol} names what is wrong", ""))
    for brake in chain.brakes:
        what = f"{brake.currency} {brake.words} since {words.day(brake.since)} UTC"
        lines.append(("! brake", f"{what}: {brake.reason}", "$state-asks"))
    return lines


def _node(chain: ChainFigures, now: datetime) -> list[Line]:
    view = chain.view
    height = "-" if view.height is None else f"{view.height:,}"
    block = middle(view.hash or "-", 24)
    asked = f"asked {words.age(view.checked_at, now)} ago" if view.checked_at else "never asked"
    peers = "-" if view.peers is None else str(view.peers)
    engine = "none is alive"
    if chain.running:
        holder = f"{middle(chain.holder, HOLDER_CELLS)} follows, " if chain.holder else ""
        engine = f"{holder}alive {words.age(view.beat_at, now)} ago"
    fee = fee_rate(chain)
    if chain.fee_rate_at:
        fee += f", asked {words.age(chain.fee_rate_at, now)} ago"
    return [
        (
            "block",
            f"{height}  {block}  {view.behind or 0} behind, {tip_age(chain.tip_age)} old",
            "",
        ),
        ("node", f"{view.version or 'unknown'}, {peers} peers, {asked}", ""),
        ("network fee", fee, ""),
        ("engine", engine, ""),
    ]


def _money(chain: ChainFigures, funds: Funds) -> list[Line]:
    ceiling = f"  ceiling {amount(funds.ceiling, funds)}" if funds.ceiling is not None else ""
    lines: list[Line] = [
        ("hot", f"{amount(funds.hot, funds)}{ceiling}", ""),
        ("deposits", amount(funds.deposits, funds), ""),
        ("cold", amount(funds.cold, funds), ""),
        ("free to send", amount(funds.free, funds), ""),
        ("asked for", f"{amount(funds.waiting, funds)} by clients, not in a chain tx yet", ""),
    ]
    if funds.short:
        short = f"{amount(funds.short, funds)} short: top up the hot address"
        lines.append(("! funds", short, "bold $state-asks"))
    lines.append(("hot address", chain.hot_address or "not made yet", ""))
    return lines


def _course(course: Course) -> list[Line]:
    hours = f"last {course.hours} h" if course.hours else "this hour"
    return [
        line(f"{hours}, each bar an hour, this one last", "$foreground-muted"),
        ("blocks", _row(course.blocks, None, f"{sum(course.blocks)} in all"), ""),
        ("deposits", _row(course.deposits, course.hours, f"{sum(course.deposits)} in all"), ""),
        ("queue", _row(course.queue, course.hours, f"{course.queue[-1]} wait now"), ""),
    ]


def _row(figures: tuple[int, ...], known: int | None, said: str) -> str:
    shown = None if known is None else max(1, known)
    return f"{bars(figures, known=shown)}  {said}, most {max(figures)}"
