"""Deposits on a real litecoind: K in one block until all are credited, and what idling costs.

Every figure stands beside its floor of the same run: the time that the node itself needs to hand
over the same facts (read raw, not parsed) plus one durable commit of the same rows. In neither is
the time in which the node's wallet takes the block in, nor the wallet's own figures, of which an
engine that runs asks every five minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass

from bench.house import House, RawNode, commit_rows_again, cpu_s, house, rss_mb, running_node
from db.connection import database
from db.models import Address, Client, Payment
from engine import queries
from engine.address_pool import refill
from engine.clock import rfc3339, utc_now
from engine.deposits.request import request_deposit
from tests.nodes.litecoind import Litecoind

OUTPUTS_PER_TX = 100
IDLE_ROUNDS = 200

DEPOSITS_HEAD = f"{'K':>6} {'N':>3} {'seconds':>9} {'node calls':>11} {'CPU ms each':>12}"
DEPOSITS_HEAD += f" {'floor s':>9} {'ratio':>6}"
IDLE_HEAD = f"{'addresses':>10} {'calls/round':>12} {'ms/round':>9} {'floor ms':>9} {'ratio':>6}"
IDLE_HEAD += f" {'RSS MB':>7}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds, node calls, CPU seconds, floor in seconds."""

    took: float
    calls: int
    cpu: float
    floor: float


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--k", type=int, nargs="*", default=[1, 100, 1000])
    parser.add_argument("--watched", type=int, nargs="*", default=[1000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with running_node() as node:
        print("(a) one block pays K addresses -> all K credited (medians)")
        print(DEPOSITS_HEAD)
        for confirmations in (1, 3):
            for count in options.k:
                _print_deposits(node, count, confirmations, options.runs)
        print("\n(b) idle, no new blocks")
        print(IDLE_HEAD)
        for watched in sorted(options.watched):
            _print_idle(node, watched)


def _print_deposits(node: Litecoind, count: int, confirmations: int, runs: int) -> None:
    samples = [_deposit_run(node, count, confirmations) for _ in range(runs)]
    took = statistics.median(each.took for each in samples)
    calls = statistics.median(each.calls for each in samples)
    cpu = statistics.median(each.cpu for each in samples)
    floor = statistics.median(each.floor for each in samples)
    ratio = statistics.median(each.took / each.floor for each in samples)
    print(
        f"{count:>6} {confirmations:>3} {took:>9.4f} {calls:>11.0f} {cpu * 1000 / count:>12.2f}"
        f" {floor:>9.4f} {ratio:>6.2f}",
        flush=True,
    )


def _deposit_run(node: Litecoind, count: int, confirmations: int) -> Sample:
    with house(node, confirmations=confirmations) as home:
        addresses = _requests(home, count)
        node.mine(1)
        home.follower.step(utc_now())  # an engine that runs
        txids = [
            node.pay_many(dict.fromkeys(addresses[start : start + OUTPUTS_PER_TX], "0.01"))
            for start in range(0, count, OUTPUTS_PER_TX)
        ]
        since = node.tip()
        node.mine(1)
        for _ in range(confirmations - 1):
            home.follower.step(utc_now())
            since = node.tip()
            node.mine(1)
        node.cashier("listlockunspent")  # answers when the wallet has taken the block in
        before_seq, before_calls, before_cpu = queries.last_seq(), home.chain.calls(), cpu_s()
        started = time.perf_counter()
        while _credited() < count:
            home.follower.step(utc_now())
        took = time.perf_counter() - started
        calls, cpu = home.chain.calls() - before_calls, cpu_s() - before_cpu
        floor = _facts_floor(node, since, [] if confirmations == 1 else txids)
        floor += commit_rows_again(home.folder, before_seq)
        return Sample(took, calls, cpu, floor)


def _requests(home: House, count: int) -> list[str]:
    while refill("LTC", home.chain, target=count, now=utc_now(), guard=home.lease.guard):
        pass
    addresses = []
    for number in range(count):
        client = f"bench{number}"
        Client.create(id=client, created_at=rfc3339(utc_now()), blocked_reason="")
        payment, _ = request_deposit(home.config, client=client, currency="LTC", now=utc_now())
        addresses.append(str(payment.address))
    return addresses


def _credited() -> int:
    return int(Payment.select().where(Payment.state == "credited").count())


def _facts_floor(node: Litecoind, since: str, txids: list[str]) -> float:
    """Seconds in which the node hands over the round's facts as raw bytes: what is new since the
    last round, and each chain tx that is asked by id before it is credited."""
    with RawNode(node) as raw:
        started = time.perf_counter()
        raw.ask("listsinceblock", since, 1)
        for txid in txids:
            raw.ask("gettransaction", txid)
        return time.perf_counter() - started


def _print_idle(node: Litecoind, watched: int) -> None:
    with house(node, confirmations=3) as home, RawNode(node) as raw:
        _watch(home, watched - int(Address.select().count()))
        home.follower.step(utc_now())
        calls, samples, floors = home.chain.calls(), [], []
        tip = node.tip()
        for _ in range(IDLE_ROUNDS):
            started = time.perf_counter()
            home.follower.step(utc_now())
            samples.append(time.perf_counter() - started)
            started = time.perf_counter()
            raw.ask("listsinceblock", tip, 1)
            floors.append(time.perf_counter() - started)
        each, floor = statistics.median(samples), statistics.median(floors)
        made = (home.chain.calls() - calls) / IDLE_ROUNDS
        print(
            f"{watched:>10} {made:>12.2f} {each * 1000:>9.2f} {floor * 1000:>9.2f}"
            f" {each / floor:>6.2f} {rss_mb():>7}",
            flush=True,
        )


def _watch(home: House, count: int) -> None:
    """Give `count` fresh addresses of the node's wallet to clients."""
    now = rfc3339(utc_now())
    for start in range(0, count, 1000):
        made = _fresh_addresses(home.node, min(1000, count - start))
        with database.atomic():
            Address.insert_many(
                {
                    "chain": "LTC",
                    "address": address,
                    "script": f"bench:{address}",
                    "purpose": "deposit",
                    "client": f"idle{start + at}",
                    "created_at": now,
                    "issued_at": now,
                    "created_height": 0,
                }
                for at, address in enumerate(made)
            ).execute()


def _fresh_addresses(node: Litecoind, count: int) -> list[str]:
    calls = [{"id": at, "method": "getnewaddress", "params": []} for at in range(count)]
    with RawNode(node) as raw:
        return [str(reply["result"]) for reply in json.loads(raw.post(calls))]


if __name__ == "__main__":
    main()
