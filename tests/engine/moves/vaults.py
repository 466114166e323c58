"""Wallets of one address that somebody else signs for: the cold wallet, an office that tops up."""

from __future__ import annotations

import itertools
from typing import Any, Protocol

from engine.coins import read_address
from engine.config import Currency
from engine.money import format_amount
from tests.nodes.harness import FakeHarness, Harness, LitecoindHarness
from tests.nodes.litecoind import Litecoind

FEE = 2_000
_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_numbers = itertools.count()


class Vault(Protocol):
    """One address and its keys. Amounts are units; `spend` pays `outputs` from the whole of its
    coin that `txid` made, less FEE."""

    address: str

    def spend(self, txid: str, outputs: dict[str, int]) -> str: ...
    def watch(self) -> None: ...


class FakeVault:
    """On the chain in memory anybody can spend anything."""

    def __init__(self, on: FakeHarness, currency: Currency) -> None:
        self._on = on
        self.address = some_address(currency)

    def watch(self) -> None:
        """Our wallet watches it from now on."""
        self._on.fake.ours.add(self.address)

    def spend(self, txid: str, outputs: dict[str, int]) -> str:
        chain_tx = self._on.fake.txs[txid]
        vout = [address for address, _ in chain_tx.outputs].index(self.address)
        return self._on.fake.pay(list(outputs.items()), inputs=[f"{txid}:{vout}"])


class NodeVault:
    """A wallet of its own on the same node."""

    def __init__(self, node: Litecoind, decimals: int) -> None:
        self._node = node
        self._decimals = decimals
        self._wallet = f"vault{next(_numbers)}"
        node.rpc("createwallet", self._wallet, False, False, "", False, False, False)
        self.address = str(self._call("getnewaddress"))

    def watch(self) -> None:
        self._node.cashier("importaddress", self.address, "cold", False)

    def spend(self, txid: str, outputs: dict[str, int]) -> str:
        listed: list[dict[str, Any]] = self._call("listunspent", 0)
        (coin,) = [each for each in listed if each["txid"] == txid]
        amounts = {a: format_amount(units, self._decimals) for a, units in outputs.items()}
        unsigned = self._node.rpc(
            "createrawtransaction", [{"txid": txid, "vout": coin["vout"]}], amounts
        )
        signed = self._call("signrawtransactionwithwallet", unsigned)["hex"]
        return str(self._node.rpc("sendrawtransaction", signed, 0))

    def _call(self, method: str, *params: object) -> Any:
        return self._node.rpc(method, *params, wallet=self._wallet)


def open_vault(on: Harness, currency: Currency) -> Vault:
    """A fresh one on this chain."""
    if isinstance(on, FakeHarness):
        return FakeVault(on, currency)
    assert isinstance(on, LitecoindHarness)
    return NodeVault(on.node, currency.decimals)


def some_address(currency: Currency) -> str:
    """An address of the network that is nobody's: a witness program of zeros and a number."""
    hrp = currency.parameters.bech32_hrp
    assert hrp is not None
    program = [0] * 30 + [next(_numbers) % 32, 0]
    values = [0, *program]
    text = f"{hrp}1" + "".join(_CHARSET[each] for each in values)
    found = text + _checksum(hrp, values)
    assert read_address(currency.parameters, found) is not None
    return found


def _checksum(hrp: str, values: list[int]) -> str:
    """BIP-173's checksum of a witness program of version 0."""
    expanded = [ord(x) >> 5 for x in hrp] + [0] + [ord(x) & 31 for x in hrp]
    state = 1
    for value in [*expanded, *values, *[0] * 6]:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for at, step in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= step if (top >> at) & 1 else 0
    state ^= 1
    return "".join(_CHARSET[(state >> 5 * (5 - at)) & 31] for at in range(6))
