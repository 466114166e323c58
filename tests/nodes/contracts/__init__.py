"""Contracts for tests, on any EVM node: deployed, called and read by name.

Their sources are beside this; contracts.json is made of them by `make contracts`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from eth_abi import abi

_KEPT = Path(__file__).with_name("contracts.json")


class Node(Protocol):
    """What a node of the EVM family offers to a test."""

    def rpc(self, method: str, *params: object) -> Any: ...
    def mine(self, count: int = 1) -> list[str]: ...
    def receipt(self, txid: str) -> dict[str, Any] | None: ...
    def send(
        self,
        to: str | None,
        *,
        wei: int = 0,
        data: str = "0x",
        gas: int | None = None,
        by: str | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> str: ...


@cache
def _made(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(_KEPT.read_text(encoding="utf-8"))["contracts"][name]
    return made


def names() -> list[str]:
    """Every contract there is."""
    return sorted(json.loads(_KEPT.read_text(encoding="utf-8"))["contracts"])


def runtime(name: str) -> str:
    """A contract's code as it lies at its address, for `set_code`; its storage is not with it."""
    return str(_made(name)["runtime"])


def encoded(types: list[str], values: tuple[object, ...]) -> str:
    """Arguments in hex without 0x."""
    return abi.encode(types, values).hex()


class Contract:
    """One contract at an address of a node. `name` says which functions it has."""

    def __init__(self, node: Node, name: str, address: str) -> None:
        self.node = node
        self.name = name
        self.address = address

    def data(self, function: str, *values: object) -> str:
        """The call of a function, as the `data` of a chain tx."""
        for signature, selector in _made(self.name)["functions"].items():
            called, _, types = signature.removesuffix(")").partition("(")
            if called == function:
                return f"0x{selector}{encoded(types.split(',') if types else [], values)}"
        raise LookupError(f"{self.name} has no function {function}")

    def send(
        self,
        function: str,
        *values: object,
        by: str | None = None,
        wei: int = 0,
        gas: int | None = None,
    ) -> str:
        """Somebody calls a function by a chain tx, which is not mined yet; its txid."""
        data = self.data(function, *values)
        return self.node.send(self.address, data=data, by=by, wei=wei, gas=gas)

    def read(self, function: str, *values: object, tag: object = "latest") -> int:
        """A function's number as it is at a block, asked without a chain tx."""
        call = {"to": self.address, "data": self.data(function, *values)}
        return int(self.node.rpc("eth_call", call, tag), 16)


def deploy(node: Node, name: str, *values: object, wei: int = 0) -> Contract:
    """Make a contract, by the node's first account, and mine it. An address is the only thing that
    a constructor takes here."""
    code = _made(name)["code"] + encoded(["address"] * len(values), values)
    txid = node.send(None, data=code, wei=wei)
    node.mine()
    receipt = node.receipt(txid)
    assert receipt is not None
    assert receipt["status"] == "0x1"
    return Contract(node, name, str(receipt["contractAddress"]))
