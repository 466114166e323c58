"""One side of the sum: everything that the database says of one currency, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.chain import Unspent
from engine.reconciliation import accounts, outgoing, payouts, sends, timing
from engine.reconciliation.kinds import Finding
from engine.reconciliation.lines import Line, lines_without_coin, read_lines
from engine.reconciliation.matching import Questions, compare, together
from engine.reconciliation.outlays import NOTHING_TOLD, Told

GAP = "wallet accounts"  # the subject of a difference that no coin and no entry explains


@dataclass(frozen=True, slots=True)
class Books:
    """`accounts` are the wallet accounts in units, `lines` the coins behind them (none if they were
    not asked for), `findings` what the tables show without a node, `due` the payments that should
    have been booked by now."""

    currency: str
    accounts: Mapping[str, int]
    timing: tuple[timing.Timing, ...]
    findings: tuple[Finding, ...]
    due: frozenset[str]
    lines: tuple[Line, ...] = ()

    @property
    def units(self) -> int:
        """The wallet accounts together."""
        return sum(self.accounts.values())

    @property
    def expected(self) -> int:
        """Units that the node must have: the wallet accounts and the timing items."""
        return self.units + sum(item.units for item in self.timing)


def read_books(
    chain: str,
    currency: str,
    height: int,
    *,
    lagging: frozenset[str],
    with_lines: bool,
    told: Told = NOTHING_TOLD,
) -> Books:
    """The books of `currency` at a tip of this height, inside the caller's snapshot; `told` is what
    the node said of chain txs of ours."""
    payments = timing.on_the_way(chain, currency)
    sent = outgoing.due(chain, currency, height)
    books = Books(
        currency,
        accounts.wallet_accounts(currency),
        (
            *timing.items(payments, height),
            *timing.sends(chain, currency),
            *outgoing.left(chain, currency),
            *timing.cold_moves(chain, currency),
        ),
        (
            *accounts.coins_of_nobody(chain, currency),
            *accounts.debts(currency),
            *accounts.own_funds(currency),
            *accounts.on_their_way(currency, payments, height, lagging=lagging),
            *accounts.lagging_sends(currency, sent, lagging=lagging),
            *payouts.fees_of_mined(chain, currency, told),
        ),
        accounts.due(payments, height) | {row.id for row in sent},
    )
    if not with_lines:
        return books
    lines = read_lines(chain, currency)
    if sum(line.expected for line in lines) != books.expected:
        lines += lines_without_coin(chain, currency)
    return Books(currency, books.accounts, books.timing, books.findings, books.due, tuple(lines))


@dataclass(frozen=True, slots=True)
class Result:
    """Both sides of one currency, and every difference between them."""

    books: Books
    node_units: int
    findings: tuple[Finding, ...]

    @property
    def residual(self) -> int:
        """What the node has more than the books explain, in units."""
        return self.node_units - self.books.expected

    @property
    def unnamed(self) -> int:
        """The part of the residual that no finding names: nothing, once `settle_up` was called."""
        return self.residual - sum(finding.difference for finding in self.findings)


def moved_since(chain: str, result: Result) -> bool:
    """Whether coins that a result's findings are about, or one of any where it only says that sums
    differ, have other rows by now."""
    odd = {finding.subject for finding in result.findings if finding.difference}
    if not odd:
        return False
    now = {(line.coin, line.expected) for line in read_lines(chain, result.books.currency)}
    then = {
        (line.coin, line.expected) for line in result.books.lines if line.coin_units is not None
    }
    changed = {":".join(coin) for coin, _ in now ^ then}
    return bool(changed and (GAP in odd or changed & odd))


def settle_up(
    books: Books, coins: list[Unspent], ask: Questions, *, more: tuple[Finding, ...]
) -> Result:
    """Compare coin by coin. What is left after that is between the wallet accounts and the coins
    that they are said to hold, and gets its name too; `more` was found elsewhere."""
    lines, (of_sends, others) = books.lines, sends.split(books.lines, coins)
    left = [line for line in lines if not line.of_send]
    compared = [
        *sends.differences(books.currency, lines, of_sends),
        *compare(books.currency, left, others, ask),
    ]
    found = together(left, (*books.findings, *more), compared)
    result = Result(books, sum(coin.units for coin in coins), found)
    if not result.unnamed:
        return result
    evidence = {
        "accounts": {account: str(units) for account, units in sorted(books.accounts.items())},
        "timing": {item.name: str(item.units) for item in books.timing},
        "coins": str(sum(line.expected for line in books.lines)),
    }
    gap = Finding(
        "amount_differs",
        books.currency,
        GAP,
        result.unnamed,
        evidence,
        result.unnamed,
    )
    return Result(books, result.node_units, (*found, gap))
