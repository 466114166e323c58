"""A real anvil: its chain, and the ways of the chain's other people.

Nobody mines but mine() and its like. The node holds the keys of ten rich strangers, and signs for
any other address that it is told to act for; it knows nothing of our keys.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo import anvil
from tests.nodes.node_process import NodeProcess
from tests.nodes.ports import PATIENCE_S
from tests.nodes.rpc import RpcError

CHAIN_ID = 31337
NO_FUNDS = "Insufficient funds"
SENT_AGAIN = ("already imported", "already known", "nonce too low")  # it waits, or is in a block
# States are kept in memory, as many as any test looks back. By itself anvil writes those before the
# last 500 to a disk, one with each block, and for so long tells balances by the hash before.
STATES = 600
FLAGS = (
    *("--no-mining", "--quiet", f"--chain-id={CHAIN_ID}"),
    *("--preserve-historical-states", f"--prune-history={STATES}"),
)


def call(port: int, method: str, *params: object) -> Any:
    """One JSON-RPC 2.0 call on a connection of its own. Raises RpcError, OSError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        reply = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if "error" in reply:
        raise RpcError(reply["error"]["code"], reply["error"]["message"])
    return reply["result"]


class Anvil(NodeProcess):
    """One node; its chain is kept in `folder` when it stops, and lost when it is killed: then it
    starts again with the blocks of its last orderly end. What is in no block never stays."""

    name = "anvil"
    not_ready = (OSError, http.client.HTTPException)

    def __init__(self, folder: Path, *, flags: Sequence[str] = ()) -> None:
        super().__init__(folder, flags=flags)
        self.accounts: list[str] = []

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait()
        self.accounts = list(self.rpc("eth_accounts"))

    def _command(self) -> list[str]:
        binary = anvil.find()
        if binary is None:
            raise FileNotFoundError("anvil is not installed: .ci/system anvil")
        state = self.folder / "state.json"
        return [binary, f"--port={self.port}", f"--state={state}", *FLAGS, *self._flags]

    def _ask(self) -> object:
        return self.rpc("eth_chainId")

    # --- talking to it ---

    def url(self, *, port: int | None = None) -> str:
        """Its URL as cashier.toml takes it (`port`: of a proxy in front of it)."""
        return f"http://127.0.0.1:{port or self.port}"

    def rpc(self, method: str, *params: object) -> Any:
        return call(self.port, method, *params)

    # --- the chain ---

    def mine(self, count: int = 1) -> list[str]:
        """Mine `count` blocks, the first with all of the pool; their hashes."""
        self.rpc("anvil_mine", hex(count))
        top = self.height()
        return [self.hash_at(height) for height in range(top - count + 1, top + 1)]

    def mine_only(self, *raw_txs: str) -> str:
        """Mine one block with exactly these signed chain txs (none: an empty block); its hash."""
        waiting = self._empty_pool()
        self.broadcast(*raw_txs)
        (block,) = self.mine()
        self.broadcast(*(raw for raw in waiting if raw not in raw_txs))
        return block

    def tip(self) -> str:
        return str(self.block("latest")["hash"])

    def height(self) -> int:
        return int(self.rpc("eth_blockNumber"), 16)

    def hash_at(self, height: int) -> str:
        return str(self.block(hex(height))["hash"])

    def block(self, tag: str) -> dict[str, Any]:
        """The block at a height in hex or by a tag, with hashes of its chain txs."""
        return dict(self.rpc("eth_getBlockByNumber", tag, False))

    def receipt(self, txid: str) -> dict[str, Any] | None:
        """None for a chain tx that is in no block."""
        found: dict[str, Any] | None = self.rpc("eth_getTransactionReceipt", txid)
        return found

    def reorg(
        self,
        depth: int,
        *,
        first: Sequence[str] = (),
        length: int | None = None,
        forget: bool = False,
    ) -> None:
        """Replace the last `depth` blocks by `length` (default one more) that hold nothing but the
        signed chain txs `first`, in the lowest of them. The others return to the pool, as on most
        nodes, unless the node shall `forget` them."""
        freed = self._taken_off(depth) if not forget else []
        waiting = [*freed, *self._empty_pool()]
        self.rpc("anvil_rollback", depth)
        self.broadcast(*first)
        self.mine(length or depth + 1)
        for raw in waiting:
            if raw not in first:
                self._put_back(raw)

    def _put_back(self, raw: str) -> None:
        """What spends coins that are in no block any more is not taken: who sent it sends again.
        And a running engine may have done so already."""
        try:
            self.broadcast(raw)
        except RpcError as error:
            if not any(words in str(error) for words in (NO_FUNDS, *SENT_AGAIN)):
                raise

    def reorg_in_place(self, depth: int) -> None:
        """Replace the last `depth` blocks by as many empty ones: the height stays, and the node
        forgets what was in them."""
        self.rpc("anvil_reorg", depth, [])

    def rollback(self, depth: int) -> None:
        """Take the last `depth` blocks off, and what was in them: the height goes back."""
        self.rpc("anvil_rollback", depth)

    def _taken_off(self, depth: int) -> list[str]:
        """Signed bytes of everything in the last `depth` blocks, in their order."""
        top = self.height()
        blocks = [self.block(hex(top - back)) for back in reversed(range(depth))]
        return [self.raw(txid) for block in blocks for txid in block["transactions"]]

    def _empty_pool(self) -> list[str]:
        """Drop everything that is in no block; its signed bytes, by sender and nonce."""
        pool = self.rpc("txpool_content")
        waiting = [
            txid["hash"]
            for kind in ("pending", "queued")
            for by_nonce in pool[kind].values()
            for _, txid in sorted(by_nonce.items(), key=lambda item: int(item[0]))
        ]
        raws = [self.raw(txid) for txid in waiting]
        self.rpc("anvil_dropAllTransactions")
        return raws

    def snapshot(self) -> str:
        return str(self.rpc("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot, which can be done once."""
        if not self.rpc("evm_revert", snapshot):
            raise RuntimeError("no such snapshot")

    # --- the state ---

    def balance(self, address: str, tag: str = "latest") -> int:
        """Wei of an address."""
        return int(self.rpc("eth_getBalance", address, tag), 16)

    def set_balance(self, address: str, wei: int) -> None:
        self.rpc("anvil_setBalance", address, hex(wei))

    def set_code(self, address: str, code: str) -> None:
        self.rpc("anvil_setCode", address, code)

    def set_next_time(self, time_s: int) -> None:
        """Unix seconds of the next block; later ones go on from there."""
        self.rpc("evm_setNextBlockTimestamp", time_s)

    def set_next_base_fee(self, wei: int) -> None:
        """Base fee of the next block only."""
        self.rpc("anvil_setNextBlockBaseFeePerGas", hex(wei))

    def set_fee_recipient(self, address: str) -> None:
        """Who gets the priority fees of the blocks to come."""
        self.rpc("anvil_setCoinbase", address)

    # --- the other people ---

    def stranger(self, which: int = 1) -> str:
        """An address of somebody rich who does not matter to us; number 0 is who pays."""
        return self.accounts[which]

    def send(
        self,
        to: str | None,
        *,
        wei: int = 0,
        data: str = "0x",
        gas: int | None = None,
        by: str | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> str:
        """Somebody (`by`, who may be any address) sends a chain tx; its txid. Without `gas` it gets
        what it needs, or very much if it will revert: it goes out all the same. `fields` are
        further ones of `eth_sendTransaction`."""
        sender = by or self.accounts[0]
        if sender not in self.accounts:
            self.rpc("anvil_impersonateAccount", sender)
        wanted = {"from": sender, "value": hex(wei), "data": data, **(fields or {})}
        if to is not None:
            wanted["to"] = to
        if gas is not None:
            wanted["gas"] = hex(gas)
        return str(self.rpc("eth_sendTransaction", wanted))

    def pay(self, address: str, wei: int) -> str:
        """Somebody pays `wei`; its txid."""
        return self.send(address, wei=wei)

    def replace(self, txid: str, to: str, wei: int) -> str:
        """The sender replaces `txid` in the pool by one of the same nonce that pays otherwise."""
        old = self.rpc("eth_getTransactionByHash", txid)
        tip, cap = (2 * int(old[fee], 16) for fee in ("maxPriorityFeePerGas", "maxFeePerGas"))
        fields = {
            "nonce": old["nonce"],
            "maxPriorityFeePerGas": hex(tip),
            "maxFeePerGas": hex(cap),
        }
        return self.send(to, wei=wei, by=old["from"], fields=fields)

    def drop(self, txid: str) -> None:
        """The pool forgets it; its nonce is free again."""
        self.rpc("anvil_dropTransaction", txid)

    def raw(self, txid: str) -> str:
        """The signed bytes of a chain tx that the node knows."""
        return str(self.rpc("eth_getRawTransactionByHash", txid))

    def broadcast(self, *raw_txs: str) -> list[str]:
        return [str(self.rpc("eth_sendRawTransaction", raw)) for raw in raw_txs]
