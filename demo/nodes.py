"""Development nodes found on this machine: litecoind on regtest, with a rich faucet."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from demo import rpc
from demo.children import Child
from demo.guard import Guard
from demo.ports import HOST, free_port
from demo.trouble import DemoTrouble

USER = "cashier"
STARTS_MAX = 3
# disable_private_keys, blank, passphrase, avoid_reuse, descriptors, load_on_startup
_WALLET = (False, False, "", False, False, True)
START_S = 60.0
# A coinbase is spendable a hundred blocks later: these leave the faucet thirty of 50 coins.
FIRST_BLOCKS = 130
FLAGS = (
    "-regtest",
    "-server",
    "-listen=0",
    "-dnsseed=0",
    "-printtoconsole=0",
    "-keypool=50",
    "-dbcache=16",
    "-fallbackfee=0.0001",
    "-mempoolreplacement=1",
    # Mining stops at block 432 while mweb may activate.
    "-vbparams=mweb:4000000000:4100000000",
)


class Litecoind:
    """A node in `folder` with two wallets: `cashier` is ours, `faucet` is everybody else."""

    symbol = "LTC"

    def __init__(self, folder: Path, guard: Guard) -> None:
        self._folder = folder
        self._guard = guard
        self._password = secrets.token_hex(16)
        self._child: Child | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """As cashier.toml takes it, with user, password and wallet."""
        return f"http://{USER}:{self._password}@{HOST}:{self.port}/wallet/cashier"

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Its currency in cashier.toml. Whoever watches does not wait for others to join."""
        batch = {"every": 2}
        return {"LTC": {"network": "regtest", "node": self.url, "poll": 1, "batch": batch}}

    async def start(self) -> None:
        """Start it with both wallets and mature coins in the faucet. Raises DemoTrouble."""
        binary = find()
        self._folder.mkdir(mode=0o700)
        for turn in range(1, STARTS_MAX + 1):
            self.port = free_port()
            self._configure()
            if await self._launch(binary):
                break
            if turn == STARTS_MAX:
                raise DemoTrouble(f"litecoind does not start: {self._last_words()}")
        await asyncio.to_thread(self._furnish)

    async def restart(self) -> None:
        """Start it again where it was, after it ended by itself. Raises DemoTrouble."""
        if not await self._launch(find()):
            raise DemoTrouble(f"litecoind does not start again: {self._last_words()}")

    async def ended(self) -> None:
        """Return when its process is gone."""
        if self._child is not None:
            await self._child.wait()

    async def stop(self) -> None:
        """End it."""
        if self._child is not None:
            await self._child.stop()

    # --- what the demo asks of it; each call blocks, and raises RpcError or OSError ---

    def rpc(self, method: str, *params: object, wallet: str = "faucet") -> Any:
        """One call, by `wallet`."""
        return rpc.call(self.port, f"{USER}:{self._password}", f"/wallet/{wallet}", method, *params)

    def pay(self, address: str, amount: str) -> str:
        """The faucet pays `amount` whole coins; the txid."""
        return str(self.rpc("sendtoaddress", address, amount))

    def address(self) -> str:
        """A fresh address of the faucet's wallet: the clients' own wallet, as it were."""
        return str(self.rpc("getnewaddress"))

    def mine(self, count: int = 1) -> None:
        """Mine blocks with all of the mempool; their reward is the faucet's."""
        self.rpc("generatetoaddress", count, self.rpc("getnewaddress"))
        # Counting all coins writes the chain to disk: alone on its network, a node that is killed
        # finds its blocks nowhere else.
        self.rpc("gettxoutsetinfo")

    def is_waited_for(self) -> bool:
        """Whether a chain tx waits for a block."""
        return bool(self.rpc("getrawmempool"))

    # --- its process ---

    def _configure(self) -> None:
        conf = self._folder / "litecoin.conf"
        conf.touch(mode=0o600)
        login = f"rpcuser={USER}\nrpcpassword={self._password}\n"
        conf.write_text(
            f"[regtest]\n{login}rpcport={self.port}\nrpcbind={HOST}\nrpcallowip={HOST}\n"
        )

    async def _launch(self, binary: str) -> bool:
        """Start the process; whether it came up, rather than ended at once (its port was taken)."""
        command = [binary, f"-datadir={self._folder}", *FLAGS]
        log = self._folder / "litecoind.log"
        self._child = await Child.start(command, guard=self._guard, log=log)
        deadline = time.monotonic() + START_S
        while not self._child.has_ended:
            if await asyncio.to_thread(self._answers):
                return True
            if time.monotonic() > deadline:
                raise DemoTrouble(f"litecoind does not answer after {START_S:.0f} s")
            await asyncio.sleep(0.05)
        return False

    def _answers(self) -> bool:
        try:
            rpc.call(self.port, f"{USER}:{self._password}", "/", "getblockcount")
        except (OSError, rpc.RpcError):
            return False
        return True

    def _furnish(self) -> None:
        for wallet in ("cashier", "faucet"):
            self._create(wallet, *_WALLET)
        self.mine(FIRST_BLOCKS)

    def _create(self, *params: object) -> None:
        rpc.call(self.port, f"{USER}:{self._password}", "/", "createwallet", *params)

    def _last_words(self) -> str:
        return self._child.last_words() if self._child is not None else ""


def find() -> str:
    """Where litecoind is on this machine. Raises DemoTrouble."""
    binary = shutil.which("litecoind")
    if binary is None:
        raise DemoTrouble("litecoind is not installed; install it with: apt-get install litecoind")
    return binary
