"""Coins that a cold address sends to the hot one where addresses count their sends: a node shows
who signed, and no coin that was spent. What left the cold address is taken off its oldest coins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from db import bulk
from db.models import Coin, Payment
from engine.chain import Arrival, BlockRef, Followed
from engine.config import Config
from engine.holdings import REST
from engine.ledger import WALLET_COLD, WALLET_HOT
from engine.lifecycle import Batch
from engine.moves.addresses import COLD, HOT, house_addresses
from engine.sending import Payer, Send


def from_cold(arrivals: Sequence[Arrival], house: Mapping[str, str]) -> list[Arrival]:
    """Those that a cold address sent to the hot one by a chain tx of its own."""
    cold = {address.lower() for address, purpose in house.items() if purpose == COLD}
    return [
        arrival
        for arrival in arrivals
        if arrival.own and house.get(arrival.address) == HOT and str(arrival.sender).lower() in cold
    ]


class ColdSends:
    """Opens a pending transfer for each of one chain's; `engine.moves.cold` follows it."""

    def __init__(self, config: Config, symbol: str, new_batch: Callable[[], Batch]) -> None:
        self._config = config
        self._symbol = symbol
        self._new_batch = new_batch

    def open(self, arrivals: Sequence[Arrival], node: Followed, tip: BlockRef) -> int:
        """With its coins, so that no balance shows what no row explains; the moves made. Raises
        NodeDown."""
        fresh = self._unknown(arrivals)
        if not fresh or not isinstance(node, Payer):
            return 0
        house = house_addresses(self._symbol)
        cold = {address.lower(): address for address, each in house.items() if each == COLD}
        fees = _fees(node, fresh, tip)
        with self._new_batch() as batch:
            for arrival in fresh:
                fee = fees.pop(arrival.txid, 0)
                self._open(batch, arrival, cold[str(arrival.sender).lower()], fee)
            return batch.steps

    def _unknown(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        rows = Payment.select(Payment.txid, Payment.idx, Payment.currency).where(
            (Payment.chain == self._symbol)
            & (Payment.kind == "transfer")
            & Payment.txid.in_(sorted({arrival.txid for arrival in arrivals}))
        )
        known = {(row.txid, row.idx, row.currency) for row in rows}
        return [each for each in arrivals if (each.txid, each.index, each.currency) not in known]

    def _open(self, batch: Batch, arrival: Arrival, cold: str, fee: int) -> None:
        currency, units = self._config.currencies[arrival.currency], str(arrival.units)
        facts = {
            "address": arrival.address,
            "txid": arrival.txid,
            "origin": COLD,
            "cold": cold,
            "spent": [],
            "arrived": [[arrival.index, arrival.address, units, WALLET_HOT]],
            "to_hot": units,
            "to_cold": "0",
            "elsewhere": "0",
            "chain_fee": str(fee),
        }
        payment = batch.open(
            kind="transfer",
            client=None,
            currency=currency.symbol,
            chain=self._symbol,
            address=arrival.address,
            units=arrival.units,
            txid=arrival.txid,
            idx=arrival.index,
            required=currency.confirmations.required(arrival.units),
            origin=COLD,
            evidence=facts,
        )
        batch.move(payment, "send", evidence={"txid": arrival.txid, "index": arrival.index})


def _fees(node: Payer, arrivals: Sequence[Arrival], tip: BlockRef) -> dict[str, int]:
    """What each chain tx cost its sender, in units of the chain's coin."""
    sends = {
        each.txid: Send(str(each.sender), each.currency, each.address, each.units)
        for each in arrivals
    }
    return {txid: told.fee for txid, told in node.outcomes(sends, tip=tip).items()}


def note_left(payment: Payment, facts: Mapping[str, Any], block: BlockRef | None) -> None:
    """Take what left the cold address off its coins, inside the caller's database transaction; in
    no block, give it back."""
    _give_back(payment)
    if block is None:
        return
    cold, fee = str(facts["cold"]), int(facts["chain_fee"])
    parts = {payment.currency: int(facts["to_hot"])}
    parts[payment.chain] = parts.get(payment.chain, 0) + fee
    for currency, units in parts.items():
        if units:
            _take(payment, currency, cold, units, block)


def _give_back(payment: Payment) -> None:
    of_payment = (Coin.chain == payment.chain) & (Coin.account == WALLET_COLD)
    Coin.update(spent_txid=None, spent_height=None, spent_hash=None).where(
        of_payment & (Coin.spent_txid == payment.txid)
    ).execute()
    Coin.update(height=None, hash=None).where(
        of_payment & (Coin.txid == payment.txid) & Coin.idx.startswith(REST)
    ).execute()


def _take(payment: Payment, currency: str, cold: str, units: int, block: BlockRef) -> None:
    rows = (
        Coin.select()
        .where(
            (Coin.chain == payment.chain)
            & (Coin.currency == currency)
            & (Coin.address == cold)
            & (Coin.account == WALLET_COLD)
            & Coin.spent_txid.is_null()
            & (Coin.height <= block.height)
        )
        .order_by(Coin.height, Coin.txid, Coin.idx)
    )
    spent, total = [], 0
    for row in bulk.read_rows(rows):
        if total >= units:
            break
        spent.append(row)
        total += int(row.units)
    for row in spent:
        Coin.update(
            spent_txid=payment.txid, spent_height=block.height, spent_hash=block.hash
        ).where(
            (Coin.chain == row.chain)
            & (Coin.txid == row.txid)
            & (Coin.idx == row.idx)
            & (Coin.currency == row.currency)
        ).execute()
    if total > units:
        _note_rest(payment, currency, cold, total - units, block)


def _note_rest(payment: Payment, currency: str, cold: str, units: int, block: BlockRef) -> None:
    row = {
        "chain": payment.chain,
        "txid": payment.txid,
        "idx": f"{REST}{cold}",
        "currency": currency,
        "address": cold,
        "account": WALLET_COLD,
        "units": units,
        "payment": payment.id,
        "height": block.height,
        "hash": block.hash,
    }
    bulk.insert_rows(
        Coin,
        [row],
        on="ON CONFLICT (chain, txid, idx, currency) DO UPDATE SET units = excluded.units,"
        " height = excluded.height, hash = excluded.hash",
    )
