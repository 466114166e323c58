"""What the network asks for gas, and how much of it a chain tx takes."""

from __future__ import annotations

from engine.errors import NodeDown, NodeRefused
from engine.families.evm.blocks import LATEST
from engine.families.evm.sends import GAS_MAX
from engine.families.evm.transport import UNKNOWN_METHOD, Transport
from engine.families.evm.values import OddValue, quantity_of, table_of
from engine.printable import printable
from engine.sending import REVERTED, Rates

TIP_WEI = 10**9  # where the node has no opinion
_WORDS_MAX = 200


def rates(node: Transport) -> Rates:
    """Asked now, in one request. Raises OddValue, NodeDown, and NodeRefused where the chain has no
    base fee."""
    header, tip = node.batch(
        [
            ("eth_getBlockByNumber", (LATEST, False)),
            ("eth_maxPriorityFeePerGas", ()),
        ]
    )
    if isinstance(header, NodeRefused):
        raise NodeDown("the node gives no blocks", detail=header.detail)
    base = table_of(header).get("baseFeePerGas")
    if base is None:
        raise NodeRefused("blocks of this chain have no base fee (EIP-1559)", rpc_code=0)
    if not isinstance(tip, NodeRefused):
        return Rates(quantity_of(base), quantity_of(tip))
    if tip.rpc_code != UNKNOWN_METHOD:
        raise NodeDown("the node does not tell what gas costs", detail=tip.detail)
    return Rates(quantity_of(base), TIP_WEI)


def estimate(node: Transport, call: dict[str, str]) -> int:
    """Gas that the node thinks `call` takes, after the newest block. Raises OddValue, NodeDown, and
    NodeRefused when it would fail: with REVERTED, whatever the node's own number for it is."""
    try:
        gas = quantity_of(node.call("eth_estimateGas", call, LATEST))
    except NodeRefused as error:
        words = printable(error.detail)[:_WORDS_MAX]
        undone = error.rpc_code == REVERTED or "revert" in words.lower()
        code = REVERTED if undone else error.rpc_code
        raise NodeRefused("it would not be carried out", rpc_code=code, detail=words) from None
    if not 0 < gas <= GAS_MAX:
        raise OddValue("an estimate of gas is none")
    return gas
