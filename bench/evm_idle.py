"""What a chain costs while nothing comes in: rounds without a new block, and with an empty one."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.evm_house import EvmHouse, RawEvm, evm_house
from bench.house import rss_mb
from db.connection import database
from db.models import Address
from engine.clock import rfc3339, utc_now
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract

ROUNDS = 200
BLOCKS = 20
OPEN = 200  # requests that wait for their payment: they are looked at with each block
CHUNK = 1000
HEAD = f"{'':>24} {'addresses':>10} {'calls':>7} {'ms':>8} {'CPU ms':>8} {'floor ms':>9}"
HEAD += f" {'ratio':>6} {'RSS MB':>7}"


@dataclass(slots=True)
class Tally:
    """Milliseconds of each round, CPU milliseconds and calls of all."""

    each: list[float]
    cpu: float = 0.0
    calls: int = 0


def print_idle(node: Anvil, token: Contract, watched: int) -> None:
    """A line for a round of the follower, one for each new block, and one for its balances."""
    with evm_house(node, token) as house, RawEvm(node) as raw:
        _watch(watched - OPEN)
        house.requests(OPEN)
        node.mine()
        house.follow()
        quiet = Tally([])
        for _ in range(ROUNDS):
            _measure(house, quiet, lambda: house.follower.step(utc_now()))
            raw.ask([("eth_getBlockByNumber", ("latest", False))])
        _print("round, nothing new", watched, quiet, ROUNDS, raw.took)
        blocks, looks, floor = Tally([]), Tally([]), 0.0
        for _ in range(BLOCKS):
            node.mine()
            _measure(house, blocks, lambda: house.follower.step(utc_now()))
            _measure(house, looks, house.look)
            with RawEvm(node) as block:
                block.ask([("eth_getBlockByNumber", ("latest", False))])
                block.ask([("eth_getBlockByNumber", ("latest", True))])
                floor += block.took
        _print("round, an empty block", watched, blocks, BLOCKS, floor)
        _print("its balances", watched, looks, BLOCKS, _balances(house, node, looks.calls))


def _watch(count: int) -> None:
    """So many addresses that were given to clients long ago."""
    now = rfc3339(utc_now())
    for start in range(0, count, CHUNK):
        with database.atomic():
            Address.insert_many(
                {
                    "chain": "ETH",
                    "address": f"0x{secrets.token_hex(20)}",
                    "script": f"bench:{at}",
                    "purpose": "deposit",
                    "client": f"idle{at}",
                    "created_at": now,
                    "issued_at": now,
                    "created_height": 0,
                }
                for at in range(start, min(start + CHUNK, count))
            ).execute()


def _measure(house: EvmHouse, tally: Tally, work: Callable[[], object]) -> None:
    calls, cpu, started = house.transport.calls, time.process_time(), time.perf_counter()
    work()
    tally.each.append((time.perf_counter() - started) * 1000)
    tally.cpu += (time.process_time() - cpu) * 1000
    tally.calls += house.transport.calls - calls


def _balances(house: EvmHouse, node: Anvil, calls: int) -> float:
    """Seconds in which the node tells as many balances, half of them of the token, raw."""
    address, contract = str(node.stranger()), house.config.currencies["USDT"].token
    data = f"0x70a08231{address[2:].lower().rjust(64, '0')}"
    coin = ("eth_getBalance", (address, "latest"))
    held = ("eth_call", ({"to": contract, "data": data}, "latest"))
    with RawEvm(node) as raw:
        for _ in range(BLOCKS):
            raw.ask([coin, held] * (calls // BLOCKS // 2))
        return raw.took


def _print(what: str, watched: int, tally: Tally, rounds: int, floor_s: float) -> None:
    each, floor = statistics.median(tally.each), floor_s * 1000 / rounds
    print(
        f"{what:>24} {watched:>10} {tally.calls / rounds:>7.1f} {each:>8.2f}"
        f" {tally.cpu / rounds:>8.2f} {floor:>9.2f} {each / floor:>6.2f} {rss_mb():>7}",
        flush=True,
    )
