"""What the benchmarks of EVM chains stand on: anvil, a token, a house, and the node asked raw."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db import migrate
from db.connection import connected, database, open_database
from db.models import Client
from engine import chains
from engine.address_pool import refill
from engine.chain import Block, BlockRef
from engine.clock import rfc3339, utc_now
from engine.config import Config, load_config
from engine.deposits.request import request_deposit
from engine.families.deadline import QUICKACK
from engine.families.evm import open_transport
from engine.families.evm.chain import EvmChain
from engine.families.evm.transport import Transport
from engine.follower import Follower
from engine.lease import ChainLease
from engine.moves.addresses import ensure_hot
from engine.ours import StoredOurs
from engine.surplus import SurplusWatch
from tests.engine.toml_text import dump
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import evm_tables, fresh_words
from tests.nodes.contracts import Contract, deploy

CALLS_MAX = 100  # of one request, as the engine has it
GAS_LIMIT = 60_000_000  # of a block, as on the main network
TOKEN_GAS = 80_000
CONFIRMATIONS = 3

Call = tuple[str, tuple[object, ...]]


@contextmanager
def running_anvil() -> Iterator[tuple[Anvil, Contract]]:
    """An anvil of its own, and a token on it."""
    with tempfile.TemporaryDirectory(prefix="cashier-bench-") as folder:
        node = Anvil(Path(folder) / "node", flags=(f"--gas-limit={GAS_LIMIT}",))
        try:
            node.start()
            yield node, deploy(node, "Good")
        finally:
            node.kill()  # an orderly end writes down every state it had


@dataclass
class EvmHouse:
    """One installation under measurement."""

    folder: Path
    config: Config
    chain: EvmChain
    transport: Transport
    follower: Follower
    surplus: SurplusWatch
    lease: ChainLease

    def follow(self) -> None:
        """Rounds of the chain's thread until nothing moves, as far as it is about what comes in."""
        while (done := self.follower.step(utc_now())).moved or done.busy:
            pass
        self.look()

    def look(self) -> None:
        """At what only balances show, as the thread does with each block."""
        row = chains.state("ETH")
        self.surplus.step(BlockRef(int(row.height), str(row.hash)), utc_now())

    def requests(self, count: int) -> list[tuple[str, str]]:
        """Currency and address of so many clients' requests, ETH and the token in turn."""
        while refill("ETH", self.chain, target=count, now=utc_now(), guard=self.lease.guard):
            pass
        found = []
        for number in range(count):
            client, currency = f"bench{number}", ("ETH", "USDT")[number % 2]
            Client.create(id=client, created_at=rfc3339(utc_now()), blocked_reason="")
            made, _ = request_deposit(self.config, client=client, currency=currency, now=utc_now())
            found.append((currency, str(made.address)))
        return found


@contextmanager
def evm_house(
    node: Anvil,
    token: Contract,
    *,
    confirmations: int = CONFIRMATIONS,
    words: str = "",
    start: Block | None = None,
) -> Iterator[EvmHouse]:
    """A fresh installation, connected. Its follower stands at the tip, or at `start`; its keys
    are fresh, or those of `words`."""
    with tempfile.TemporaryDirectory(prefix="cashier-bench-") as name:
        folder = Path(name)
        config = _config(folder, node, token, confirmations, words or fresh_words())
        opened = open_database(config.database)
        with connected():
            migrate.apply()
            chains.ensure(config, utc_now())
            currency, transport = config.currencies["ETH"], open_transport(node.url())
            chain = EvmChain(currency, currency.tokens, transport, StoredOurs("ETH"))
            lease = ChainLease("ETH", "bench")
            lease.acquire(monotonic_s=0)
            ensure_hot("ETH", chain.hot_address, guard=lease.guard, now=utc_now())
            follower = Follower(config, "ETH", chain, guard=lease.guard)
            surplus = SurplusWatch(config, "ETH", chain, guard=lease.guard)
            house = EvmHouse(folder, config, chain, transport, follower, surplus, lease)
            if start is None:
                house.follow()
            else:
                with database.atomic():
                    chains.note_tip("ETH", start)
            yield house
            chain.close()
        opened.close()


def _config(folder: Path, node: Anvil, token: Contract, confirmations: int, words: str) -> Config:
    keys: dict[str, Any] = {"confirmations": confirmations, "keys": {"mnemonic": words}}
    document = {
        "cashier": {"database": "sqlite:///bench.db"},
        "site": {"name": "Bench", "handshake": {"algorithm": "HS256", "secret": "b" * 32}},
        "currency": evm_tables(node.url(), {"USDT": token.address}, **keys),
    }
    (folder / "cashier.toml").write_text(dump(document))
    return load_config(folder / "cashier.toml", role="engine")


class RawEvm:
    """The node alone: requests and replies as bytes, over one connection that stays open. `took` is
    the time it took, `cpu` what of it was our own work."""

    def __init__(self, node: Anvil) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=120)
        self.took = self.cpu = 0.0

    def __enter__(self) -> RawEvm:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, calls: Sequence[Call]) -> list[bytes]:
        """The replies' bytes, unread; as many calls in one request as the engine has in one."""
        started, cpu = time.perf_counter(), time.process_time()
        parts = [calls[at : at + CALLS_MAX] for at in range(0, len(calls), CALLS_MAX)]
        replies = [self._post(part) for part in parts]
        self.took += time.perf_counter() - started
        self.cpu += time.process_time() - cpu
        return replies

    def results(self, calls: Sequence[Call]) -> list[Any]:
        """What they say, in their order. Raises KeyError for an error answer."""
        rows = [row for reply in self.ask(calls) for row in json.loads(reply)]
        return [row["result"] for row in rows]

    def _post(self, calls: Sequence[Call]) -> bytes:
        body = [
            {"jsonrpc": "2.0", "id": at, "method": method, "params": params}
            for at, (method, params) in enumerate(calls)
        ]
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/", json.dumps(body), headers)
        if QUICKACK is not None:
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        return self._connection.getresponse().read()


def payments(
    node: Anvil, token: Contract, wanted: Iterable[tuple[str, str]], units: Mapping[str, int]
) -> list[Call]:
    """The calls by which somebody pays each (currency, address)."""
    sender, calls = node.accounts[0], list[Call]()
    for currency, address in wanted:
        if currency == "ETH":
            row = {"from": sender, "to": address, "value": hex(units["ETH"]), "gas": hex(21_000)}
        else:
            data = token.data("transfer", address, units[currency])
            row = {"from": sender, "to": token.address, "data": data, "gas": hex(TOKEN_GAS)}
        calls.append(("eth_sendTransaction", (row,)))
    return calls


def header(node: Anvil, height: int) -> Block:
    """The header at a height, as the engine stores it."""
    row = node.block(hex(height))
    time_s = int(row["timestamp"], 16)
    return Block(height, str(row["hash"]), str(row["parentHash"]), time_s, time_s)
