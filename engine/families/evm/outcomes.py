"""What became of chain txs of ours: mined is what receipt and active chain agree on, and what they
moved is what balances of the same block prove. A log alone is only what a contract says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.chain import Block, BlockRef, Fact, Standing
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.landed import landed_coins
from engine.families.evm.receipts import Receipt, active_blocks, receipts_told
from engine.families.evm.transfers import Holding, Transfer, brought, growth, transfers_of
from engine.families.evm.transport import Transport
from engine.families.evm.values import (
    OddValue,
    address_of,
    hash_of,
    list_of,
    quantity_of,
    table_of,
)
from engine.sending import ANOTHER_SEND, Outcome, Send

REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Mined:
    """One of our sends in a block of the active chain. `contract` is None for the chain's coin."""

    send: Send
    receipt: Receipt
    block: Block
    fee: int
    contract: str | None

    @property
    def txid(self) -> str:
        return self.receipt.txid

    @property
    def source(self) -> str:
        return self.send.source.lower()

    @property
    def target(self) -> str:
        return self.send.to.lower()

    def is_told_by(self, known: Outcome) -> bool:
        """Whether the receipt still says what it said then: a node may have been wrong once."""
        return (known.succeeded, known.fee) == (self.receipt.succeeded, self.fee)

    def became(
        self, left: int | None, arrived: int | None, *, place: str = "tx", proved: bool = True
    ) -> Outcome:
        fact = Fact(self.txid, Standing.MINED, self.block.ref)
        return Outcome(
            fact, self.receipt.succeeded, self.fee, left, arrived, place=place, proved=proved
        )


class OutcomeReader:
    """Answers for one chain. `contracts` as in `Sends`; `is_ours` tells of addresses in lower case.
    What a block moved stays true of that block and its receipts, and is not asked again. One thread
    owns an instance."""

    def __init__(
        self,
        node: Transport,
        contracts: Mapping[str, str | None],
        is_ours: Callable[[str], bool],
    ) -> None:
        self._node = node
        self._contracts = contracts
        self._is_ours = is_ours
        self._known: dict[tuple[str, str, Send], Outcome] = {}

    def outcomes(self, sends: Mapping[str, Send], *, tip: BlockRef) -> dict[str, Outcome]:
        """One for each, as of `tip`. Raises OddValue, and NodeDown, too, when `tip` has left the
        node's chain."""
        told = receipts_told(self._node, sends)
        placed = {txid: each for txid, each in told.items() if isinstance(each, Receipt)}
        low = [each.block.height for each in placed.values() if each.block.height <= tip.height]
        active = active_blocks(self._node, [*low, tip.height])
        if tip.height not in active or active[tip.height].hash != tip.hash:
            raise NodeDown("the node's chain moved while it was asked")
        found = {
            txid: _unreadable(txid, str(each))
            for txid, each in told.items()
            if isinstance(each, OddValue)
        }
        found |= self._of_mined(
            {
                txid: (sends[txid], each, active[each.block.height])
                for txid, each in placed.items()
                if each.block.height in active and active[each.block.height].ref == each.block
            }
        )
        rest = [txid for txid in sends if txid not in found]
        later = {txid for txid in rest if txid in placed and placed[txid].block.height > tip.height}
        return found | self._outside(rest, later)

    def _outside(self, txids: Sequence[str], later: set[str]) -> dict[str, Outcome]:
        """Those in no block up to the tip; `later` are in one above it."""
        asked = [txid for txid in txids if txid not in later]
        calls = [("eth_getTransactionByHash", (txid,)) for txid in asked]
        replies = dict(zip(asked, self._node.batch(calls), strict=True))
        if any(isinstance(reply, NodeRefused) for reply in replies.values()):
            raise NodeDown("the node does not tell where a chain tx is")
        known = {txid for txid, row in replies.items() if row is not None} | later
        return {
            txid: Outcome(Fact(txid, Standing.MEMPOOL if txid in known else Standing.ABSENT))
            for txid in txids
        }

    def _of_mined(self, placed: Mapping[str, tuple[Send, Receipt, Block]]) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        fresh: list[_Mined] = []
        for txid, (send, receipt, block) in placed.items():
            try:
                mined = self._mined(send, receipt, block)
            except OddValue as error:
                found[txid] = _unreadable(txid, str(error))
                continue
            known = self._known.get((txid, block.hash, send))
            if known is not None and mined.is_told_by(known):
                found[txid] = known
            else:
                fresh.append(mined)
        judged = self._judged(fresh)
        self._remember(fresh, judged)
        return found | judged

    def _mined(self, send: Send, receipt: Receipt, block: Block) -> _Mined:
        """Raises OddValue for a receipt that is not of this send, or does not tell its cost."""
        if send.currency not in self._contracts:
            raise OddValue(f"{send.currency} is no currency of this chain any more")
        contract, row = self._contracts[send.currency], receipt.row
        to = send.to.lower() if contract is None else contract
        if address_of(row.get("from")) != send.source.lower() or address_of(row.get("to")) != to:
            raise OddValue(ANOTHER_SEND)
        return _Mined(send, receipt, block, _fee(row), contract)

    def _remember(self, fresh: Sequence[_Mined], judged: Mapping[str, Outcome]) -> None:
        """Only what leaves nothing open: the rest is asked again."""
        if len(self._known) > REMEMBERED_MAX:
            self._known.clear()
        for each in fresh:
            told = judged[each.txid]
            if told.proved and told.left is not None:
                self._known[each.txid, each.block.hash, each.send] = told

    def _judged(self, fresh: Sequence[_Mined]) -> dict[str, Outcome]:
        found = {}
        coins, tokens = [], defaultdict[tuple[Block, str], list[_Mined]](list)
        for each in fresh:
            if not each.receipt.succeeded:
                found[each.txid] = each.became(0, 0)
            elif each.contract is None:
                coins.append(each)
            else:
                tokens[each.block, each.contract].append(each)
        return found | self._of_coins(coins) | self._of_tokens(tokens)

    def _of_coins(self, mined: Sequence[_Mined]) -> dict[str, Outcome]:
        """The coin leaves when the chain tx succeeds; whether it stays with a target of ours, the
        balance tells where code is."""
        ours = [each for each in mined if self._is_ours(each.target)]
        landed = landed_coins(self._node, [(each.txid, each.target, each.block) for each in ours])
        calls = [("eth_getTransactionByHash", (each.txid,)) for each in mined]
        found = {}
        for each, row in zip(mined, self._node.batch(calls), strict=True):
            try:
                left = _value(each, row)
            except OddValue as error:
                found[each.txid] = _unreadable(each.txid, str(error))
                continue
            if left != each.send.units:  # rows and node contradict each other
                found[each.txid] = each.became(None, None)
                continue
            came = landed.get(each.txid)
            arrived = left if came is None or came.units is None else came.units
            told = came is None or came.units is not None
            found[each.txid] = each.became(left, arrived, proved=told)
        return found

    def _of_tokens(self, mined: Mapping[tuple[Block, str], Sequence[_Mined]]) -> dict[str, Outcome]:
        found = {}
        logs = transfers_of(self._node, list(mined))
        for (block, contract), its_logs in zip(mined, logs, strict=True):
            sends = mined[block, contract]
            holders = {each.source for each in sends}
            holders |= {each.target for each in sends if self._is_ours(each.target)}
            holdings = [(contract, holder) for holder in sorted(holders)]
            grown = growth(self._node, block, holdings)
            for each in sends:
                try:
                    found[each.txid] = _of_token(each, its_logs, grown)
                except OddValue as error:
                    found[each.txid] = _unreadable(each.txid, str(error))
        return found


