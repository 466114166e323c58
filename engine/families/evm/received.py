"""Whether the node shows one coin of ours, in a block of its active chain: asked without any state,
so that a node that prunes can tell for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.chain import Block, Spend
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.arrivals import BY_BLOCK
from engine.families.evm.frames import Tracer
from engine.families.evm.receipts import Receipt, active_blocks, receipts_told
from engine.families.evm.transfers import transfer_in
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, address_of, is_hash, list_of, quantity_of, table_of


class CoinChecker:
    """Looks coins up for one chain. `contracts` as in `Sends`; `is_ours` tells of addresses in
    lower case: what an address of ours sent is no coin that came."""

    def __init__(
        self,
        node: Transport,
        tracer: Tracer,
        contracts: Mapping[str, str | None],
        is_ours: Callable[[str], bool],
    ) -> None:
        self._node = node
        self._tracer = tracer
        self._contracts = contracts
        self._is_ours = is_ours

    def shows(self, spend: Spend, currency: str) -> bool:
        """Whether this coin is there, with its address and at least its units. What only a balance
        showed is never found again. Raises OddValue, NodeDown."""
        spend, in_block = _of_log(spend)
        if not is_hash(spend.txid) or currency not in self._contracts:
            return False
        receipt = receipts_told(self._node, [spend.txid]).get(spend.txid)
        if isinstance(receipt, OddValue):
            raise receipt
        if receipt is None or not receipt.succeeded:
            return False
        if self._is_ours(address_of(receipt.row.get("from"))):
            return False
        block = active_blocks(self._node, [receipt.block.height]).get(receipt.block.height)
        if block is None or block.ref != receipt.block or in_block not in {"", block.hash}:
            return False
        return self._brought(spend, self._contracts[currency], receipt, block)

    def _brought(self, spend: Spend, contract: str | None, receipt: Receipt, block: Block) -> bool:
        kind, _, place = spend.index.partition(":")
        if contract is not None:
            return kind == "log" and _is_logged(spend, contract, receipt, place)
        if spend.index == "tx":
            return self._is_paid(spend)
        return kind == "call" and self._is_called(spend, place, block)

    def _is_paid(self, spend: Spend) -> bool:
        try:
            row = table_of(self._node.call("eth_getTransactionByHash", spend.txid))
        except NodeRefused as error:
            raise NodeDown("the node does not tell of a chain tx", detail=error.detail) from None
        paid = str(row.get("to")).lower() == spend.address.lower()
        return paid and quantity_of(row.get("value")) == spend.units

    def _is_called(self, spend: Spend, path: str, block: Block) -> bool:
        (frames,) = self._tracer.frames([block], {spend.address.lower()})
        return any(
            (each.txid, each.path, each.to) == (spend.txid, path, spend.address.lower())
            and each.units == spend.units
            for each in frames
        )


def _of_log(spend: Spend) -> tuple[Spend, str]:
    """The coin by its chain tx, where a person was asked what its log brought, and the block that
    it was asked of; empty where nobody was."""
    txid, _, index = spend.index.partition(":")
    is_of_log = is_hash(txid) and index.startswith("log:")
    if not (is_of_log and spend.txid.startswith(BY_BLOCK)):
        return spend, ""
    return replace(spend, txid=txid, index=index), spend.txid.removeprefix(BY_BLOCK)


def _is_logged(spend: Spend, contract: str, receipt: Receipt, place: str) -> bool:
    logs = list_of(receipt.row.get("logs"))
    if not place.isdecimal() or int(place) >= len(logs):
        return False
    log = transfer_in(logs[int(place)])
    return (
        log is not None
        and (log.txid, log.contract) == (spend.txid, contract)
        and log.to == spend.address.lower()
        and log.units >= spend.units
    )
