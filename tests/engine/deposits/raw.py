"""Chain txs that no wallet makes by itself, built by changing the bytes of those that it does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.nodes.litecoind import Litecoind

_FEE = Decimal("0.01")
_PUSH_NEXT_BYTE = "4c"
_ONE_INPUT_AT = 8  # hex digits of the version
_SCRIPT_AT = _ONE_INPUT_AT + 2 + 72  # the number of inputs, and the outpoint


def _spend(node: Litecoind, coin: dict[str, Any], outputs: list[dict[str, str]]) -> str:
    """Unsigned bytes that spend `coin` of the outside wallet; the rest goes back to it."""
    paid = sum((Decimal(a) for each in outputs for k, a in each.items() if k != "data"), Decimal())
    rest = Decimal(str(coin["amount"])) - paid - _FEE
    inputs = [{"txid": coin["txid"], "vout": coin["vout"]}]
    unsigned = node.rpc("createrawtransaction", inputs, [*outputs, {node.stranger(): str(rest)}])
    return str(unsigned)


def _coin(node: Litecoind) -> dict[str, Any]:
    coin: dict[str, Any] = max(node.outside("listunspent"), key=lambda each: each["amount"])
    return coin


def _script(node: Litecoind, address: str) -> str:
    return str(node.cashier("getaddressinfo", address)["scriptPubKey"])


def _signed(node: Litecoind, unsigned: str) -> str:
    return str(node.outside("signrawtransactionwithwallet", unsigned)["hex"])


def to_one_address_twice(node: Litecoind, address: str, amounts: tuple[str, str]) -> str:
    """Pay two outputs to one address in one chain tx; its txid."""
    other = node.address()
    unsigned = _spend(node, _coin(node), [{address: amounts[0]}, {other: amounts[1]}])
    script = _script(node, other)
    assert unsigned.count(script) == 1
    return node.broadcast(_signed(node, unsigned.replace(script, _script(node, address))))


def data_beside(node: Litecoind, address: str, amount: str) -> str:
    """Pay an address beside an output of data and one with a script that nobody knows; its txid."""
    other = node.address()
    unsigned = _spend(node, _coin(node), [{address: amount}, {"data": "c0ffee"}, {other: "0.5"}])
    script = _script(node, other)
    unknown = "51" * (len(script) // 2)  # pushes ones and leaves them there
    signed = _signed(node, unsigned.replace(script, unknown))
    node.mine_only(signed)
    return str(node.rpc("decoderawtransaction", signed)["txid"])


def malleated(node: Litecoind, address: str, amount: str) -> tuple[str, str]:
    """Pay from a coin of an old kind; (txid as broadcast, bytes with the same signature that have
    another txid and that only a miner accepts)."""
    old = str(node.outside("getnewaddress", "", "legacy"))
    node.outside("sendtoaddress", old, "5")
    node.mine()
    (coin,) = node.outside("listunspent", 1, 9_999_999, [old])
    signed = _signed(node, _spend(node, coin, [{address: amount}]))
    txid = node.broadcast(signed)
    length, pushed = signed[_SCRIPT_AT : _SCRIPT_AT + 2], signed[_SCRIPT_AT + 2 :]
    longer = f"{int(length, 16) + 1:02x}"
    variant = signed[:_SCRIPT_AT] + longer + _PUSH_NEXT_BYTE + pushed
    assert node.rpc("decoderawtransaction", variant)["txid"] != txid
    return txid, variant
