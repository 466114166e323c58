"""A chain whose addresses count their sends, with our keys for them and everybody's hands on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

from engine.chain import BlockRef, SignedTx
from engine.config import Currency
from engine.families.evm.addresses import written
from engine.sending import Offer, Outcome, Payer, Send
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import AnvilHands, ether, fresh_words
from tests.nodes.contracts import Contract, deploy

ETHER = 10**18
TOKEN_UNITS = 10**9
KINDS = {"GOOD": "Good", "FEE": "FeeToken", "FALSE": "FalseToken"}
KINDS |= {"LIAR": "LiarToken", "NONE": "NoReturnToken", "REBASE": "RebasingToken"}


class PayerHands(Protocol):
    """What the suite of payers does to a chain. `hot` has coins, and of every token; `deposit` is
    an address of ours with coins, `stranger` one of somebody else. `reorg` puts as many empty
    blocks in the place of the last ones and forgets what was in them; `drop` lets the pool forget.
    """

    name: str
    coin: str
    token: str
    payer: Payer
    hot: str
    deposit: str

    def stranger(self, which: int = 1) -> str: ...
    def mine(self, count: int = 1) -> list[str]: ...
    def reorg(self, depth: int) -> None: ...
    def drop(self, txid: str) -> None: ...
    def tip(self) -> BlockRef: ...
    def held(self, address: str, currency: str) -> int: ...


class EvmPayerHands:
    """A real node or the embedded chain, by the EVM family; keys are fresh ones."""

    coin = "ETH"
    token = "GOOD"

    def __init__(self, node: Anvil, currency: Currency, tokens: Mapping[str, Contract]) -> None:
        self.name = node.name
        self.node = node
        self.tokens = tokens
        self.currency = currency
        self.on = AnvilHands(node, currency)
        chain = self.on.chain
        assert isinstance(chain, Payer)
        self.payer: Payer = chain
        self.on.memory.made.append(chain.hot_address())
        self.hot = self.on.memory.made[0].address
        self.deposit = self.on.address()
        for address in (self.hot, self.deposit):
            node.pay(address, 10 * ETHER)
        for symbol, token in tokens.items():
            if symbol != "FALSE":
                token.send("transfer", self.hot, TOKEN_UNITS)
        node.mine()

    @classmethod
    def open(cls, node: Anvil, folder: Path, *, url: str = "", kinds: Sequence[str] = ()) -> Self:
        """ETH with a good token, and with those of `kinds`."""
        wanted = dict.fromkeys(("GOOD", *kinds))
        tokens = {symbol: deploy(node, KINDS[symbol]) for symbol in wanted}
        contracts = {symbol: token.address for symbol, token in tokens.items()}
        keys = {"mnemonic": fresh_words()}
        return cls(node, ether(folder, url or node.url(), contracts, keys=keys), tokens)

    def stranger(self, which: int = 1) -> str:
        return written(self.node.stranger(which))

    def mine(self, count: int = 1) -> list[str]:
        return self.node.mine(count)

    def reorg(self, depth: int) -> None:
        self.node.reorg_in_place(depth)

    def drop(self, txid: str) -> None:
        self.node.drop(txid)

    def tip(self) -> BlockRef:
        return BlockRef(self.node.height(), self.node.tip())

    def held(self, address: str, currency: str) -> int:
        (units,) = self.payer.balances([(currency, address)], at=self.node.tip())
        assert units is not None
        return units

    def close(self) -> None:
        self.on.chain.close()


def offer_for(on: PayerHands, send: Send, *, percent: int = 100, gas: int = 0) -> Offer:
    """What the network asks, `percent` of it, for as much gas as it takes."""
    rates = on.payer.rates()
    tip, cap = rates.tip * percent // 100, (2 * rates.base + rates.tip) * percent // 100
    return Offer(gas or on.payer.gas_of(send) * 6 // 5, cap, tip)


def signed(
    on: PayerHands, send: Send, *, nonce: int | None = None, percent: int = 100, gas: int = 0
) -> SignedTx:
    """A send, signed for its source's next number."""
    number = on.payer.mined_nonce(send.source) if nonce is None else nonce
    return on.payer.sign(send, nonce=number, offer=offer_for(on, send, percent=percent, gas=gas))


def outcome_of(on: PayerHands, chain_tx: SignedTx, send: Send) -> Outcome:
    """As of the newest block."""
    return on.payer.outcomes({chain_tx.txid: send}, tip=on.tip())[chain_tx.txid]
