"""The comparison itself: the node's coins, one by one, with the lines of the books.

Pure but for the questions it hands on: who spends a coin that is gone, and whether a block is still
on the active chain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import ledger
from engine.chain import Fact, Unspent
from engine.ledger import NewEntry
from engine.reconciliation.kinds import Finding
from engine.reconciliation.lines import Line

Coin = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Questions:
    """What only the node can say of coins that it does not show: `spenders` as Chain.spenders,
    `is_active` whether the chain holds a block. `attempts` tells which chain txs are ours."""

    spenders: Callable[[Collection[Coin], int], Mapping[Coin, Fact]]
    is_active: Callable[[str], bool]
    attempts: Callable[[Collection[str]], frozenset[str]]


def compare(
    currency: str, lines: Sequence[Line], coins: Iterable[Unspent], ask: Questions
) -> list[Finding]:
    """Every difference between the two; their `difference`s add up to what the node has more."""
    shown = {coin.coin: coin for coin in coins}
    known = {line.coin: line for line in lines}
    gone = [line for line in lines if line.expected and line.coin not in shown]
    spenders = _spenders_of(gone, ask)
    outside = {coin.spender for coin in shown.values() if coin.spender is not None}
    attempts = ask.attempts({fact.txid for fact in spenders.values()} | outside)
    thefts = _Thefts(currency, attempts)
    found = []
    for line in gone:
        fact = spenders.get(line.coin)
        if fact is not None and fact.txid in attempts:
            found.append(_lagging(currency, line, fact))
        elif fact is not None:
            thefts.take(line, fact)
        else:
            found.append(_missing(currency, line, ask))
    for key in sorted(shown):
        if key in known:
            found += _differing(currency, known[key], shown[key], thefts)
        elif not thefts.give_back(shown[key]):
            found.append(_extra(currency, shown[key]))
    return [*found, *thefts.findings()]


def _spenders_of(gone: Sequence[Line], ask: Questions) -> Mapping[Coin, Fact]:
    if not gone:
        return {}
    lowest = min(int(line.height or 0) for line in gone)
    return ask.spenders([line.coin for line in gone], lowest)


def _differing(currency: str, line: Line, coin: Unspent, thefts: _Thefts) -> Iterator[Finding]:
    """What is wrong with a coin that both sides have."""
    name, evidence = _name(coin.coin), _evidence(line, coin)
    difference = coin.units - line.expected
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
    elif difference or line.coin_units not in {None, coin.units}:
        units = difference or coin.units - int(line.coin_units or 0)
        yield Finding(
            "amount_differs",
            currency,
            name,
            units,
            evidence,
            difference,
            entry=_adjusted(currency, line, difference),
        )
    elif line.coin_units is None:
        yield Finding(
            "missing_in_books", currency, name, coin.units, evidence, payments=_payments(line)
        )
    elif not line.height == line.coin_height == coin.height:
        yield Finding("state_lags", currency, name, coin.units, evidence, payments=_payments(line))


def _missing(currency: str, line: Line, ask: Questions) -> Finding:
    """A coin of the books that is not in the chain, and that nothing of ours spends."""
    active = line.hash is not None and ask.is_active(line.hash)
    back = None
    if active and line.booked:
        back = ledger.shift(
            "adjust", currency, -line.expected, to=line.account or _WALLET, out_of=_owner(line)
        )
    return Finding(
        "missing_on_chain" if active else "reorged",
        currency,
        _name(line.coin),
        -line.expected,
        _evidence(line, None),
        -line.expected,
        entry=back,
        payments=_payments(line),
    )


def _lagging(currency: str, line: Line, fact: Fact) -> Finding:
    """An attempt of ours spends it in a block, and its row does not say so."""
    evidence = _evidence(line, None) | {"attempt": fact.txid, "block": _block(fact)}
    return Finding(
        "state_lags", currency, _name(line.coin), -line.expected, evidence, -line.expected
    )


def _extra(currency: str, coin: Unspent) -> Finding:
    evidence = _of_node(coin) | {"txid": coin.txid, "index": coin.index}
    return Finding("missing_in_books", currency, _name(coin.coin), coin.units, evidence, coin.units)


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
                entry=self._loss(spent, difference),
            )

    def _loss(self, spent: Sequence[Line], difference: int) -> NewEntry | None:
        if not difference or not all(line.booked for line in spent):
            return None
        accounts = [(line.account or _WALLET, line.expected) for line in spent]
        back = difference + sum(line.expected for line in spent)
        return loss_of(self._currency, accounts, back=back)


_WALLET = ledger.WALLET_DEPOSITS
LOSS = "loss"


def loss_of(currency: str, spent: Sequence[tuple[str, int]], *, back: int) -> NewEntry:
    """The entry by which coins that a stranger spent, given as (wallet account, units), leave the
    books: `back` units of them came back as change and are hot ones now, the rest is lost."""
    sums: dict[str, int] = defaultdict(int)
    for account, units in spent:
        sums[account] -= units
    sums[ledger.WALLET_HOT] += back
    sums[LOSS] = -sum(sums.values())
    lines = (ledger.Line(account, currency, units) for account, units in sums.items() if units)
    return NewEntry("cure", tuple(lines), overdraw=True)


def _adjusted(currency: str, line: Line, difference: int) -> NewEntry | None:
    """What makes the books say what the node shows, against whoever has the coin."""
    if not difference or not line.booked:
        return None
    account = line.account or _WALLET
    return ledger.shift("adjust", currency, difference, to=account, out_of=_owner(line))


def _owner(line: Line) -> str:
    if line.payment is None:
        return LOSS
    if line.state == "credited":
        return ledger.owner_account(line.client)
    return ledger.suspense_account(line.payment)


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
