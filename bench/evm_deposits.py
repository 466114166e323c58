"""K payments on an EVM chain, ETH and a token in turn, in blocks until all are credited."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from bench.evm_house import Call, EvmHouse, RawEvm, evm_house, payments
from bench.house import commit_rows_again
from db.models import Payment
from engine import queries
from engine.clock import utc_now
from engine.families.evm.transfers import TRANSFER, balance_call
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract

UNITS = {"ETH": 10**16, "USDT": 10**7}
HEAD = f"{'K':>6} {'N':>3} {'seconds':>9} {'calls':>7} {'requests':>9} {'CPU ms each':>12}"
HEAD += f" {'node s':>8} {'rows s':>8} {'floor CPU ms each':>18} {'ratio':>6}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds and CPU seconds of the engine, of the node asked raw, and of the commit."""

    took: float
    cpu: float
    calls: int
    requests: int
    node: float
    node_cpu: float
    rows: float

    @property
    def ratio(self) -> float:
        return self.took / (self.node + self.rows)


def print_deposits(
    node: Anvil, token: Contract, count: int, *, confirmations: int, runs: int
) -> None:
    """One line: the run of the median ratio."""
    samples = [_run(node, token, count, confirmations) for _ in range(runs)]
    middle = statistics.median_low(each.ratio for each in samples)
    sample = next(each for each in samples if each.ratio == middle)
    print(
        f"{count:>6} {confirmations:>3} {sample.took:>9.4f} {sample.calls:>7} {sample.requests:>9}"
        f" {sample.cpu * 1000 / count:>12.2f} {sample.node:>8.4f} {sample.rows:>8.4f}"
        f" {sample.node_cpu * 1000 / count:>18.2f} {sample.ratio:>6.2f}",
        flush=True,
    )


def _run(node: Anvil, token: Contract, count: int, confirmations: int) -> Sample:
    with evm_house(node, token, confirmations=confirmations) as house, RawEvm(node) as raw:
        wanted = house.requests(count)
        txids = raw.results(payments(node, token, wanted, UNITS))
        first = node.height() + 1
        while node.rpc("txpool_status")["pending"] != "0x0":
            node.mine()
        last = node.height()
        for _ in range(confirmations - 1):
            house.follow()
            node.mine()
        at_once = confirmations == 1
        before_seq = queries.last_seq()
        took, cpu, calls, requests = _measured(house, count)
        with RawEvm(node) as floor:
            blocks = range(first, last + 1) if at_once else range(last + 1, node.height() + 1)
            _ask_blocks(floor, node, blocks)
            floor.ask([("eth_getTransactionReceipt", (txid,)) for txid in txids])
            if at_once:
                ask_balances(floor, node, token, txids)
        rows = commit_rows_again(house.folder, before_seq)
        return Sample(took, cpu, calls, requests, floor.took, floor.cpu, rows)


def _measured(house: EvmHouse, count: int) -> tuple[float, float, int, int]:
    transport = house.transport
    calls, requests = transport.calls, transport.requests
    started, cpu = time.perf_counter(), time.process_time()
    while _credited() < count:
        house.follower.step(utc_now())
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    return took, cpu, transport.calls - calls, transport.requests - requests


def _credited() -> int:
    return int(Payment.select().where(Payment.state == "credited").count())


def block_calls(heights: range, hashes: list[str]) -> list[list[Call]]:
    """What has to be known of these blocks: their chain txs, and their logs."""
    return [
        [("eth_getBlockByNumber", (hex(height), True)) for height in heights],
        [("eth_getLogs", ({"blockHash": each, "topics": [TRANSFER]},)) for each in hashes],
    ]


def _ask_blocks(floor: RawEvm, node: Anvil, heights: range) -> None:
    """Chain txs, logs and calls of these blocks."""
    for calls in block_calls(heights, [node.hash_at(height) for height in heights]):
        floor.ask(calls)
    floor.ask([("trace_block", (hex(height),)) for height in heights])


def ask_balances(floor: RawEvm, node: Anvil, token: Contract, txids: list[str]) -> None:
    """Whether the token's balances really grew: before the block of each payment and after it."""
    calls = list[Call]()
    for txid in txids[1::2]:
        receipt = node.receipt(txid)
        assert receipt is not None
        to = f"0x{receipt['logs'][0]['topics'][2][-40:]}"
        before = node.hash_at(int(receipt["blockNumber"], 16) - 1)
        holding = (token.address.lower(), to)
        calls += [balance_call(holding, at) for at in (before, receipt["blockHash"])]
    floor.ask(calls)
