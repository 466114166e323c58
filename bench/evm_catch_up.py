"""Following a chain that is thousands of blocks ahead, with others' payments and some to us.

`raw` is how many blocks the node hands over in a second, with all logs; `of all` stands beside its
time for blocks, logs, calls, and the receipts and balances of what is ours, and one durable commit
of the same rows.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

from bench.evm_deposits import UNITS, ask_balances, block_calls
from bench.evm_house import Call, EvmHouse, RawEvm, evm_house, header, payments
from bench.house import commit_rows_again
from db.models import Payment
from engine import chains, queries
from engine.chain import Block
from engine.clock import utc_now
from engine.families.evm.blocks import AT_ONCE
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import fresh_words
from tests.nodes.contracts import Contract

OURS_EVERY = 10  # blocks
CLIENTS = 20
PAGE_BYTES = 4096
HEAD = f"{'blocks':>7} {'chain txs':>10} {'ours':>6} {'blocks/s':>9} {'raw':>9} {'share':>6}"
HEAD += f" {'with traces':>12} {'share':>6} {'of all':>7} {'CPU ms/block':>13} {'raw':>6}"
HEAD += f" {'RSS MB':>8} {'peak':>6}"


@dataclass(frozen=True, slots=True)
class Road:
    """A chain to catch up with: where it begins, its blocks, and the chain txs that pay us, ETH and
    the token in turn."""

    words: str
    start: Block
    heights: range
    hashes: list[str]
    ours: list[str]


def print_catch_up(node: Anvil, token: Contract, blocks: int, traffic: int, runs: int) -> None:
    """A line for each run over one chain of `blocks`, each with `traffic` chain txs of others."""
    words = fresh_words()
    with evm_house(node, token, words=words) as house:
        road = _built(node, token, house, words, blocks, traffic)
    _raw(node, road, traces=True)  # whoever asks a node first waits for its disk or its caches
    for _ in range(runs):
        _print_run(node, token, road, traffic)


def _built(
    node: Anvil, token: Contract, house: EvmHouse, words: str, blocks: int, traffic: int
) -> Road:
    ours = itertools.cycle(house.requests(CLIENTS))
    strangers = ["0x" + f"{number:040x}" for number in range(10**6, 10**6 + 50)]
    others = itertools.cycle([("ETH", each) for each in strangers])
    tokens = itertools.cycle([("USDT", each) for each in strangers])
    start, paid = header(node, node.height()), list[str]()
    with RawEvm(node) as raw:
        for number in range(blocks):
            wanted = [next((others, tokens)[at % 2]) for at in range(traffic)]
            if number % OURS_EVERY == 0:
                wanted.insert(traffic // 2, next(ours))
            sent = raw.results([*payments(node, token, wanted, UNITS), ("evm_mine", ())])
            if number % OURS_EVERY == 0:
                paid.append(sent[traffic // 2])
        heights = range(start.height + 1, start.height + blocks + 1)
        calls: list[Call] = [("eth_getBlockByNumber", (hex(each), False)) for each in heights]
        hashes = [str(row["hash"]) for row in raw.results(calls)]
    return Road(words, start, heights, hashes, paid)


def _print_run(node: Anvil, token: Contract, road: Road, traffic: int) -> None:
    blocks = len(road.heights)
    with evm_house(node, token, words=road.words, start=road.start) as house:
        house.requests(CLIENTS)
        before_seq = queries.last_seq()
        took, cpu, before, peak = _measured(house, road)
        found = Payment.select().where(~Payment.txid.is_null()).count()
        rows = commit_rows_again(house.folder, before_seq)
    raw, raw_cpu = _raw(node, road, traces=False)
    traced, _ = _raw(node, road, traces=True)
    everything = traced + _raw_ours(node, token, road) + rows
    print(
        f"{blocks:>7} {blocks * traffic + len(road.ours):>10} {found:>6} {blocks / took:>9.0f}"
        f" {blocks / raw:>9.0f} {raw / took:>6.2f} {blocks / traced:>12.0f} {traced / took:>6.2f}"
        f" {everything / took:>7.2f}"
        f" {cpu * 1000 / blocks:>13.2f} {raw_cpu * 1000 / blocks:>6.2f} {before:>8} {peak:>6}",
        flush=True,
    )


def _measured(house: EvmHouse, road: Road) -> tuple[float, float, int, int]:
    """Seconds, CPU seconds, and the resident memory before and at most."""
    before = peak = _resident_mb()
    started, cpu = time.perf_counter(), time.process_time()
    while int(chains.state("ETH").height) < road.heights[-1]:
        house.follower.step(utc_now())
        peak = max(peak, _resident_mb())
    return time.perf_counter() - started, time.process_time() - cpu, before, peak


def _raw(node: Anvil, road: Road, *, traces: bool) -> tuple[float, float]:
    """Seconds and CPU seconds in which the node hands the same blocks over, as many at once."""
    with RawEvm(node) as raw:
        for at in range(0, len(road.heights), AT_ONCE):
            heights = road.heights[at : at + AT_ONCE]
            for calls in block_calls(heights, road.hashes[at : at + AT_ONCE]):
                raw.ask(calls)
            if traces:
                raw.ask([("trace_block", (hex(height),)) for height in heights])
        return raw.took, raw.cpu


def _raw_ours(node: Anvil, token: Contract, road: Road) -> float:
    """Seconds in which the node hands over what is asked of each chain tx that pays us."""
    with RawEvm(node) as raw:
        raw.ask([("eth_getTransactionReceipt", (txid,)) for txid in road.ours])
        ask_balances(raw, node, token, road.ours)
        return raw.took


def _resident_mb() -> int:
    """What of this process is in memory now."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * PAGE_BYTES // 2**20
