"""Withdrawals on a real litecoind: N requests until all are broadcast and settled, with few and
with many coins in the wallet, batched and one by one.

`node` is the node's own time, raw over HTTP, to make, sign and send as many chain txs of the same
numbers of inputs and outputs. `facts` is its time to hand over, raw too, what must be known before
and after: who is paid, the deposits that bear it, where each chain tx is. `rows` is one durable
commit of the same rows. Mining is in none of them. `ratio` is to the node's signing and sending
alone, `of all` to all three.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.house import House, RawNode, commit_rows_again, cpu_s, house, running_node
from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.models import Client, Payment
from engine import chains, queries
from engine.address_pool import refill
from engine.chain import BlockRef
from engine.clock import rfc3339, utc_now
from engine.deposits.request import request_deposit
from engine.lifecycle import Batch
from engine.sender import entries
from engine.sender.sender import Sender
from tests.nodes.litecoind import Litecoind

PAID = Decimal("0.001")
STOCK = Decimal(50)  # coins in all, however many pieces
FEE = Decimal("0.0002")
OUTPUTS_PER_TX = 10
MINED_EVERY = 1000  # coins
ADDRESSES = 100
HEAD = f"{'coins':>6} {'batch':>6} {'chain txs':>10} {'inputs':>7} {'seconds':>9} {'calls/tx':>9}"
HEAD += (
    f" {'CPU ms each':>12} {'node s':>8} {'facts s':>8} {'rows s':>8} {'ratio':>6} {'of all':>7}"
)

Coin = tuple[str, int, Decimal]


@dataclass(frozen=True, slots=True)
class Shape:
    """A chain tx by its numbers of inputs and outputs."""

    inputs: int
    outputs: int


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--coins", type=int, nargs="*", default=[10, 1000, 5000])
    parser.add_argument("--batch", type=int, nargs="*", default=[50, 1])
    options = parser.parse_args()
    print(f"{options.n} withdrawals -> all broadcast and settled")
    print(HEAD)
    for coins in options.coins:
        for batch in options.batch:
            with running_node() as node:
                _print_run(node, options.n, coins, batch)


def _print_run(node: Litecoind, count: int, coins: int, batch: int) -> None:
    more = f"batch = {{ max = {batch}, every = 0 }}"
    with house(node, confirmations=1, more=more) as home:
        _fund(home, coins)
        twins = _twins(node, coins)
        _requests(home, count)
        _follow(home)
        before_seq = queries.last_seq()
        took, cpu, calls = _pay_all(home, count)
        shapes = _shapes()
        facts = _facts_floor(node)
        floor = _node_floor(node, shapes, twins)
        rows = commit_rows_again(home.folder, before_seq)
    inputs = sum(shape.inputs for shape in shapes)
    print(
        f"{coins:>6} {batch:>6} {len(shapes):>10} {inputs:>7} {took:>9.3f}"
        f" {calls / len(shapes):>9.1f} {cpu * 1000 / count:>12.2f} {floor:>8.3f} {facts:>8.3f}"
        f" {rows:>8.3f} {took / floor:>6.2f} {took / (floor + facts + rows):>7.2f}",
        flush=True,
    )


def _fund(home: House, coins: int) -> None:
    """One client's deposits, credited: so many coins of one size."""
    home.follower.step(utc_now())
    addresses = []
    while refill("LTC", home.chain, target=ADDRESSES, now=utc_now(), guard=home.lease.guard):
        pass
    for number in range(min(ADDRESSES, coins)):
        Client.create(id=f"bench{number}", created_at=rfc3339(utc_now()), blocked_reason="")
        payment, _ = request_deposit(
            home.config, client=f"bench{number}", currency="LTC", now=utc_now()
        )
        addresses.append(str(payment.address))
    _pay_in(home.node, addresses, coins)
    home.node.mine(2)
    while _count("deposit") < coins:
        home.follower.step(utc_now())


def _pay_in(node: Litecoind, addresses: list[str], coins: int) -> None:
    each = str((STOCK / coins).quantize(Decimal("0.00000001")))
    for start in range(0, coins, OUTPUTS_PER_TX):
        places = range(start, min(start + OUTPUTS_PER_TX, coins))
        node.pay_many(dict.fromkeys((addresses[at % len(addresses)] for at in places), each))
        if start % MINED_EVERY == 0:
            node.mine(1)  # a mempool takes no long chains of change


