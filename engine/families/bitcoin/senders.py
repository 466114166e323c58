"""Whose coins a chain tx spends, as far as this node can tell.

A node keeps no index of old chain txs unless it is told to (`txindex`): the wallet knows its own,
the chain what is unspent, the mempool what waits in it. What none of them knows stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.chain import Sender, Senders
from engine.config import Currency
from engine.errors import NodeRefused
from engine.families.bitcoin.transport import Caller
from engine.families.bitcoin.values import (
    OddValue,
    address_of,
    hash_of,
    number_of,
    script_of,
    table_of,
    units_of,
)

NOT_FOUND = -5
CHAIN_ONLY = False  # `gettxout` as the chain has it: in the mempool the coin is spent already
ASKED_MAX = 200  # a chain tx of more inputs keeps its senders to itself; ours have no more


@dataclass(frozen=True, slots=True)
class SenderReader:
    """Answers one question. Raises OddValue, NodeDown and NodeRefused."""

    currency: Currency
    node: Caller

    def senders(self, txid: str) -> Senders | None:
        """As `engine.chain.Chain.senders`."""
        chain_tx = self._of_wallet(txid)
        if chain_tx is None:
            return None
        spent = [table_of(each) for each in chain_tx.get("vin", [])]
        outputs = [table_of(each) for each in chain_tx.get("vout", [])]
        pays = tuple(units_of(each.get("value"), self.currency.decimals) for each in outputs)
        asked = len(spent) <= ASKED_MAX
        coins = [self._sender(each, asked=asked) for each in spent if "coinbase" not in each]
        return Senders(tuple(coins), sum(pays), pays)

    def _sender(self, spent: Mapping[str, Any], *, asked: bool) -> Sender:
        txid, place = hash_of(spent.get("txid")), number_of(spent.get("vout"))
        output = self._output(txid, place) if asked else None
        if output is None:
            return Sender(txid, f"vout:{place}", None, None)
        units = units_of(output.get("value"), self.currency.decimals)
        return Sender(txid, f"vout:{place}", _address(output), units)

    def _output(self, txid: str, place: int) -> Mapping[str, Any] | None:
        """The output that an input spends: of the wallet, else unspent in the chain, else of the
        mempool or the node's index."""
        chain_tx = self._of_wallet(txid)
        if chain_tx is None:
            unspent = self.node.call("gettxout", txid, place, CHAIN_ONLY)
            if unspent is not None:
                return table_of(unspent)
            chain_tx = self._of_node(txid)
        if chain_tx is None:
            return None
        outputs = chain_tx.get("vout")
        if not isinstance(outputs, list) or place >= len(outputs):
            raise OddValue("an input names an output that is none")
        return table_of(outputs[place])

    def _of_wallet(self, txid: str) -> Mapping[str, Any] | None:
        reply = self._asked("gettransaction", txid)
        if reply is None:
            return None
        if "hex" not in table_of(reply):
            return None  # of a scan, which knows coins and no chain txs
        raw = script_of(reply["hex"])
        return table_of(self.node.call("decoderawtransaction", raw))

    def _of_node(self, txid: str) -> Mapping[str, Any] | None:
        raw = self._asked("getrawtransaction", txid)
        if raw is None:
            return None
        return table_of(self.node.call("decoderawtransaction", script_of(raw)))

    def _asked(self, method: str, txid: str) -> Any:
        try:
            return self.node.call(method, txid)
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return None
            raise


def _address(output: Mapping[str, Any]) -> str | None:
    """The output's one address; None for a script that has none or several."""
    script = table_of(output.get("scriptPubKey"))
    listed = script.get("addresses")
    first = listed[0] if isinstance(listed, list) and len(listed) == 1 else None
    found = script.get("address", first)
    return None if found is None else address_of(found)
