"""What our rows say of our own chain txs against what they did, where a node keeps no coins: all
that left an address, and all that landed at another one of ours.

The wallet accounts follow from what was settled, not from these rows: a wrong row is part of the
residual only until then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from db import bulk
from db.attempts import Attempt
from engine.chain import Unspent
from engine.reconciliation.kinds import MEND, Finding
from engine.reconciliation.lines import Line


def split(lines: Sequence[Line], coins: Iterable[Unspent]) -> tuple[list[Unspent], list[Unspent]]:
    """Those of `coins` that are of our own sends, and the others."""
    listed, known = list(coins), {line.coin: line.of_send for line in lines}
    ours = _states({coin.txid for coin in listed if coin.coin not in known})
    sends, others = list[Unspent](), list[Unspent]()
    for coin in listed:
        (sends if known.get(coin.coin, coin.txid in ours) else others).append(coin)
    return sends, others


def differences(
    currency: str, lines: Sequence[Line], coins: Sequence[Unspent]
) -> Iterator[Finding]:
    """What is wrong with our rows of our own sends; `coins` is what they did, of `split`."""
    known = {line.coin: line for line in lines if line.of_send}
    shown = {coin.coin: coin for coin in coins}
    states = _states({txid for txid, _ in shown.keys() - known.keys()})
    for key in sorted(known.keys() | shown.keys()):
        line, coin = known.get(key), shown.get(key)
        units = 0 if coin is None else coin.units
        if line is None and coin is not None:
            settled = states.get(coin.txid) == "settled"
            evidence = _evidence(coin, None)
            evidence["send"] = evidence["attempt"]
            difference = 0 if settled else units
            yield Finding("missing_in_books", currency, _name(key), units, evidence, difference)
        elif line is not None and line.expected != units:
            wrong = units - line.expected
            evidence = _evidence(coin, line) | {MEND: {"units": str(abs(units))}}
            difference = 0 if line.state == "credited" else wrong
            yield Finding("amount_differs", currency, _name(key), wrong, evidence, difference)


def _evidence(coin: Unspent | None, line: Line | None) -> dict[str, Any]:
    """What the chain tx did by the node's word, and what our row says. Units are signed."""
    txid, index = coin.coin if coin is not None else line.coin if line is not None else ("", "")
    attempt = Attempt.get_or_none(Attempt.txid == txid)
    found: dict[str, Any] = {
        "txid": txid,
        "index": index,
        "address": coin.address if coin is not None else line.address if line is not None else "",
        "attempt": None if attempt is None else attempt.id,
        "node": None,
        "books": None,
    }
    if coin is not None:
        found["node"] = {"units": str(coin.units), "height": coin.height}
    if line is not None:
        found["books"] = {"units": str(line.units), "height": line.height, "hash": line.hash}
        found["payment"] = line.payment
    return found


def _states(txids: Collection[str]) -> dict[str, str]:
    """The states of those that are attempts of addresses that count their sends, by txid."""
    if not txids:
        return {}
    rows = Attempt.select(Attempt.txid, Attempt.state).where(
        bulk.one_of(Attempt.txid, sorted(txids)) & ~Attempt.nonce.is_null()
    )
    return {str(row.txid): str(row.state) for row in rows}


def _name(coin: tuple[str, str]) -> str:
    return ":".join(coin)
