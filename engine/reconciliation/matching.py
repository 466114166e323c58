"""The comparison itself: the node's coins, one by one, with the lines of the books.

Pure but for the questions it hands on: who spends a coin that is gone, and whether a block is still
on the active chain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine import ledger
from engine.chain import Fact, Unspent
from engine.holdings import REST
from engine.ledger import NewEntry
from engine.reconciliation.kinds import MEND, Finding
from engine.reconciliation.lines import Line
from engine.reconciliation.mending import LOSS, entry_of

Coin = tuple[str, str]

POSTED_WRONGLY = ("amount_differs", "duplicate_credit")


@dataclass(frozen=True, slots=True)
class Questions:
    """What only the node can say of coins that it does not show: `spenders` as Chain.spenders,
    `is_active` whether the chain holds a block. `attempts` tells which chain txs are ours, and
    `own_coins` what the wallet accounts hold of coins that came back to us. `undone` are coins of
    booked spends that a reorganisation took out of their blocks: named with those."""

    spenders: Callable[[Collection[Coin], int], Mapping[Coin, Fact]]
    is_active: Callable[[str], bool]
    attempts: Callable[[Collection[str]], frozenset[str]]
    own_coins: Callable[[Collection[Coin]], Mapping[Coin, int]] = lambda _: {}
    undone: frozenset[Coin] = frozenset()


def compare(
    currency: str, lines: Sequence[Line], coins: Iterable[Unspent], ask: Questions
) -> list[Finding]:
    """Every difference between the two; their `difference`s add up to what the node has more."""
    shown = {coin.coin: coin for coin in coins}
    known = {line.coin: line for line in lines}
    named = shown.keys() | ask.undone
    gone = [line for line in lines if line.expected and line.coin not in named]
    spenders = _spenders_of(gone, ask)
    outside = {coin.spender for coin in shown.values() if coin.spender is not None}
    attempts = ask.attempts({fact.txid for fact in spenders.values()} | outside)
    thefts = _Thefts(currency, attempts)
    own = ask.own_coins([line.coin for line in lines if _is_odd(line, shown.get(line.coin))])
    found = []
    for line in gone:
        fact = spenders.get(line.coin)
        if fact is not None and fact.txid in attempts:
            found.append(_lagging(currency, line, fact))
        elif fact is not None:
            thefts.take(line, fact)
        else:
            found.append(_missing(currency, line, ask, own.get(line.coin, 0)))
    for key in sorted(shown):
        ours, coin = known.get(key), shown[key]
        if ours is not None and not (ours.is_nowhere and thefts.give_back(coin)):
            found += _differing(currency, ours, coin, thefts, own.get(key, ours.expected))
        elif ours is None and key not in ask.undone and not thefts.give_back(coin):
            found.append(_extra(currency, coin))
    return [*found, *thefts.findings()]


def together(
    lines: Sequence[Line], others: Iterable[Finding], compared: Iterable[Finding]
) -> tuple[Finding, ...]:
    """All findings, those about a deposit's postings taken into the one about its coin: mending the
    coin cures both."""
    by_name = {_name(line.coin): line for line in lines}
    of_coins = {f.payments[0]: f for f in compared if MEND in f.evidence and f.payments}
    of_postings = {
        f.subject: f
        for f in others
        if f.kind in POSTED_WRONGLY and f.subject in of_coins and "posted" in f.evidence
    }
    mended = [
        _with_postings(by_name[f.subject], f, of_postings[f.payments[0]])
        if f.payments and f.payments[0] in of_postings and f is of_coins.get(f.payments[0])
        else f
        for f in compared
    ]
    left = (f for f in others if of_postings.get(f.subject) is not f)
    return (*left, *mended)


def _with_postings(line: Line, coin: Finding, postings: Finding) -> Finding:
    posted = {
        (account, coin.currency): int(units)
        for account, units in postings.evidence["posted"].items()
    }
    units = coin.evidence[MEND]["units"]
    shown = None if units is None else int(units)
    return replace(
        coin,
        difference=coin.difference + postings.difference,
        evidence={**coin.evidence, "posted": postings.evidence["posted"]},
        entry=entry_of(coin.currency, line, shown, posted=posted),
    )


def _spenders_of(gone: Sequence[Line], ask: Questions) -> Mapping[Coin, Fact]:
    if not gone:
        return {}
    lowest = min(int(line.height or 0) for line in gone)
    return ask.spenders([line.coin for line in gone], lowest)


def _is_odd(line: Line, coin: Unspent | None) -> bool:
    """Whether a coin of our own is not as its row has it."""
    if line.is_deposit or not line.expected:
        return False
    return coin is None or coin.units != line.expected


def _differing(
    currency: str, line: Line, coin: Unspent, thefts: _Thefts, held: int
) -> Iterator[Finding]:
    """What is wrong with a coin that both sides have, of which the books hold `held` units."""
    name, evidence = _name(coin.coin), _evidence(line, coin)
    difference = coin.units - (line.expected if line.is_deposit else held)
    if coin.spender is not None:
        thefts.announce(line, coin.spender)
    if not line.expected:
        yield Finding(
            "state_lags",
            currency,
            name,
            coin.units,
            evidence,
            difference,
            payments=_payments(line),
        )
    elif difference or {line.expected, line.coin_units} - {None, coin.units}:
        units = difference or coin.units - int(line.coin_units or 0)
        evidence[MEND] = {"units": str(coin.units)}
        yield Finding(
            "amount_differs",
            currency,
            name,
            units,
            evidence,
            difference,
            entry=entry_of(currency, line, coin.units, own_units=held),
            payments=_payments(line),
        )
    elif line.coin_units is None:
        yield Finding(
            "missing_in_books", currency, name, coin.units, evidence, payments=_payments(line)
        )
    elif not line.height == line.coin_height == coin.height:
        yield Finding("state_lags", currency, name, coin.units, evidence, payments=_payments(line))


def _missing(currency: str, line: Line, ask: Questions, held: int) -> Finding:
    """A coin of the books that is not in the chain, and that nothing of ours spends; of one of our
    own the books hold `held` units."""
    name, evidence = _name(line.coin), _evidence(line, None)
    if line.hash is None or not ask.is_active(line.hash):
        kind, entry = "reorged", None
    elif not line.booked:
        kind, entry = "state_lags", None
    else:
        kind = "missing_on_chain"
        entry = entry_of(currency, line, None, own_units=held)
        evidence[MEND] = {"units": None}
    difference = -line.expected
    if kind == "missing_on_chain" and line.payment is None:
        difference = -held
    return Finding(
        kind, currency, name, -line.expected, evidence, difference, entry, _payments(line)
    )


def _lagging(currency: str, line: Line, fact: Fact) -> Finding:
    """An attempt of ours spends it in a block, and its row does not say so."""
    evidence = _evidence(line, None) | {"attempt": fact.txid, "block": _block(fact)}
    return Finding(
        "state_lags", currency, _name(line.coin), -line.expected, evidence, -line.expected
    )


def _extra(currency: str, coin: Unspent) -> Finding:
    """What the node has more; or less, where no coin of the books can be it."""
    evidence = _of_node(coin) | {"txid": coin.txid, "index": coin.index}
    kind = "missing_in_books" if coin.units >= 0 else "missing_on_chain"
    return Finding(kind, currency, _name(coin.coin), coin.units, evidence, coin.units)


class _Thefts:
    """Chain txs that spend coins of ours and are no attempt of ours: what went in, what came back
    to us as change."""

    def __init__(self, currency: str, attempts: frozenset[str]) -> None:
        self._currency = currency
        self._attempts = attempts
        self._spent: dict[str, list[Line]] = defaultdict(list)
        self._announced: dict[str, list[Line]] = defaultdict(list)
        self._back: dict[str, list[Unspent]] = defaultdict(list)
        self._facts: dict[str, Fact] = {}

    def take(self, line: Line, fact: Fact) -> None:
        """`line` is spent by a chain tx in a block."""
        self._spent[fact.txid].append(line)
        self._facts[fact.txid] = fact

    def announce(self, line: Line, spender: str) -> None:
        """`line` is spent by a chain tx that is in no block yet."""
        if spender not in self._attempts:
            self._announced[spender].append(line)

    def give_back(self, coin: Unspent) -> bool:
        """Whether `coin` is change of such a chain tx."""
        if coin.txid not in self._spent:
            return False
        self._back[coin.txid].append(coin)
        return True

    def findings(self) -> Iterator[Finding]:
        for txid in sorted(self._spent.keys() | self._announced.keys()):
            spent, back = self._spent[txid], self._back[txid]
            difference = sum(c.units for c in back) - sum(line.expected for line in spent)
            announced = self._announced[txid]
            evidence = {
                "txid": txid,
                "spent": [_name(line.coin) for line in (*spent, *announced)],
                "units_spent": str(sum(line.expected for line in (*spent, *announced))),
                "came_back": {_name(coin.coin): str(coin.units) for coin in back},
                "change": [[coin.index, coin.address, str(coin.units)] for coin in back],
                "block": _block(self._facts.get(txid)),
            }
            yield Finding(
                "unknown_spend",
                self._currency,
                txid,
                difference or -sum(line.expected for line in announced),
                evidence,
                difference,
                entry=self._loss(spent, back, difference),
            )

    def _loss(
        self, spent: Sequence[Line], change: Sequence[Unspent], difference: int
    ) -> NewEntry | None:
        if not difference or not all(line.booked for line in spent):
            return None
        accounts = [(line.wallet, line.expected) for line in spent]
        back = difference + sum(line.expected for line in spent)
        came = [(coin.index, coin.address, coin.units) for coin in change]
        back_to = account_of_change(came, spent)
        return loss_of(self._currency, accounts, back=back, back_to=back_to)


class HasPlace(Protocol):
    """A coin at an address, on a wallet account."""

    @property
    def address(self) -> str: ...
    @property
    def account(self) -> str: ...


def account_of_change(change: Sequence[Sequence[Any]], spent: Sequence[HasPlace]) -> str:
    """The wallet account of what came back, given as (index, address, units): a hot coin, but what
    is left of an address's balance is where its coins were."""
    kept = {str(address) for index, address, _ in change if str(index).startswith(REST)}
    return next(
        (str(c.account) for c in spent if c.address in kept and c.account), ledger.WALLET_HOT
    )


