"""A real litecoind on regtest: its wallets, and the ways of the chain's other people.

Wallet `cashier` is ours; wallet `outside` is everybody else: it mines, pays, bumps and cheats.
"""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from tests.nodes import rpc
from tests.nodes.node_process import NodeProcess

USER = "cashier"
PASSWORD = "p@ss/w:rd %41"  # every character here must be quoted in a URL
COIN = Decimal("0.00000001")
FLAGS = (
    "-regtest",
    "-server",
    "-listen=0",
    "-printtoconsole=0",
    "-keypool=25",
    "-dbcache=8",
    # Without the first, mining stops at block 432; without the second, no replacement is relayed.
    "-vbparams=mweb:4000000000:4100000000",
    "-mempoolreplacement=1",
    "-fallbackfee=0.0001",
)


class Litecoind(NodeProcess):
    """One node in `folder`; start() gives it both wallets and `outside` a hundred coinbases."""

    name = "litecoind"
    not_ready = (OSError, http.client.HTTPException, rpc.RpcError, ValueError)

    def start(self) -> None:
        """Start it and wait until it answers with both wallets loaded."""
        first = not (self.folder / "regtest").exists()
        self.launch()
        self.wait()
        if not first:
            return
        for wallet in ("cashier", "outside"):
            self.add_wallet(wallet)
        self.mine(110)

    def add_wallet(self, name: str) -> None:
        """A new, empty wallet that is loaded from now on."""
        # name, disable_private_keys, blank, passphrase, avoid_reuse, descriptors, load_on_start
        self.rpc("createwallet", name, False, False, "", False, False, True)

    def _command(self) -> list[str]:
        binary = shutil.which("litecoind")
        if binary is None:
            raise FileNotFoundError("litecoind is not installed: apt-get install litecoind")
        self.folder.mkdir(parents=True, exist_ok=True)
        conf = f"[regtest]\nrpcuser={USER}\nrpcpassword={PASSWORD}\nrpcport={self.port}\n"
        (self.folder / "litecoin.conf").write_text(conf)
        return [binary, f"-datadir={self.folder}", *FLAGS, *self._flags]

    def _ask(self) -> object:
        return self.rpc("getblockcount")

    # --- talking to it ---

    def url(self, wallet: str = "cashier", *, port: int | None = None) -> str:
        """Its URL as cashier.toml takes it (`port`: of a proxy in front of it)."""
        login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
        return f"http://{login}@127.0.0.1:{port or self.port}/wallet/{wallet}"

    def rpc(self, method: str, *params: object, wallet: str | None = None) -> Any:
        path = f"/wallet/{wallet}" if wallet else "/"
        return rpc.call(self.port, f"{USER}:{PASSWORD}", path, method, *params)

    def outside(self, method: str, *params: object) -> Any:
        return self.rpc(method, *params, wallet="outside")

    def cashier(self, method: str, *params: object) -> Any:
        return self.rpc(method, *params, wallet="cashier")

    # --- the chain ---

    def mine(self, count: int = 1, *, to: str | None = None) -> list[str]:
        """Mine `count` blocks with all of the mempool; their hashes."""
        hashes: list[str] = self.rpc("generatetoaddress", count, to or self.stranger())
        return hashes

    def mine_only(self, *raw_txs: str) -> str:
        """Mine one block with exactly these signed chain txs (none: an empty block); its hash."""
        return str(self.rpc("generateblock", self.stranger(), list(raw_txs))["hash"])

    def tip(self) -> str:
        return str(self.rpc("getbestblockhash"))

    def height(self) -> int:
        return int(self.rpc("getblockcount"))

    def hash_at(self, height: int) -> str:
        return str(self.rpc("getblockhash", height))

    def disconnect(self, depth: int) -> str:
        """Take the last `depth` blocks off; their chain txs return to the mempool. The hash of the
        lowest one, for `reconsiderblock`."""
        lowest = self.hash_at(self.height() - depth + 1)
        self.rpc("invalidateblock", lowest)
        return lowest

    def reorg(self, depth: int, *, first: Iterable[str] = (), length: int | None = None) -> None:
        """Replace the last `depth` blocks by `length` (default one more) that hold nothing but the
        signed chain txs `first`, in the lowest of them."""
        self.disconnect(depth)
        self.mine_only(*first)
        for _ in range((length or depth + 1) - 1):
            self.mine_only()

    def spend_ours(self, txid: str, address: str, amount: str) -> str:
        """Somebody with our wallet's keys pays `amount` from the coin that `txid` made, 0.0001 of
        fee; the rest comes back as change. Its txid."""
        listed = self.cashier("listunspent", 0)
        (coin,) = [each for each in listed if each["txid"] == txid]
        change = str(self.cashier("getrawchangeaddress"))
        rest = Decimal(str(coin["amount"])) - Decimal(amount) - Decimal("0.0001")
        inputs = [{"txid": txid, "vout": coin["vout"]}]
        unsigned = self.rpc("createrawtransaction", inputs, {address: amount, change: str(rest)})
        signed = self.cashier("signrawtransactionwithwallet", unsigned)["hex"]
        return str(self.cashier("sendrawtransaction", signed, 0))

    def displace(self, txid: str, address: str) -> str:
        """Somebody with our wallet's keys mines a chain tx that spends the inputs of `txid`, which
        is in no block, and pays all to `address` less 0.001 of fee; its txid."""
        raw = self.cashier("gettransaction", txid)["hex"]
        spent = self.rpc("decoderawtransaction", raw)["vin"]
        inputs = [{"txid": each["txid"], "vout": each["vout"]} for each in spent]
        coins = [self.rpc("gettxout", i["txid"], i["vout"], False)["value"] for i in inputs]
        rest = sum(coins, Decimal()) - Decimal("0.001")
        unsigned = self.rpc("createrawtransaction", inputs, {address: str(rest)})
        signed = str(self.cashier("signrawtransactionwithwallet", unsigned)["hex"])
        self.mine_only(signed)
        return str(self.rpc("decoderawtransaction", signed)["txid"])

    # --- the other people ---

    def stranger(self) -> str:
        """An address of nobody who matters to us."""
        return str(self.outside("getnewaddress"))

    def address(self) -> str:
        """A fresh address of our wallet."""
        return str(self.cashier("getnewaddress"))

    def pay(self, address: str, amount: str) -> str:
        """Somebody pays `amount` coins, replaceably; its txid."""
        return self._seen(self.outside("sendtoaddress", address, amount, "", "", False, True))

    def pay_many(self, amounts: Mapping[str, str]) -> str:
        """Somebody pays several addresses in one chain tx; its txid."""
        return self._seen(self.outside("sendmany", "", dict(amounts), 1, "", [], True))

    def bump(self, txid: str) -> str:
        """The sender pays more fee; txid of the replacement, which pays the same."""
        return self._seen(self.outside("bumpfee", txid)["txid"])

    def double_spend(self, txid: str, outputs: Mapping[str, str] | None = None) -> str:
        """Signed bytes (not broadcast) that spend the inputs of `txid` otherwise: to `outputs`,
        the rest less 0.01 of fee back to the sender."""
        spent = self._decoded(txid)["vin"]
        inputs = [{"txid": i["txid"], "vout": i["vout"], "sequence": 0xFFFFFFFD} for i in spent]
        total = sum((self._value(i["txid"], i["vout"]) for i in spent), Decimal())
        pays = {address: Decimal(amount) for address, amount in (outputs or {}).items()}
        pays[self.stranger()] = total - sum(pays.values(), Decimal()) - Decimal("0.01")
        texts = {address: str(amount.quantize(COIN)) for address, amount in pays.items()}
        unsigned = self.rpc("createrawtransaction", inputs, texts)
        coins = [self._coin(i["txid"], i["vout"]) for i in spent]
        return str(self.outside("signrawtransactionwithwallet", unsigned, coins)["hex"])

    def replace(self, txid: str, outputs: Mapping[str, str] | None = None) -> str:
        """The sender replaces `txid` in the mempool by one that pays `outputs`; its txid."""
        return self.broadcast(self.double_spend(txid, outputs))

    def broadcast(self, raw_tx: str) -> str:
        return self._seen(self.rpc("sendrawtransaction", raw_tx, 0))

    def _seen(self, txid: Any) -> str:
        """Wallets hear of the mempool a moment later than who sent it: wait until all have."""
        self.rpc("syncwithvalidationinterfacequeue")
        return str(txid)

    def raw(self, txid: str) -> str:
        """The signed bytes of a chain tx of the outside wallet."""
        return str(self.outside("gettransaction", txid)["hex"])

    def _decoded(self, txid: str) -> Any:
        return self.rpc("decoderawtransaction", self.raw(txid))

    def _value(self, txid: str, vout: int) -> Decimal:
        value: Decimal = self._decoded(txid)["vout"][vout]["value"]
        return value

    def _coin(self, txid: str, vout: int) -> dict[str, object]:
        """What signing must know of a coin that is spent in the chain, and so not found there."""
        output = self._decoded(txid)["vout"][vout]
        script = output["scriptPubKey"]["hex"]
        return {"txid": txid, "vout": vout, "scriptPubKey": script, "amount": str(output["value"])}
