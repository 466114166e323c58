"""What our addresses may still send: by our own rows, less what is on its way out already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from db import bulk
from db.attempts import Attempt, AttemptOutput
from db.models import Coin, Payment
from engine import ledger, outflows
from engine.sender.coins import SPENDABLE

ASKED_MAX = 500  # addresses in one query

_Key = tuple[str, str]  # currency, address


class Purse:
    """The funds of one chain's addresses at one tip, as a round of signing takes of them. Amounts
    are units; `coin` is the symbol of the chain's own currency."""

    def __init__(self, coin: str, *, height: int) -> None:
        self._coin = coin
        self._height = height
        self._held: dict[_Key, int] = defaultdict(int)
        self._read: set[str] = set()
        self._out: dict[_Key, int] = defaultdict(int)
        self._unmined: dict[str, int] = defaultdict(int)
        self.own_funds = ledger.own_funds(coin)
        families = _open_families(coin)
        paid = _paid_by([str(family[-1].id) for family in families])
        for family in families:
            self._count(family, paid)

    def available(self, currency: str, address: str) -> int:
        """What may be sent from `address` yet."""
        self.read([address])
        return self._held[currency, address] - self._out[currency, address]

    def unmined(self, address: str) -> int:
        """How many sends of `address` are in no block."""
        return self._unmined[address]

    def take(self, currency: str, address: str, *, units: int, most: int) -> None:
        """One more is sent; it costs `most` of the chain's coin at most."""
        self._out[currency, address] += units
        self._out[self._coin, address] += most
        self._unmined[address] += 1
        self.own_funds -= most

    def read(self, addresses: Collection[str]) -> None:
        """Know these addresses, all of them at once."""
        asked = sorted(set(addresses) - self._read)
        if not asked:
            return
        self._read.update(asked)
        held = outflows.held(self._coin, addresses=asked, height=self._height)
        for key, units in held.items():
            self._held[key] += units
        for currency, address, units in _questioned(self._coin, asked, self._height):
            self._held[currency, address] -= units

    def _count(self, family: Sequence[Attempt], paid: Mapping[str, int]) -> None:
        """What a family of attempts takes that our rows do not show as gone, or our books not as
        paid; `paid` by the newest attempt."""
        newest = family[-1]
        mined = next((row for row in family if row.block_hash is not None), None)
        if mined is not None:
            booked = mined.state == "settled"
            self.own_funds -= 0 if booked else int(mined.paid_units or mined.fee_units)
            return
        address, most = str(newest.address), max(int(row.fee_units) for row in family)
        units = paid.get(str(newest.id), 0)  # a row that was lost stops nobody else's payment
        self.take(str(newest.currency), address, units=units, most=most)


def _open_families(chain: str) -> list[list[Attempt]]:
    """Attempts that are not booked in a block, by family; of those booked, such as left their
    block."""
    booked = (Attempt.state == "settled") & ~Attempt.block_hash.is_null()
    rows = bulk.read_rows(
        Attempt.select()
        .where(
            (Attempt.chain == chain)
            & (Attempt.final == 0)
            & (Attempt.state != "dead")
            & ~Attempt.address.is_null()
            & ~booked
        )
        .order_by(Attempt.family, Attempt.number)
    )
    found: dict[str, list[Attempt]] = defaultdict(list)
    for row in rows:
        found[row.family].append(row)
    return list(found.values())


def _paid_by(made: Sequence[str]) -> dict[str, int]:
    rows = AttemptOutput.select().where(bulk.one_of(AttemptOutput.attempt, made))
    return {str(row.attempt): int(row.units) for row in bulk.read_rows(rows)}


def _questioned(
    chain: str, addresses: Sequence[str], height: int
) -> Iterable[tuple[str, str, int]]:
    """Coins that are somebody's question: of deposits that are not credited, of transfers that
    are not settled, and whatever is out of its block for now."""
    settled = Payment.state.in_(SPENDABLE) & (Payment.unsettled == 0)
    for start in range(0, len(addresses), ASKED_MAX):
        part = list(addresses[start : start + ASKED_MAX])
        rows: Any = (
            Coin.select(Coin.currency, Coin.address, Coin.units)
            .join(Payment, on=(Coin.payment == Payment.id))
            .where(
                (Coin.chain == chain)
                & Coin.address.in_(part)
                & (Coin.height <= height)
                & (Coin.spent_height.is_null() | (Coin.spent_height > height))
                & ~settled
            )
        )
        yield from ((c, a, int(units)) for c, a, units in rows.tuples())
