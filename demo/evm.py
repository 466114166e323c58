"""The demo's EVM node: anvil where there is one, else the embedded chain in a process of its own.

Its first rich account is the faucet, the others are the clients' own wallets; a token of six
decimals, which the faucet made and owns, is paid beside the coin.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language

from demo import anvil, rpc
from demo.children import Child
from demo.guard import Guard
from demo.ports import HOST, free_port
from demo.trouble import DemoTrouble
from engine.coins.eip55 import written
from engine.errors import AmountError
from engine.families.evm.recursion import bound_recursion
from engine.money import parse_amount

bound_recursion()

CHAIN_ID = 31337
COIN_DECIMALS = 18
TOKEN_DECIMALS = 6
CONFIRMATIONS = 3  # enough to be watched
TOP_UP = "10"  # whole coins
WORDS = 12
START_S = 90.0
STARTS_MAX = 3
_TOKEN_CODE = Path(__file__).with_name("token.json")
_TRANSFER = "0xa9059cbb"  # transfer(address,uint256)


class EvmNode:
    """A node in `folder`. `program` is anvil's path; None is the embedded chain."""

    symbol = "ETH"

    def __init__(self, folder: Path, guard: Guard, *, program: str | None) -> None:
        self._folder = folder
        self._guard = guard
        self._program = program
        self._child: Child | None = None
        self._wallets = itertools.count(1)
        self._people: list[str] = []
        self._words = generate_mnemonic(WORDS, Language.ENGLISH)
        self.port = 0
        self.token = ""

    @property
    def name(self) -> str:
        """What runs: for people."""
        return "embedded chain" if self._program is None else "anvil"

    @property
    def url(self) -> str:
        """As cashier.toml takes it."""
        return f"http://{HOST}:{self.port}"

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Its currencies in cashier.toml, on keys of this demo."""
        ether = {
            "chain_id": CHAIN_ID,
            "node": self.url,
            "keys": {"mnemonic": self._words},
            "poll": 1,
            "confirmations": CONFIRMATIONS,
            "withdrawal": {"minimum": "0.001", "fee": "0.0005", "approve_above": "20"},
            "sweep": {"above": "0.01"},
        }
        return {
            "ETH": ether,
            "USDT": {
                "name": "Tether",
                "chain": "ETH",
                "token": self.token,
                "decimals": TOKEN_DECIMALS,
                "withdrawal": {"minimum": "1", "fee": "0.5", "approve_above": "5000"},
                "sweep": {"above": "1"},
            },
        }

    async def start(self) -> None:
        """Start it with a rich faucet and its token. Raises DemoTrouble."""
        self._folder.mkdir(mode=0o700)
        for turn in range(1, STARTS_MAX + 1):
            self.port = free_port()
            if await self._launch():
                break
            if turn == STARTS_MAX:
                raise DemoTrouble(f"{self.name} does not start: {self._last_words()}")
        await asyncio.to_thread(self._furnish)

    async def restart(self) -> None:
        """Start it again where it was, after it ended by itself. Raises DemoTrouble."""
        if not await self._launch():
            raise DemoTrouble(f"{self.name} does not start again: {self._last_words()}")

    async def ended(self) -> None:
        """Return when its process is gone."""
        if self._child is not None:
            await self._child.wait()

    async def stop(self) -> None:
        """End it."""
        if self._child is not None:
            await self._child.stop()

    # --- what the demo asks of it; each call blocks, and raises RpcError or OSError ---

    def rpc(self, method: str, *params: object) -> Any:
        return rpc.call(self.port, "", "/", method, *params)

    def pay(self, address: str, amount: str) -> str:
        """The faucet pays `amount` whole coins; the txid."""
        return self._send({"to": address, "value": hex(_units(amount, COIN_DECIMALS))})

    def pay_token(self, address: str, amount: str) -> str:
        """The faucet pays `amount` whole tokens; the txid."""
        to = address.lower().removeprefix("0x").rjust(64, "0")
        data = f"{_TRANSFER}{to}{_units(amount, TOKEN_DECIMALS):064x}"
        return self._send({"to": self.token, "data": data})

    def top_up(self, hot: str) -> None:
        """The house's own coins, which pay the network's fees: never clients' ones."""
        self.pay(hot, TOP_UP)

    def address(self) -> str:
        """An account of the clients' own, each time the next one."""
        others = len(self._people) - 1
        return written(self._people[1 + next(self._wallets) % others])

    def mine(self, count: int = 1) -> None:
        """Mine blocks, the first with all that waits."""
        self.rpc("anvil_mine", hex(count))

    def is_waited_for(self) -> bool:
        """Whether a chain tx waits for a block."""
        return int(self.rpc("txpool_status")["pending"], 16) > 0

    def _send(self, fields: dict[str, str]) -> str:
        return str(self.rpc("eth_sendTransaction", {"from": self._people[0], **fields}))

    # --- its process ---

    def _command(self) -> Sequence[str]:
        if self._program is None:
            file = str(self._folder / "chain.jsonl")
            chain = "demo.embedded_chain"
            return [sys.executable, "-m", chain, f"--port={self.port}", f"--file={file}"]
        state = str(self._folder / "state.json")
        flags = ("--no-mining", "--quiet", f"--chain-id={CHAIN_ID}", f"--host={HOST}")
        # Alone on its network, a node that is killed finds its blocks nowhere else.
        kept = (f"--state={state}", "--state-interval=1", "--preserve-historical-states")
        return [self._program, f"--port={self.port}", *flags, *kept]

    async def _launch(self) -> bool:
        """Start the process; whether it came up, rather than ended at once (its port was taken)."""
        log = self._folder / "node.log"
        self._child = await Child.start(self._command(), guard=self._guard, log=log)
        deadline = time.monotonic() + START_S
        while not self._child.has_ended:
            if await asyncio.to_thread(self._answers):
                return True
            if time.monotonic() > deadline:
                raise DemoTrouble(f"{self.name} does not answer after {START_S:.0f} s")
            await asyncio.sleep(0.05)
        return False

    def _answers(self) -> bool:
        try:
            self._people = list(self.rpc("eth_accounts"))
        except (OSError, rpc.RpcError):
            return False
        return True

    def _furnish(self) -> None:
        """Make the token."""
        code = json.loads(_TOKEN_CODE.read_text(encoding="utf-8"))["code"]
        txid = self._send({"data": code})
        self.mine()
        self.token = str(self.rpc("eth_getTransactionReceipt", txid)["contractAddress"])

    def _last_words(self) -> str:
        return self._child.last_words() if self._child is not None else ""


class TokenFaucet:
    """The node's token, as the site's faucet of a currency of its own."""

    def __init__(self, node: EvmNode) -> None:
        self._node = node

    def pay(self, address: str, amount: str) -> str:
        return self._node.pay_token(address, amount)

    def address(self) -> str:
        return self._node.address()


def find() -> str | None:
    """Anvil's path; None means the embedded chain."""
    return anvil.find()


def _units(amount: str, decimals: int) -> int:
    try:
        return parse_amount(amount, decimals)
    except AmountError as error:
        raise rpc.RpcError(0, str(error)) from None
