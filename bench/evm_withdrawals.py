"""Withdrawals on an EVM chain, ETH and a token in turn, until all are broadcast and settled.

`send` is the time to sign as many with eth-account and to hand them to the node, raw; `facts` the
node's for what must be known before and after: what each would use and whether it would succeed,
the balances that bear it, and its receipt. `rows` is one durable commit of the same rows. Mining is
in none of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_utils.address import to_checksum_address

from bench.evm_house import Call, EvmHouse, RawEvm, evm_house, payments
from bench.house import commit_rows_again
from db.attempts import Attempt
from db.models import Payment
from engine import chains, queries
from engine.chain import BlockRef
from engine.clock import utc_now
from engine.families.evm.transfers import balance_call
from engine.lifecycle import Batch
from engine.moves.addresses import hot_address
from engine.sender import entries
from engine.sender.by_nonce.sender import NonceSender
from tests.nodes.anvil import CHAIN_ID, Anvil
from tests.nodes.contracts import Contract

CLIENTS = 10
PAID = {"ETH": 10**15, "USDT": 10**6}
BALANCE = 1000  # of what is paid, for each client and for the house
GWEI = 10**9
TOKEN_GAS = 80_000
HEAD = f"{'N':>6} {'seconds':>9} {'rounds':>7} {'calls/tx':>9} {'requests':>9} {'CPU ms each':>12}"
HEAD += f" {'send s':>8} {'its CPU ms each':>16} {'facts s':>8} {'rows s':>8}"
HEAD += f" {'ratio':>6} {'of all':>7}"


@dataclass(frozen=True, slots=True)
class Spent:
    """What the engine took for it: seconds, CPU seconds, rounds, calls and requests."""

    took: float
    cpu: float
    rounds: int
    calls: int
    requests: int


def print_withdrawals(node: Anvil, token: Contract, count: int) -> None:
    """One line."""
    with evm_house(node, token, confirmations=1) as house:
        _fund(node, token, house)
        _open(house, count)
        before_seq = queries.last_seq()
        spent = _pay_all(node, house, count)
        rows = commit_rows_again(house.folder, before_seq)
        send, send_cpu = _send_floor(node, token)
        facts = _facts_floor(node, token)
    print(
        f"{count:>6} {spent.took:>9.4f} {spent.rounds:>7} {spent.calls / count:>9.2f}"
        f" {spent.requests:>9} {spent.cpu * 1000 / count:>12.2f} {send:>8.4f}"
        f" {send_cpu * 1000 / count:>16.2f} {facts:>8.4f} {rows:>8.4f}"
        f" {spent.took / send:>6.2f} {spent.took / (send + facts + rows):>7.2f}",
        flush=True,
    )


def _fund(node: Anvil, token: Contract, house: EvmHouse) -> None:
    """Clients have deposits, credited, and the house has its own coins."""
    hot = hot_address("ETH")
    assert hot is not None
    wanted = [("ETH", hot), ("USDT", hot)]
    for currency, address in house.requests(CLIENTS):
        wanted.append((currency, address))
    units = {currency: paid * BALANCE for currency, paid in PAID.items()}
    with RawEvm(node) as raw:
        raw.results(payments(node, token, wanted, units))
    node.mine()
    house.follow()


def _open(house: EvmHouse, count: int) -> None:
    """Debits of the clients in turn; each pays an address that nobody used before."""
    for number in range(count):
        client, currency = f"bench{number % CLIENTS}", ("ETH", "USDT")[number % 2]
        found = house.chain.recipient(f"0x{number + 2**100:040x}")
        assert found is not None
        with Batch(house.config, actor="bench", now=utc_now()) as batch:
            batch.open(
                kind="withdrawal",
                client=client,
                currency=currency,
                chain="ETH",
                units=PAID[currency],
                fee_units=0,
                address=found.address,
                required=1,
                evidence={"address": found.address, "fee_units": "0"},
                entry=entries.debit(client, currency, units=PAID[currency], fee=0),
            )


def _pay_all(node: Anvil, house: EvmHouse, count: int) -> Spent:
    """Our rounds until all is settled; a block whenever nothing moves."""
    sender = NonceSender(house.config, "ETH", house.chain, guard=house.lease.guard)
    calls, requests = house.transport.calls, house.transport.requests
    took = cpu = 0.0
    rounds = 0
    while _credited() < count:
        started, used = time.perf_counter(), time.process_time()
        house.follower.step(utc_now())
        row = chains.state("ETH")
        moved = sender.step(BlockRef(int(row.height), str(row.hash)), utc_now())
        took += time.perf_counter() - started
        cpu += time.process_time() - used
        rounds += 1
        if not moved:
            node.mine(1)
    return Spent(
        took, cpu, rounds, house.transport.calls - calls, house.transport.requests - requests
    )


def _credited() -> int:
    rows = Payment.select().where((Payment.kind == "withdrawal") & (Payment.state == "credited"))
    return int(rows.count())


def _send_floor(node: Anvil, token: Contract) -> tuple[float, float]:
    """Seconds and CPU seconds in which eth-account signs as many, and the node takes them."""
    account = Account.create()
    node.set_balance(account.address, 10**20)
    token.send("transfer", account.address, PAID["USDT"] * BALANCE)
    node.mine()
    sends = list(Payment.select().where(Payment.kind == "withdrawal"))
    wanted = [_row(token, number, each) for number, each in enumerate(sends)]
    started, cpu = time.perf_counter(), time.process_time()
    raws = [f"0x{bytes(account.sign_transaction(row).raw_transaction).hex()}" for row in wanted]
    signed, cpu = time.perf_counter() - started, time.process_time() - cpu
    with RawEvm(node) as raw:
        raw.ask([("eth_sendRawTransaction", (each,)) for each in raws])
    node.mine()  # a full pool slows the node's estimates
    return signed + raw.took, cpu + raw.cpu


def _row(token: Contract, number: int, payment: Payment) -> dict[str, Any]:
    ether = payment.currency == "ETH"
    transfer = "0x" if ether else token.data("transfer", payment.address, payment.units)
    return {
        "chainId": CHAIN_ID,
        "nonce": number,
        "to": payment.address if ether else to_checksum_address(token.address),
        "value": int(payment.units or 0) if ether else 0,
        "data": transfer,
        "gas": 21_000 if ether else TOKEN_GAS,
        "maxFeePerGas": 10 * GWEI,
        "maxPriorityFeePerGas": GWEI,
    }


def _facts_floor(node: Anvil, token: Contract) -> float:
    """Seconds in which the node says of each what it would use, of the payer what it holds, and of
    each chain tx where it is and what it was worth."""
    hot = str(hot_address("ETH"))
    calls = list[Call]()
    for payment in Payment.select().where(Payment.kind == "withdrawal"):
        row = _row(token, 0, payment)
        asked = {"from": hot, "to": row["to"], "value": hex(row["value"]), "data": row["data"]}
        calls.append(("eth_estimateGas", (asked,)))
    calls += [("eth_getBalance", (hot, "latest")), ("eth_getTransactionCount", (hot, "latest"))]
    tip = node.tip()
    calls.append(balance_call((token.address.lower(), hot.lower()), tip))
    calls += [("eth_getTransactionReceipt", (row.txid,)) for row in Attempt.select()]
    with RawEvm(node) as raw:
        raw.ask(calls)
        return raw.took
