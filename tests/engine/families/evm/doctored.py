"""A real node whose answers are changed on the way: what a node may say that none here says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.errors import NodeRefused
from engine.families.evm.chain import EvmChain
from engine.families.evm.transport import Call, Transport
from tests.nodes.payer_hands import EvmPayerHands

Change = Callable[[Any], Any]


class Doctored(Transport):
    """`changes[method]` is given each answer to that method, and what it returns is believed;
    `asked` are the methods that were called. Numbers of senders before the height `forgot` are not
    known any more."""

    def __init__(self, node_url: str) -> None:
        super().__init__(node_url)
        self.changes: dict[str, Change] = {}
        self.asked: list[str] = []
        self.forgot = 0

    def _asked(self, calls: Sequence[Call]) -> list[Any]:
        answers = super()._asked(calls)
        self.asked += [method for method, _ in calls]
        return [
            self._changed(method, params, answer)
            for (method, params), answer in zip(calls, answers, strict=True)
        ]

    def _changed(self, method: str, params: Sequence[object], answer: Any) -> Any:
        at = str(params[1]) if method == "eth_getTransactionCount" else ""
        if at.startswith("0x") and int(at, 16) < self.forgot:
            return refused()(answer)
        return self.changes.get(method, _unchanged)(answer)


def _unchanged(answer: Any) -> Any:
    return answer


def refused(code: int = -32000, words: str = "missing trie node") -> Change:
    """The node has no such state any more, or says so."""
    return lambda _answer: NodeRefused("the node refused a call", rpc_code=code, detail=words)


def with_field(name: str, value: object) -> Change:
    """A row with one field changed, or without it when `value` is ...; no row stays none."""

    def change(row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        rest = {key: each for key, each in row.items() if key != name}
        return rest if value is ... else {**rest, name: value}

    return change


def doctored(on: EvmPayerHands) -> tuple[EvmChain, Doctored]:
    """A second chain over the same node, with the same keys and addresses."""
    node = Doctored(on.node.url())
    return EvmChain(on.currency, on.currency.tokens, node, on.on.memory), node
