"""What a run of blocks brought to our addresses: coins, tokens, and what contracts sent on.

One pass over the rows of the blocks, one question for their logs; receipts and balances only for
what matched, however many addresses are ours.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.chain import Arrival, Block, Oddity
from engine.config import Currency
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.blocks import FullBlock, header_at
from engine.families.evm.frames import Frame, Tracer
from engine.families.evm.transfers import Brought, Holding, Transfer, brought, growths, transfers
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, address_of, hash_of, list_of, quantity_of, table_of
from engine.money import format_amount

BY_BLOCK = "block:"  # begins the id of what is no chain tx's own
BALANCE_UNKNOWN = "the node does not know any more what its balance was"


@dataclass(slots=True)
class _Matched:
    """What of one block is about us, before its receipts are known."""

    block: Block
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    coins: list[str] = field(default_factory=list)
    logs: list[Transfer] = field(default_factory=list)
    left: list[Transfer] = field(default_factory=list)  # what our addresses sent to others
    frames: list[Frame] = field(default_factory=list)

    @property
    def txids(self) -> list[str]:
        logs, frames = (log.txid for log in self.logs), (frame.txid for frame in self.frames)
        return list(dict.fromkeys((*self.coins, *logs, *frames)))

    def holdings(self, contracts: Container[str]) -> list[Holding]:
        """Whose balances of these contracts tell what the logs are worth."""
        return sorted({(log.contract, log.to) for log in self.logs if log.contract in contracts})


@dataclass(slots=True)
class Found:
    """What the blocks brought, and what of them is no deposit and yet worth a look."""

    arrivals: list[Arrival] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)


class ArrivalReader:
    """Reads blocks for one chain. `tokens` by their contracts in lower case; `ours` the stored form
    of each address by its lower-case one."""

    def __init__(
        self, currency: Currency, tokens: Mapping[str, Currency], node: Transport, tracer: Tracer
    ) -> None:
        self._currency = currency
        self._tokens = tokens
        self._node = node
        self._tracer = tracer

    def read(self, blocks: Sequence[FullBlock], ours: Mapping[str, str]) -> Found:
        """Everything in `blocks`. Raises OddValue, NodeDown."""
        found = Found()
        busy = [each for each in blocks if each.rows]
        about_us = [each for each in self._match(busy, ours) if each.txids]
        told = receipts(self._node, [txid for each in about_us for txid in each.txids])
        asked = [(each.block, each.holdings(self._tokens)) for each in about_us]
        for matched, grown in zip(about_us, growths(self._node, asked), strict=True):
            if None in grown.values():
                self._insist_on(matched.block)
            own = _all_in(matched.block, matched.txids, told)
            _OneBlock(self._currency, self._tokens, ours, matched, own, grown).read(found)
        return found

    def _insist_on(self, block: Block) -> None:
        """A balance that is not told means something only while the block is there."""
        now = header_at(self._node, block.height)
        if now is None or now.hash != block.hash:
            raise NodeDown("the node's chain moved while it was asked")

    def _match(self, blocks: Sequence[FullBlock], ours: Mapping[str, str]) -> Iterator[_Matched]:
        if not blocks:
            return
        headers = [each.block for each in blocks]
        logs, frames = transfers(self._node, headers, ours), self._tracer.frames(headers, ours)
        for each, its_logs, its_frames in zip(blocks, logs, frames, strict=True):
            matched = _Matched(each.block)
            matched.logs = [log for log in its_logs if log.units and log.to in ours]
            matched.left = [log for log in its_logs if log.to not in ours]
            matched.frames = its_frames
            wanted = set(matched.txids)
            for row in each.rows:
                to = row.get("to")
                pays = isinstance(to, str) and to.lower() in ours and quantity_of(row.get("value"))
                if pays or row.get("hash") in wanted:
                    matched.rows[hash_of(row.get("hash"))] = row
                if pays:
                    matched.coins.append(hash_of(row.get("hash")))
            yield matched


class _OneBlock:
    """Turns what matched in one block into arrivals."""

    def __init__(
        self,
        currency: Currency,
        tokens: Mapping[str, Currency],
        ours: Mapping[str, str],
        matched: _Matched,
        told: Mapping[str, Mapping[str, Any]],
        grown: Mapping[Holding, int | None],
    ) -> None:
        self._currency = currency
        self._tokens = tokens
        self._ours = ours
        self._matched = matched
        self._receipts = told
        self._grown = grown

    def read(self, found: Found) -> None:
        found.arrivals += [each for each in self._coins() if each is not None]
        found.arrivals += [each for each in self._frames() if each is not None]
        self._read_logs(found)

    def _coins(self) -> Iterator[Arrival | None]:
        for txid in self._matched.coins:
            row = self._matched.rows[txid]
            units, to = quantity_of(row.get("value")), address_of(row.get("to"))
            yield self._arrival(txid, "tx", self._currency.symbol, to, units)

    def _frames(self) -> Iterator[Arrival | None]:
        for frame in self._matched.frames:
            yield self._arrival(
                frame.txid,
                f"call:{frame.path}",
                self._currency.symbol,
                frame.to,
                frame.units,
                own=frame.sender in self._ours,
            )

    def _arrival(
        self,
        txid: str,
        index: str,
        currency: str,
        to: str,
        units: int,
        *,
        own: bool = False,
        doubt: str = "",
    ) -> Arrival | None:
        """None where the chain tx as a whole failed: its value stayed where it was."""
        if not quantity_of(self._receipts[txid].get("status")):
            return None
        row = self._matched.rows.get(txid)
        if row is None:
            raise OddValue("a log or a call is of a chain tx that its block does not have")
        sender = address_of(row.get("from"))
        return Arrival(
            txid,
            index,
            currency,
            self._ours[to],
            units,
            self._matched.block.ref,
            own=own or sender in self._ours,
            sender=sender,
            nonce=quantity_of(row.get("nonce")),
            doubt=doubt,
        )

    def _read_logs(self, found: Found) -> None:
        known = [log for log in self._matched.logs if log.contract in self._tokens]
        for log in self._matched.logs:
            if log.contract not in self._tokens:
                found.oddities.append(_unlisted(log, self._ours[log.to]))
        if not known:
            return
        came = brought([*self._matched.logs, *self._matched.left], self._grown)
        for log in known:
            arrival, oddity = self._of_log(log, came[log.place])
            found.arrivals += [arrival] if arrival is not None else []
            found.oddities += [oddity] if oddity is not None else []

    def _of_log(self, log: Transfer, came: Brought) -> tuple[Arrival | None, Oddity | None]:
        token = self._tokens[log.contract]
        index = f"log:{self._ordinal(log)}"
        if came.units == 0:
            said = format_amount(log.units, token.decimals)
            reason = f"its log says {said} {token.symbol}, the balance did not grow: not a deposit"
            return None, Oddity(f"{log.txid}:{index}", reason)
        arrival = self._arrival(
            log.txid,
            index,
            token.symbol,
            log.to,
            log.units if came.units is None else came.units,
            own=log.sender in self._ours,
            doubt="" if came.proved else _doubt(token, log.units, came.units),
        )
        if arrival is None or came.proved:
            return arrival, None
        # How much such a log brought depends on what else is in its block: it stands and goes with
        # this block, and in another one it is another coin.
        return replace(
            arrival, txid=f"{BY_BLOCK}{self._matched.block.hash}", index=f"{log.txid}:{index}"
        ), None

    def _ordinal(self, log: Transfer) -> int:
        """Which of its chain tx's logs it is: the same wherever the chain tx is mined."""
        places = [quantity_of(row.get("logIndex")) for row in self._receipts[log.txid]["logs"]]
        if log.place not in places:
            raise OddValue("a log is not in the receipt of its chain tx")
        return places.index(log.place)


