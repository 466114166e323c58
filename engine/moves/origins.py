"""Where coins at the house's own addresses come from: whoever had them decides what they are.

Asked once, when the coin is seen first: later a node may not know any more whose coins they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from db.models import Address, Coin, Payment
from engine.chain import Arrival, Followed, Oddity, Senders
from engine.config import Currency
from engine.ledger import WALLET_COLD
from engine.moves.addresses import COLD, canonical, house_addresses
from engine.moves.cold_sends import from_cold
from engine.sender.attempts import known_txids

TOP_UP = "top_up"
FROM_COLD = "cold"
BY_HAND = "our own coins, spent by hand, paid this address: not a deposit"


def known_moves(txids: Iterable[str]) -> frozenset[str]:
    """Which of these chain txs are attempts of ours, or moves out of the cold wallet."""
    asked = sorted(set(txids))
    rows = Payment.select(Payment.txid).where(
        (Payment.kind == "transfer") & (Payment.state != "failed") & Payment.txid.in_(asked)
    )
    return frozenset(str(row.txid) for row in rows) | known_txids(asked)


@dataclass(frozen=True, slots=True)
class ColdSpend:
    """A chain tx that spends coins of the cold address and nothing else, with what of it arrived
    at addresses of the house."""

    txid: str
    senders: Senders
    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """`deposits` become payments of their own, those named in `origins` (by txid) with an origin;
    `cold` are moves out of the cold wallet, `cold_sends` those of addresses that count their sends;
    `oddities` are for staff to see."""

    deposits: list[Arrival]
    origins: dict[str, str] = field(default_factory=dict)
    cold: list[ColdSpend] = field(default_factory=list)
    oddities: tuple[Oddity, ...] = ()
    cold_sends: list[Arrival] = field(default_factory=list)


@dataclass(slots=True)
class _Sorting:
    """What was found so far; coins at addresses of the house of `skipped` chain txs are no
    deposits."""

    skipped: set[str]
    origins: dict[str, str] = field(default_factory=dict)
    cold: list[ColdSpend] = field(default_factory=list)
    odd: list[Oddity] = field(default_factory=list)

    def take(self, coins: Sequence[Arrival], senders: Senders | None, origin: str) -> None:
        """Put one chain tx, which made `coins`, where its origin says."""
        txid = coins[0].txid
        if origin == TOP_UP:
            self.origins[txid] = TOP_UP
        elif origin == FROM_COLD and senders is not None:
            self.cold.append(ColdSpend(txid, senders, tuple(coins)))
            self.skipped.add(txid)
        elif origin == BY_HAND:
            self.odd += [Oddity(f"{txid}:{coin.index}", BY_HAND) for coin in coins]
            self.skipped.add(txid)

    def result(self, foreign: Iterable[Arrival], house: Mapping[str, str]) -> Sorted:
        """Everything, once all chain txs were taken."""
        rest = [a for a in foreign if a.address not in house or a.txid not in self.skipped]
        return Sorted(rest, self.origins, self.cold, tuple(self.odd))


class Sorter:
    """Sorts the arrivals of one chain. One thread owns an instance, with the node it asks."""

    def __init__(self, currency: Currency, node: Followed) -> None:
        self._currency = currency
        self._node = node

    def sort(self, arrivals: Iterable[Arrival]) -> Sorted:
        """Split arrivals by where they belong. Only one that is new at an address of the house
        costs calls. Raises NodeDown, NodeRefused."""
        listed = list(arrivals)
        foreign = [arrival for arrival in listed if not arrival.own]
        house = house_addresses(self._currency.chain)
        found = self._sort(foreign, house)
        return replace(found, cold_sends=from_cold(listed, house))

    def _sort(self, foreign: list[Arrival], house: dict[str, str]) -> Sorted:
        paid: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in foreign:
            if arrival.address in house:
                paid[arrival.txid].append(arrival)
        if not paid:
            return Sorted(foreign)
        sorting = _Sorting(set(known_moves(paid)))
        deposited = self._deposited(paid)
        for txid, coins in paid.items():
            new = any((coin.txid, coin.index) not in deposited for coin in coins)
            if new and txid not in sorting.skipped:
                senders = self._node.senders(txid)
                sorting.take(coins, senders, self._origin(senders, house))
        return sorting.result(foreign, house)

    def _deposited(self, txids: Iterable[str]) -> set[tuple[str, str]]:
        """Coins of these chain txs that are deposits already."""
        rows = Payment.select(Payment.txid, Payment.idx).where(
            (Payment.chain == self._currency.chain)
            & (Payment.kind == "deposit")
            & Payment.txid.in_(sorted(txids))
        )
        return {(str(row.txid), str(row.idx)) for row in rows}

    def _origin(self, senders: Senders | None, house: Mapping[str, str]) -> str:
        if senders is None:
            return ""
        by_purpose = {house.get(address, "") for address in senders.addresses}
        if self._are_hot(senders.addresses):
            return BY_HAND
        if COLD in by_purpose:
            # Coins of others among them would make it another sum: a person looks.
            pure = senders.known and by_purpose == {COLD}
            return FROM_COLD if pure and self._are_booked(senders) else ""
        allowed = self._currency.top_up_from
        if allowed is None:
            return TOP_UP
        listed = {canonical(self._currency, each) for each in allowed}
        spelled = {canonical(self._currency, each) for each in senders.addresses}
        return TOP_UP if senders.known and spelled <= listed else ""

    def _are_booked(self, senders: Senders) -> bool:
        """Whether the books know each of these cold coins: only such can leave them."""
        txids = {coin.txid for coin in senders.coins}
        chain = self._currency.chain
        rows = Coin.select(Coin.txid, Coin.idx).where(
            (Coin.chain == chain) & (Coin.account == WALLET_COLD) & Coin.txid.in_(sorted(txids))
        )
        booked = {(str(row.txid), str(row.idx)) for row in rows} | self._deposited(txids)
        sent = known_txids(txids)  # on its way to us, and in no block yet
        return all(c.txid in sent or (c.txid, c.index) in booked for c in senders.coins)

    def _are_hot(self, addresses: Iterable[str]) -> bool:
        """Whether one of them is an address whose keys the node's wallet holds for us."""
        return bool(
            Address.select()
            .where(
                (Address.chain == self._currency.chain)
                & Address.address.in_(sorted(addresses))
                & (Address.purpose != COLD)
            )
            .exists()
        )
