"""Whatever a node answers, a question ends in an answer, or in a node that is down or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from engine.chain import Spend
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.chain import EvmChain
from engine.sending import Outcome, Send
from tests.engine.families.evm.conftest import OpenHands
from tests.engine.families.evm.doctored import Change, doctored, refused, with_field
from tests.nodes.contracts import runtime
from tests.nodes.payer_hands import EvmPayerHands, signed

pytestmark = pytest.mark.node

UNITS = 1_000
NONSENSE: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1.5, "", "0x", "0xzz", "0x0", "0x" + "f" * 64, "0x" + "f" * 65),
    *(
        "\x1b[2J",
        [],
        [None],
        [[]],
        [7],
        [{}],
        {},
        {"hash": 7},
        {"error": {}},
        [{"logIndex": "0x0"}],
    ),
)
FIELDS: tuple[Any, ...] = (..., None, 7, -1, "", "0x", "0xzz", [], {}, "0x" + "f" * 64)
# The fields of blocks, chain txs, receipts and logs that we read.
READ = frozenset(
    {
        *("hash", "parentHash", "number", "timestamp", "transactions", "baseFeePerGas"),
        *("from", "to", "value", "nonce", "blockHash", "blockNumber"),
        *("transactionHash", "status", "logs", "gasUsed", "effectiveGasPrice"),
        *("address", "topics", "data", "logIndex", "removed"),
    }
)


class _Scene:
    """Payments in a block, one in the pool, coins that came, and the questions about them."""

    def __init__(self, on: EvmPayerHands) -> None:
        self.on = on
        number = on.payer.mined_nonce(on.hot)
        self.number = number
        self.sends: dict[str, Send] = {}
        on.node.set_code(on.deposit, runtime("Hungry"))
        for at, symbol in enumerate(("ETH", "GOOD")):
            send = Send(on.hot, symbol, on.deposit, UNITS)
            made = signed(on, send, nonce=number + at)
            on.payer.send(made.raw)
            self.sends[made.txid] = send
        came = on.tokens["GOOD"].send("transfer", on.deposit, 5)
        on.mine()
        self.coin = Spend(came, "log:0", 5, on.deposit)
        self.paid = Spend(on.node.pay(on.hot, 7), "tx", 7, on.hot)
        on.mine()
        self.token = Send(on.hot, "GOOD", on.stranger(), UNITS)
        self.raw = signed(on, Send(on.hot, "ETH", on.stranger(), 3)).raw
        on.payer.send(self.raw)
        self.tip = on.tip()

    def questions(self) -> dict[str, Callable[[EvmChain], object]]:
        hot, tip = self.on.hot, self.tip
        return {
            "outcomes": lambda chain: chain.outcomes(self.sends, tip=tip),
            "facts": lambda chain: chain.facts([*self.sends, self.coin.txid]),
            "user_of": lambda chain: chain.user_of(hot, self.number, tip=tip),
            "mined_nonce": lambda chain: chain.mined_nonce(hot, at=tip.hash),
            "rates": lambda chain: chain.rates(),
            "gas_of": lambda chain: chain.gas_of(self.token),
            "has_code": lambda chain: chain.has_code(hot),
            "send": lambda chain: chain.send(self.raw),
            "received": lambda chain: chain.received(self.coin, currency="GOOD"),
            "paid": lambda chain: chain.received(self.paid, currency="ETH"),
            "balances": lambda chain: chain.balances([("ETH", hot), ("GOOD", hot)], at=tip.hash),
            "in_mempool": lambda chain: chain.in_mempool(list(self.sends)),
            "block": lambda chain: chain.block(tip.hash),
            "senders": lambda chain: chain.senders(next(iter(self.sends))),
        }


def _changes(example: object) -> Iterator[Change]:
    """Nonsense in the place of a whole answer, of each field of a row, and of each field of the
    first row of a list in it."""
    for value in NONSENSE:
        yield _whole(value)
    yield refused()
    for name, value in _fields(example):
        yield with_field(name, value)
    rows = {"": example, **example} if isinstance(example, dict) else {"": example}
    for key, row in rows.items():
        if isinstance(row, list) and row and isinstance(row[0], dict):
            for name, value in _fields(row[0]):
                yield _in_first(key, with_field(name, value))


def _whole(value: object) -> Change:
    return lambda _answer: value


def _fields(row: object) -> Iterator[tuple[str, object]]:
    for name in row if isinstance(row, dict) else ():
        if name in READ:
            for value in FIELDS:
                yield name, value


def _in_first(key: str, change: Change) -> Change:
    """The change in the first row of the list under `key`, or of an answer that is a list."""

    def changed(answer: Any) -> Any:
        rows = answer.get(key) if isinstance(answer, dict) else answer
        if not isinstance(rows, list) or not rows:
            return answer
        ill = [change(rows[0]), *rows[1:]]
        return {**answer, key: ill} if isinstance(answer, dict) else ill

    return changed


def _examples(scene: _Scene, question: Callable[[EvmChain], object]) -> dict[str, object]:
    """What the node answers to each method that a question asks."""
    chain, node = doctored(scene.on)
    seen: dict[str, object] = {}

    def keep(method: str) -> Change:
        def change(answer: Any) -> Any:
            seen[method] = answer
            return answer

        return change

    with closing(chain):
        question(chain)
        node.changes = {method: keep(method) for method in set(node.asked)}
        chain.close()
        fresh, second = doctored(scene.on)
        second.changes = node.changes
        with closing(fresh):
            question(fresh)
    return seen


def _is_fit(answer: object) -> bool:
    """No figure of nonsense came through."""
    if not isinstance(answer, dict):
        return True
    outcomes = [each for each in answer.values() if isinstance(each, Outcome)]
    return all(0 <= (each.left or 0) <= UNITS and each.fee >= 0 for each in outcomes)


def test_no_answer_of_a_node_breaks_a_question(hands: OpenHands) -> None:
    scene = _Scene(hands())
    tried = 0
    for name, question in scene.questions().items():
        for method, example in _examples(scene, question).items():
            for change in _changes(example):
                chain, node = doctored(scene.on)
                node.changes[method] = change
                tried += 1
                with closing(chain):
                    try:
                        answer = question(chain)
                    except (NodeDown, NodeRefused):
                        continue
                assert _is_fit(answer), (name, method)
    assert tried > 1_500
    scene.on.node.set_code(scene.on.deposit, "0x")
