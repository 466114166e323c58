"""The real EVM node, seen through the EVM family, and the hands of everybody on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language

from engine.chain import Followed, NewAddress
from engine.config import Currency, load_config
from engine.families.evm import open_chain
from engine.families.evm.recursion import bound_recursion
from engine.ours import Ours, SeenCoin
from tests.engine.toml_text import SITE_SECRET, dump
from tests.nodes.anvil import CHAIN_ID, Anvil
from tests.nodes.contracts import Contract, deploy
from tests.nodes.harness import Ability

bound_recursion()  # what makes words here raises it

WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"


def fresh_words() -> str:
    """Keys that nobody ever paid: a shared node remembers the others' addresses."""
    return generate_mnemonic(12, Language.ENGLISH)


def evm_tables(
    node_url: str,
    tokens: Mapping[str, str],
    *,
    decimals: int = 6,
    for_tokens: Mapping[str, object] | None = None,
    **keys: Any,
) -> dict[str, object]:
    """The `[currency.X]` tables of ETH with `keys`, and of `tokens` by their contracts, each with
    `for_tokens`."""
    ground = {"chain_id": CHAIN_ID, "node": node_url, "keys": {"mnemonic": WORDS}, **keys}
    others = {
        symbol: {"chain": "ETH", "token": contract, "decimals": decimals, **(for_tokens or {})}
        for symbol, contract in tokens.items()
    }
    return {"ETH": ground, **others}


def ether(
    folder: Path, node_url: str, tokens: Mapping[str, str], *, decimals: int = 6, **keys: Any
) -> Currency:
    """ETH as cashier.toml makes it."""
    tables = evm_tables(node_url, tokens, decimals=decimals, **keys)
    site = {"handshake": {"algorithm": "HS256", "secret": SITE_SECRET}}
    path = folder / "cashier.toml"
    path.write_text(dump({"site": site, "currency": tables}))
    return load_config(path, role="engine", environ={}).currencies["ETH"]


class Memory:
    """What is ours, without a database."""

    def __init__(self) -> None:
        self.made: list[NewAddress] = []
        self.seen: list[SeenCoin] = []

    def addresses(self) -> Mapping[str, str]:
        return {new.address.lower(): new.address for new in self.made}

    def newest_path(self, prefix: str) -> str | None:
        found = [new.script for new in self.made if new.script.startswith(prefix)]
        return found[-1] if found else None

    def path_of(self, address: str) -> str | None:
        return next((new.script for new in self.made if new.address == address), None)

    def coins(self, txids: Iterable[str]) -> list[SeenCoin]:
        wanted = set(txids)
        return [coin for coin in self.seen if coin.txid in wanted]


class AnvilHands:
    """What is ours is in memory, unless a test hands over a database's."""

    name = "anvil"
    abilities = frozenset({Ability.PAY, Ability.REORG, Ability.DROP})

    def __init__(self, node: Anvil, currency: Currency, ours: Ours | None = None) -> None:
        self.node = node
        self.symbol = currency.symbol
        self.memory = Memory()
        known = self.memory if ours is None else ours
        url = "" if currency.node is None else currency.node.reveal()
        self.chain: Followed = open_chain(currency, url, tokens=currency.tokens, ours=known)
        node.mine()
        self._splitter: Contract | None = None

    @classmethod
    def open(cls, node: Anvil, folder: Path) -> Self:
        """Hands without a house: ETH alone."""
        return cls(node, ether(folder, node.url(), {}))

    def address(self) -> str:
        self.memory.made += self.chain.new_addresses(1)
        return self.memory.made[-1].address

    def pay(self, address: str, units: int) -> str:
        return self.node.pay(address, units)

    def pay_many(self, units: dict[str, int]) -> str:
        """One chain tx pays everybody by calls of a contract, which only pays equal parts: each
        gets as many as it takes."""
        part = min(units.values())
        to = [address for address, each in units.items() for _ in range(each // part)]
        if self._splitter is None:
            self._splitter = deploy(self.node, "Splitter")
        return self._splitter.send("pay", to, wei=part * len(to))

    def drop(self, txid: str) -> None:
        self.node.drop(txid)

    def mine(self, count: int = 1) -> list[str]:
        return self.node.mine(count)

    def reorg(self, depth: int, *, first: Sequence[str] = (), length: int | None = None) -> None:
        self.node.reorg(depth, first=first, length=length)

    def stranger(self) -> str:
        return self.node.stranger()

    def tip(self) -> str:
        return self.node.tip()

    def height(self) -> int:
        return self.node.height()