def loss_of(
    currency: str,
    spent: Sequence[tuple[str, int]],
    *,
    back: int,
    back_to: str = ledger.WALLET_HOT,
) -> NewEntry:
    """The entry by which coins that a stranger spent, given as (wallet account, units), leave the
    books: `back` units of them came back and are on `back_to` now, the rest is lost."""
    sums: dict[str, int] = defaultdict(int)
    for account, units in spent:
        sums[account] -= units
    sums[back_to] += back
    sums[LOSS] = -sum(sums.values())
    lines = (ledger.Line(account, currency, units) for account, units in sums.items() if units)
    return NewEntry("cure", tuple(lines), overdraw=True)


def _payments(line: Line) -> tuple[str, ...]:
    return () if line.payment is None else (line.payment,)


def _name(coin: Coin) -> str:
    return ":".join(coin)


def _block(fact: Fact | None) -> dict[str, Any] | None:
    if fact is None or fact.block is None:
        return None
    return {"height": fact.block.height, "hash": fact.block.hash}


def _of_node(coin: Unspent | None) -> dict[str, Any]:
    if coin is None:
        return {"node": None}
    return {
        "node": {"units": str(coin.units), "height": coin.height, "generated": coin.generated},
        "address": coin.address,
    }


def _evidence(line: Line, coin: Unspent | None) -> dict[str, Any]:
    books = {
        "payment": line.payment,
        "state": line.state or None,
        "units": str(line.units),
        "coin_units": None if line.coin_units is None else str(line.coin_units),
        "height": line.height,
        "hash": line.hash,
        "coin_height": line.coin_height,
        "client": line.client,
    }
    known = {"txid": line.txid, "index": line.index, "address": line.address}
    return {**known, "books": books, **_of_node(coin)}
