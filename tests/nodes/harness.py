"""One way to act on any chain, so that one suite holds all of them to the same protocol.

A chain declares what can be done to it as `Ability`; what it lacks is listed in the suite.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from engine.chain import Chain, Followed
from engine.config import Currency
from engine.families import open_chain
from engine.money import format_amount
from tests.nodes.fake import FakeChain
from tests.nodes.litecoind import Litecoind


class Ability(Enum):
    """What a test can make happen on a chain."""

    PAY = "pay and mine"
    PAY_MANY = "pay several by one chain tx, and show each coin by it"
    BUMP = "replace a chain tx in the mempool"
    REORG = "replace mined blocks"
    DOUBLE_SPEND = "mine a chain tx that nobody announced"
    COINBASE = "pay an address by a block's reward"
    OWN_SEND = "pay an address of ours from our own wallet"
    DROP = "make the mempool forget"
    LAG = "make the node show an older tip"
    RESTORE = "put the wallet back to an older copy"


class Hands(Protocol):
    """A chain that can be followed, and the hands of everybody on it. Amounts are units. `address`
    is a fresh one of ours. `reorg` makes one block more than it takes off, or `length`; what was in
    them can be mined again."""

    name: str
    symbol: str
    abilities: frozenset[Ability]
    chain: Followed

    def address(self) -> str: ...
    def pay(self, address: str, units: int) -> str: ...
    def pay_many(self, units: dict[str, int]) -> str: ...
    def drop(self, txid: str) -> None: ...
    def mine(self, count: int = 1) -> list[str]: ...
    def reorg(
        self, depth: int, *, first: Sequence[str] = (), length: int | None = None
    ) -> None: ...
    def stranger(self) -> str: ...
    def tip(self) -> str: ...
    def height(self) -> int: ...


class Harness(Hands, Protocol):
    """The same where the node keeps a wallet. `mined` are txids or bytes as `double_spend` and
    `original` returned them. `spend_ours` spends the one coin of ours that `txid` made, as a thief
    would. `paid_to`: the amounts that blocks of the active chain pay to an address of a stranger.
    """

    chain: Chain

    def pay_ourselves(self, address: str, units: int) -> str: ...
    def spend_ours(self, txid: str, address: str, units: int) -> str: ...
    def displace(self, txid: str, address: str) -> str: ...
    def bump(self, txid: str) -> str: ...
    def replace(self, txid: str, address: str, units: int) -> str: ...
    def double_spend(self, txid: str) -> str: ...
    def original(self, txid: str) -> str: ...
    def mine_only(self, *mined: str) -> str: ...
    def coinbase(self, address: str) -> str: ...
    def paid_to(self, address: str) -> list[int]: ...
    def lag(self, blocks: int) -> None: ...
    def restore_wallet(self) -> None: ...


class FakeHarness:
    """The chain in memory can do everything."""

    name = "fake"
    abilities = frozenset(Ability)

    def __init__(self) -> None:
        self.fake = FakeChain()
        self.symbol = self.fake.currency
        self.chain: Chain = self.fake
        self.fake.mine(3)

    def address(self) -> str:
        return self.chain.new_addresses(1)[0].address

    def pay(self, address: str, units: int) -> str:
        return self.fake.pay(address, units)

    def pay_many(self, units: dict[str, int]) -> str:
        return self.fake.pay_many(units)

    def pay_ourselves(self, address: str, units: int) -> str:
        return self.fake.pay(address, units, own=True)

    def spend_ours(self, txid: str, address: str, units: int) -> str:
        (ours,) = (c for c in self.fake.coins(self.tip()) if c.txid == txid)
        spent = f"{txid}:{ours.index.removeprefix('vout:')}"
        outputs = [(address, units), (self.fake.address(), ours.units - units - 1000)]
        return self.fake.pay(outputs, inputs=[spent], own=True)

    def displace(self, txid: str, address: str) -> str:
        inputs = self.fake.txs[txid].inputs
        thief = self.fake.pay([(address, 1000)], inputs=inputs, own=True, announce=False)
        self.fake.mine(txids=[thief])
        return thief

    def bump(self, txid: str) -> str:
        return self.fake.bump(txid)

    def replace(self, txid: str, address: str, units: int) -> str:
        return self.fake.replace(txid, [(address, units)])

    def double_spend(self, txid: str) -> str:
        return self.fake.double_spend(txid)

    def original(self, txid: str) -> str:
        return txid

    def drop(self, txid: str) -> None:
        self.fake.drop(txid)

    def mine(self, count: int = 1) -> list[str]:
        return [block.hash for block in self.fake.mine(count)]

    def mine_only(self, *mined: str) -> str:
        return self.fake.mine(txids=mined)[0].hash

    def reorg(self, depth: int, *, first: Sequence[str] = (), length: int | None = None) -> None:
        self.fake.reorg(depth, first=first, length=length)

    def coinbase(self, address: str) -> str:
        return self.fake.coinbase(address)

    def stranger(self) -> str:
        return self.fake.stranger()

    def paid_to(self, address: str) -> list[int]:
        outputs = [each for txid in self.fake.mined for each in self.fake.txs[txid].outputs]
        return [units for to, units in outputs if to == address]

    def tip(self) -> str:
        return self.fake.tip.hash

    def height(self) -> int:
        return self.fake.tip.height

    def lag(self, blocks: int) -> None:
        self.fake.lag = blocks

    def restore_wallet(self) -> None:
        self.fake.restore_backup()


class LitecoindHarness:
    """The real node, seen through the Bitcoin family."""

    name = "litecoind"
    # Of the first two, litecoind is made to do it in tests of its own family.
    abilities = frozenset(Ability) - {Ability.DROP, Ability.RESTORE, Ability.LAG}

    def __init__(self, node: Litecoind, currency: Currency, *, wallet: str = "cashier") -> None:
        self.node = node
        self.symbol = currency.symbol
        self.decimals = currency.decimals
        self.chain: Chain = open_chain(currency, node.url(wallet))
        node.mine()  # an empty mempool, and change that can be spent
        self._began = node.tip()

    def address(self) -> str:
        return self.chain.new_addresses(1)[0].address

    def _coins(self, units: int) -> str:
        return format_amount(units, self.decimals)

    def pay(self, address: str, units: int) -> str:
        return self.node.pay(address, self._coins(units))

    def pay_many(self, units: dict[str, int]) -> str:
        return self.node.pay_many({address: self._coins(each) for address, each in units.items()})

    def pay_ourselves(self, address: str, units: int) -> str:
        self.node.pay(self.node.address(), self._coins(3 * units))
        self.node.mine()
        return str(self.node.cashier("sendtoaddress", address, self._coins(units)))

    def spend_ours(self, txid: str, address: str, units: int) -> str:
        return self.node.spend_ours(txid, address, self._coins(units))

    def displace(self, txid: str, address: str) -> str:
        return self.node.displace(txid, address)

    def bump(self, txid: str) -> str:
        return self.node.bump(txid)

    def replace(self, txid: str, address: str, units: int) -> str:
        return self.node.replace(txid, {address: self._coins(units)})

    def double_spend(self, txid: str) -> str:
        return self.node.double_spend(txid)

    def original(self, txid: str) -> str:
        return self.node.raw(txid)

    def drop(self, txid: str) -> None:
        raise NotImplementedError(txid)

    def mine(self, count: int = 1) -> list[str]:
        return self.node.mine(count)

    def mine_only(self, *mined: str) -> str:
        return self.node.mine_only(*mined)

    def reorg(self, depth: int, *, first: Sequence[str] = (), length: int | None = None) -> None:
        self.node.reorg(depth, first=first, length=length)

    def coinbase(self, address: str) -> str:
        block_hash = self.node.mine(to=address)[0]
        return str(self.node.rpc("getblock", block_hash)["tx"][0])

    def stranger(self) -> str:
        return self.node.stranger()

    def paid_to(self, address: str) -> list[int]:
        rows = self.node.outside("listsinceblock", self._began)["transactions"]
        return [
            int(row["amount"] * 10**self.decimals)
            for row in rows
            if row.get("address") == address
            and row["category"] == "receive"
            and row["confirmations"] > 0
        ]

    def tip(self) -> str:
        return self.node.tip()

    def height(self) -> int:
        return self.node.height()

    def lag(self, blocks: int) -> None:
        raise NotImplementedError(blocks)

    def restore_wallet(self) -> None:
        raise NotImplementedError