def _twins(node: Litecoind, coins: int) -> deque[Coin]:
    """As many coins of the same size, which our books know nothing of."""
    addresses = [node.address() for _ in range(min(ADDRESSES, coins))]
    _pay_in(node, addresses, coins)
    node.mine(1)
    listed = node.cashier("listunspent", 1, 9_999_999, addresses)
    return deque((each["txid"], each["vout"], each["amount"]) for each in listed)


def _requests(home: House, count: int) -> None:
    """Debits of the first clients in turn, who can bear them."""
    clients = [row.id for row in Client.select().order_by(Client.id)]
    units = int(PAID * 10**8)
    for number in range(count):
        client, address = clients[number % len(clients)], home.node.stranger()
        with Batch(home.config, actor="bench", now=utc_now()) as batch:
            batch.open(
                kind="withdrawal",
                client=client,
                currency="LTC",
                chain="LTC",
                units=units,
                fee_units=0,
                address=address,
                required=1,
                evidence={"address": address, "fee_units": "0"},
                entry=entries.debit(client, "LTC", units=units, fee=0),
            )


def _count(kind: str) -> int:
    rows = Payment.select().where((Payment.kind == kind) & (Payment.state == "credited"))
    return int(rows.count())


def _follow(home: House) -> None:
    """To where nothing is new: the books take in the coins that they know nothing of."""
    while (done := home.follower.step(utc_now())).moved or done.busy:
        pass


def _pay_all(home: House, count: int) -> tuple[float, float, int]:
    """Seconds, CPU seconds and calls of our rounds until all is settled; a block whenever nothing
    moves."""
    sender = Sender(home.config, "LTC", home.chain, guard=home.lease.guard)
    took = cpu = 0.0
    calls = home.chain.calls()
    while _count("withdrawal") < count:
        started, used = time.perf_counter(), cpu_s()
        home.follower.step(utc_now())
        tip = chains.state("LTC")
        moved = sender.step(BlockRef(int(tip.height), str(tip.hash)), utc_now())
        took += time.perf_counter() - started
        cpu += cpu_s() - used
        if not moved:
            home.node.mine(1)
    return took, cpu, home.chain.calls() - calls


def _shapes() -> list[Shape]:
    return [
        Shape(
            AttemptInput.select().where(AttemptInput.attempt == row.id).count(),
            AttemptOutput.select().where(AttemptOutput.attempt == row.id).count(),
        )
        for row in Attempt.select().order_by(Attempt.created_at)
    ]


def _node_floor(node: Litecoind, shapes: list[Shape], coins: deque[Coin]) -> float:
    """Seconds in which the node makes, signs and sends chain txs of these shapes."""
    took, unmined = 0.0, list[Coin]()
    with RawNode(node) as node_raw:
        for shape in shapes:
            if len(coins) < shape.inputs:
                node.mine(1)
                coins.extend(unmined)
                unmined.clear()
            chosen = [coins.popleft() for _ in range(min(shape.inputs, len(coins)))]
            outputs = {node.stranger(): str(PAID) for _ in range(shape.outputs - 1)}
            rest = sum(coin[2] for coin in chosen) - PAID * (shape.outputs - 1) - FEE
            outputs[str(node.cashier("getrawchangeaddress"))] = str(rest)
            inputs = [{"txid": txid, "vout": vout} for txid, vout, _ in chosen]
            started = time.perf_counter()
            raw = _call(node_raw, "createrawtransaction", inputs, outputs)
            signed = _call(node_raw, "signrawtransactionwithwallet", raw)["hex"]
            txid = _call(node_raw, "sendrawtransaction", signed)
            took += time.perf_counter() - started
            unmined.append((txid, shape.outputs - 1, rest))
    return took


def _facts_floor(node: Litecoind) -> float:
    """Seconds in which the node says of each payment whether its address is good, of a deposit of
    each client that it is there, and of each chain tx where it is."""
    paid = [row.address for row in Payment.select().where(Payment.kind == "withdrawal")]
    bearing = {row.client: row.txid for row in Payment.select().where(Payment.kind == "deposit")}
    sent = [row.txid for row in Attempt.select()]
    with RawNode(node) as raw:
        started = time.perf_counter()
        for address in paid:
            raw.ask("getaddressinfo", address)
        for txid in [*bearing.values(), *sent]:
            raw.ask("gettransaction", txid)
        return time.perf_counter() - started


def _call(raw: RawNode, method: str, *params: object) -> Any:
    reply = json.loads(raw.ask(method, *params))
    if reply["error"]:
        raise RuntimeError(f"{method}: {reply['error']}")
    return reply["result"]


if __name__ == "__main__":
    main()