def _doubt(token: Currency, said: int, units: int | None) -> str:
    if units is None:
        return BALANCE_UNKNOWN
    amounts = (format_amount(each, token.decimals) for each in (said, units))
    return "its log says {}, of what the balance grew by it has {}".format(*amounts)


def _unlisted(log: Transfer, address: str) -> Oddity:
    """One line for each contract and address, however often it comes."""
    return Oddity(
        f"unlisted:{log.contract}:{address}",
        f"a token that is not configured, {log.contract}, was sent to {address} by {log.txid}",
    )


def receipts_in(
    node: Transport, txids: Sequence[str], block: Block
) -> dict[str, Mapping[str, Any]]:
    """The receipts of chain txs that stand in `block`. Raises NodeDown where the node has them
    elsewhere: its answers are of different branches then."""
    return _all_in(block, txids, receipts(node, txids))


def _all_in(
    block: Block, txids: Iterable[str], told: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    found = {}
    for txid in txids:
        row = told.get(txid)
        if row is None or hash_of(row.get("blockHash")) != block.hash:
            raise NodeDown("the node's answers are of different branches of the chain")
        found[txid] = row
    return found


def receipts(node: Transport, txids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Receipts by txid; a chain tx in no block has none. Raises OddValue, NodeDown."""
    asked = list(txids)
    found = {}
    replies = node.batch([("eth_getTransactionReceipt", (txid,)) for txid in asked])
    for txid, reply in zip(asked, replies, strict=True):
        if isinstance(reply, NodeRefused):
            raise NodeDown("the node gives no receipts", detail=reply.detail)
        if reply is None:
            continue
        row = table_of(reply)
        if hash_of(row.get("transactionHash")) != txid:
            raise OddValue("a receipt is of another chain tx")
        list_of(row.get("logs"))
        found[txid] = row
    return found
