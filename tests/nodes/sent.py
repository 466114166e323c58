"""What addresses truly sent, read from the blocks of an EVM node by nothing of ours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tests.nodes.anvil import Anvil

_TRANSFER = "0xa9059cbb"


@dataclass(frozen=True, slots=True)
class Sent:
    """One chain tx in a block. `token` is the contract that it calls to pay `units` to `payee`, in
    lower case like them, None where it pays coins; `fee` is wei."""

    txid: str
    source: str
    number: int
    token: str | None
    payee: str
    units: int
    succeeded: bool
    fee: int


def sent_by(node: Anvil, sources: Collection[str], *, since: int) -> list[Sent]:
    """Everything that these addresses sent in blocks above the height `since`, oldest first."""
    wanted = {each.lower() for each in sources}
    found = []
    for height in range(since + 1, node.height() + 1):
        block = node.rpc("eth_getBlockByNumber", hex(height), True)
        found += [_sent(node, row) for row in block["transactions"] if row["from"] in wanted]
    return found


def _sent(node: Anvil, row: dict[str, Any]) -> Sent:
    receipt = node.receipt(row["hash"])
    assert receipt is not None
    data = str(row["input"])
    to_token = data.startswith(_TRANSFER)
    assert to_token or data == "0x", data
    return Sent(
        txid=row["hash"],
        source=row["from"],
        number=int(row["nonce"], 16),
        token=row["to"] if to_token else None,
        payee=f"0x{data[34:74]}" if to_token else row["to"],
        units=int(data[74:138], 16) if to_token else int(row["value"], 16),
        succeeded=receipt["status"] == "0x1",
        fee=int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16),
    )