def _value(mined: _Mined, row: object) -> int:
    """What a chain tx carried as the node has it. Raises OddValue, NodeDown."""
    if isinstance(row, NodeRefused):
        raise NodeDown("the node does not tell of a chain tx", detail=row.detail)
    if hash_of(table_of(row).get("hash")) != mined.txid:
        raise OddValue("the node told of another chain tx")
    return quantity_of(table_of(row).get("value"))


def _of_token(
    mined: _Mined, logs: Sequence[Transfer], grown: Mapping[Holding, int | None]
) -> Outcome:
    """What one send of a token moved, by all logs of its contract in the block and by what the
    balances grew by in it. Raises OddValue."""
    own = [log for log in logs if log.txid == mined.txid]
    paid = [log for log in own if (log.sender, log.to) == (mined.source, mined.target)]
    left, source_told = _left(mined, logs, own, grown)
    arrived, target_told = _arrived(mined, logs, paid, grown, left)
    place = f"log:{_ordinal(mined.receipt, paid[0])}" if paid else "log:0"
    return mined.became(left, arrived, place=place, proved=source_told and target_told)


def _left(
    mined: _Mined,
    logs: Sequence[Transfer],
    own: Sequence[Transfer],
    grown: Mapping[Holding, int | None],
) -> tuple[int | None, bool]:
    """What left the source, and whether the node told its balance."""
    moved = -_change(own, mined.source)
    has_paid = any((log.sender, log.to) == (mined.source, mined.target) for log in own)
    change = grown[str(mined.contract), mined.source]
    if change is not None and change != _change(logs, mined.source):
        return None, True  # the balance contradicts the logs
    if change is None and not moved:
        return None, False  # a contract that logs nothing may have moved something all the same
    if moved < 0 or (moved > 0 and not has_paid):
        return None, True
    return moved, change is not None


def _change(logs: Sequence[Transfer], holder: str) -> int:
    """What logs say that a balance grew by."""
    came = sum(log.units for log in logs if log.to == holder)
    return came - sum(log.units for log in logs if log.sender == holder)


def _arrived(
    mined: _Mined,
    logs: Sequence[Transfer],
    paid: Sequence[Transfer],
    grown: Mapping[Holding, int | None],
    left: int | None,
) -> tuple[int | None, bool]:
    """What came to the target, and whether the node told its balance; at a stranger's, what the
    log says, unless the sender's balance contradicts it."""
    said = sum(log.units for log in paid)
    holding = str(mined.contract), mined.target
    if holding not in grown:
        return None if left is None else said, True
    if grown[holding] is None:
        return said, False
    came = brought(logs, grown)
    return sum(came[log.place].units or 0 for log in paid), True


def _ordinal(receipt: Receipt, log: Transfer) -> int:
    """Which of its chain tx's logs it is."""
    places = [quantity_of(row.get("logIndex")) for row in list_of(receipt.row["logs"])]
    if log.place not in places:
        raise OddValue("a log is not in the receipt of its chain tx")
    return places.index(log.place)


def _fee(row: Mapping[str, Any]) -> int:
    """What it cost in units of the chain's coin; chains above another name its share apart."""
    beneath = row.get("l1Fee")
    own = quantity_of(row.get("gasUsed")) * quantity_of(row.get("effectiveGasPrice"))
    return own if beneath is None else own + quantity_of(beneath)


def _unreadable(txid: str, words: str) -> Outcome:
    return Outcome(Fact(txid, Standing.UNREADABLE, words=words))
