"""Booking a spend by a stranger as a loss, and taking it back when a reorganisation undid it: the
entry, the spent coins and the change in one database transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from db import bulk
from db.attempts import Attempt
from db.findings import Break
from db.models import Coin
from engine import chains
from engine.approvals.curing import STALE, Cure, chronicled
from engine.config import Currency
from engine.deposits.rules import confirmations
from engine.errors import ActRefused
from engine.reconciliation.matching import account_of_change, loss_of
from engine.reconciliation.spends import booked_spends, cures_in, name_of

KEY = ("chain", "txid", "idx", "currency")
ASKED_MAX = 500  # chain txs in one query


def book(currency: Currency, row: Break) -> Cure:
    """A chain tx that is not ours spent coins of ours: they are spent, what came back is ours, and
    the rest is lost. Raises ActRefused for one that may still leave the chain."""
    evidence = json.loads(row.evidence)
    _check_deep(currency, row, evidence)
    if Attempt.select().where(Attempt.txid == row.subject).exists():
        raise ActRefused(STALE)
    spent = _unspent(currency, evidence["spent"])
    back = sum(int(units) for _, _, units in evidence["change"])
    entry = loss_of(
        currency.symbol,
        [(str(coin.account), int(coin.units)) for coin in spent],
        back=back,
        back_to=account_of_change(evidence["change"], spent),
    )
    write = partial(_note_spend, currency, row, spent, evidence)
    return chronicled(cures_in(currency.symbol), entry, write)


def take_back(currency: Currency, row: Break) -> Cure:
    """A booked spend is in no block any more: its entry backwards, its coins are ours again and its
    change is none. Should it be mined after all, it is named again."""
    booked = booked_spends(currency.symbol).get(row.subject)
    evidence = json.loads(row.evidence)
    if booked is None or not evidence.get("undone") or row.entry is None:
        raise ActRefused(STALE)
    write = partial(_note_undone, currency, row.subject)
    return chronicled(cures_in(currency.symbol), booked.back, write)


def _check_deep(currency: Currency, row: Break, evidence: Mapping[str, Any]) -> None:
    """A block that may still leave the chain is no loss yet."""
    if evidence.get("block") is None:
        raise ActRefused("it is in no block yet: secure the keys, and wait until it is mined")
    height = chains.followed_height(currency.chain)
    deep = confirmations(height, int(evidence["block"]["height"]))
    required = currency.confirmations.required(abs(int(row.units)))
    if deep < required:
        raise ActRefused(f"its block has {deep} of {required} confirmations: wait for the others")


def _unspent(currency: Currency, names: Sequence[str]) -> list[Coin]:
    """The coins of these names, in order; each must be unspent still. Few statements: a thief takes
    thousands."""
    wanted = [name_of(name) for name in names]
    txids, found = sorted({txid for txid, _ in wanted}), dict[tuple[str, str], Coin]()
    for start in range(0, len(txids), ASKED_MAX):
        rows = Coin.select().where(
            (Coin.chain == currency.chain)
            & (Coin.currency == currency.symbol)
            & Coin.txid.in_(txids[start : start + ASKED_MAX])
            & Coin.spent_height.is_null()
        )
        found |= {(str(row.txid), str(row.idx)): row for row in rows}
    if not wanted or any(coin not in found for coin in wanted):
        raise ActRefused(STALE)
    return [found[coin] for coin in wanted]


def _note_spend(
    currency: Currency, row: Break, spent: Sequence[Coin], evidence: Mapping[str, Any]
) -> None:
    """Spent coins are never chosen again, and the change is one of ours like any other."""
    block = evidence["block"]
    changes = {
        "spent_txid": row.subject,
        "spent_height": block["height"],
        "spent_hash": block["hash"],
    }
    rows = [{f"match.{name}": getattr(coin, name) for name in KEY} | changes for coin in spent]
    bulk.update_rows(Coin, rows, match=KEY, changes=list(changes))
    bulk.insert_rows(
        Coin,
        [
            {
                "chain": currency.chain,
                "txid": row.subject,
                "idx": index,
                "currency": currency.symbol,
                "address": address,
                "account": account_of_change(evidence["change"], spent),
                "units": int(units),
                "height": block["height"],
                "hash": block["hash"],
            }
            for index, address, units in evidence["change"]
        ],
        on="ON CONFLICT (chain, txid, idx, currency) DO UPDATE SET"
        " height = excluded.height, hash = excluded.hash",
    )


def _note_undone(currency: Currency, txid: str) -> None:
    ours = (Coin.chain == currency.chain) & (Coin.currency == currency.symbol)
    Coin.update(spent_txid=None, spent_height=None, spent_hash=None).where(
        ours & (Coin.spent_txid == txid)
    ).execute()
    Coin.update(height=None, hash=None).where(
        ours & (Coin.txid == txid) & Coin.payment.is_null()
    ).execute()
