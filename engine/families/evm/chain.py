"""The Payer protocol over one node of an EVM chain: which calls each question takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

from engine.chain import (
    Arrival,
    Block,
    BlockRef,
    Expectation,
    Fact,
    Health,
    Identity,
    NewAddress,
    Recipient,
    Scan,
    Sender,
    Senders,
    Sending,
    SendReply,
    SignedTx,
    Spend,
)
from engine.config import Currency
from engine.errors import NodeDown, NodeRefused, OffChain
from engine.families.evm import gas, health, nonces
from engine.families.evm.addresses import is_ours, new_addresses, spelled, written
from engine.families.evm.arrivals import ArrivalReader, Found
from engine.families.evm.balances import balances
from engine.families.evm.blocks import LATEST, FullBlock, Pace, block_of, full_blocks, header_at
from engine.families.evm.broadcast import broadcast
from engine.families.evm.facts import FactReader, in_pool
from engine.families.evm.frames import Tracer
from engine.families.evm.keys import DEPOSITS, HOT, NO_CODE, Keys, open_keys
from engine.families.evm.outcomes import OutcomeReader
from engine.families.evm.received import CoinChecker
from engine.families.evm.sends import Sends
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, address_of, data_of, is_hash, quantity_of, table_of
from engine.ours import Ours
from engine.sending import Offer, Outcome, Rates, Send, SignedSend

BLOCKS_MAX = 500  # in one scan
ROWS_MAX = 20_000  # chain txs in one scan, after which it ends: a round takes seconds, not minutes
HEIGHTS_MAX = 10_000
PATHS_MAX = 100_000
READ_MAX = 1_000  # signed bytes, which are asked about again and again until they are final
FINALIZED = "finalized"


class EvmChain:
    """engine.sending.Payer over a node's JSON-RPC. One thread owns an instance."""

    def __init__(
        self, currency: Currency, tokens: Sequence[Currency], transport: Transport, ours: Ours
    ) -> None:
        self._currency = currency
        self._node = transport
        self._ours = ours
        self._keys: Keys | None = None
        contracts = {str(token.token).lower(): token for token in tokens}
        self._contracts: dict[str, str | None] = {currency.symbol: None}
        self._contracts |= {token.symbol: contract for contract, token in contracts.items()}
        tracer = Tracer(transport)
        self._reader = ArrivalReader(currency, contracts, transport, tracer)
        self._sends = Sends(currency.chain_id, self._contracts)
        self._read = lru_cache(READ_MAX)(self._sends.read)
        self._outcomes = OutcomeReader(transport, self._contracts, self._is_known)
        self._checker = CoinChecker(transport, tracer, self._contracts, self._is_known)
        cold = (each.cold for each in (currency, *tokens))
        self._cold = frozenset(each.address.lower() for each in cold if each is not None)
        self._hot = ""
        self._paths: dict[str, str] = {}
        tagged = (each.finality_tag or each.confirmations.finalized for each in (currency, *tokens))
        self._wants_final = any(tagged)
        self._pace = Pace()
        self._heights: dict[str, int] = {}
        self._final: tuple[str, int | None] = ("", None)

    # --- who and how ---

    def identity(self) -> Identity:
        with self._asking():
            first = header_at(self._node, 0)
            if first is None:
                raise OddValue("no first block")
            return Identity(first.hash, None)

    def health(self, expected: Expectation, *, now_s: int) -> Health:
        with self._asking():
            try:
                figures = health.ask(self._node, self._owns(expected.address))
            except NodeRefused as error:
                raise NodeDown(str(error), detail=error.detail) from error
            return health.judge(self._currency, figures, expected, now_s=now_s)

    def _owns(self, address: str | None) -> bool | None:
        return None if address is None else is_ours(self._opened_keys, self._ours, address)

    def _opened_keys(self) -> Keys:
        if self._keys is None:
            self._keys = open_keys(self._currency)
        return self._keys

    # --- what is there ---

    def scan(self, cursor: str | None) -> Scan:
        with self._asking():
            tip = header_at(self._node, LATEST)
            if tip is None:
                raise OddValue("no newest block")
            self._remember(tip)
            if cursor is None or tip.hash == cursor:
                final = self._final_height(tip)
                return Scan(tip.hash, node_height=tip.height, final_height=final)
            return self._scan_to(tip, cursor)

    def _scan_to(self, tip: Block, cursor: str) -> Scan:
        start = self._height_of(cursor)
        if start is None or start >= tip.height:
            raise OffChain("the block that we followed last is not on the node's chain")
        ours = self._ours.addresses()
        reached, found, top = cursor, Found(), min(tip.height, start + BLOCKS_MAX)
        low, rows = start + 1, 0
        while low <= top and rows < ROWS_MAX:
            heights = range(low, min(low + self._pace.blocks, top + 1))
            linked = _linked(full_blocks(self._node, heights), reached)
            if not linked:
                break
            self._pace.note(linked)
            low, rows = low + len(linked), rows + sum(len(each.rows) for each in linked)
            part = self._reader.read(linked, ours)
            found.arrivals += part.arrivals
            found.oddities += part.oddities
            reached = linked[-1].block.hash
            self._remember(linked[-1].block)
        if reached == cursor:
            raise OffChain("the block that we followed last is not on the node's chain")
        return Scan(
            reached,
            tuple(found.arrivals),
            tuple(found.oddities),
            more=reached != tip.hash,
            node_height=tip.height,
            final_height=self._final_height(tip),
        )

    def _final_height(self, tip: Block) -> int | None:
        """What the node calls final, asked once for each tip; None where it calls nothing so."""
        if not self._wants_final:
            return None
        if self._final[0] != tip.hash:
            try:
                block = header_at(self._node, FINALIZED)
            except NodeRefused:
                block = None
            self._final = (tip.hash, None if block is None else block.height)
        return self._final[1]

    def block(self, block_hash: str) -> Block | None:
        with self._asking():
            height = self._height_of(block_hash)
            found = None if height is None else header_at(self._node, height)
            return found if found is not None and found.hash == block_hash else None

    def _height_of(self, block_hash: str) -> int | None:
        """The height of a block, on the active chain or not; None if the node does not know it."""
        if block_hash not in self._heights and is_hash(block_hash):
            reply = self._node.call("eth_getBlockByHash", block_hash, False)  # noqa: FBT003 - JSON-RPC
            if reply is not None and (block := block_of(reply)).hash == block_hash:
                self._remember(block)
        return self._heights.get(block_hash)

    def _remember(self, block: Block) -> None:
        if len(self._heights) >= HEIGHTS_MAX:
            self._heights.clear()
        self._heights[block.hash] = block.height

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        with self._asking():
            return FactReader(self._node, self._ours, self._brought_by).facts(txids)

    def _brought_by(self, block: FullBlock) -> Sequence[Arrival]:
        return self._reader.read([block], self._ours.addresses()).arrivals

    def balances(self, asked: Sequence[tuple[str, str]], *, at: str) -> list[int | None]:
        with self._asking():
            by_contract = [(self._contracts[symbol], address) for symbol, address in asked]
            return balances(self._node, by_contract, at=at)

    def in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        with self._asking():
            return in_pool(self._node, txids)

    def new_addresses(self, count: int) -> list[NewAddress]:
        return new_addresses(self._opened_keys(), self._ours, count)

    def hot_address(self) -> NewAddress:
        return NewAddress(self._opened_keys().address(HOT), HOT)

    def senders(self, txid: str) -> Senders | None:
        """Whoever signed it: there is nobody else whose coins it spends."""
        with self._asking():
            reply = self._node.call("eth_getTransactionByHash", txid) if is_hash(txid) else None
            if reply is None:
                return None
            row: Mapping[str, object] = table_of(reply)
            units = quantity_of(row.get("value"))
            sender = written(address_of(row.get("from")))
            return Senders((Sender(txid, "from", sender, units),), units)

    # --- what we pay ---

    def mined_nonce(self, address: str, *, at: str | None = None) -> int:
        with self._asking():
            return nonces.mined_nonce(self._node, address, at)

    def user_of(self, address: str, nonce: int, *, tip: BlockRef) -> Fact | None:
        with self._asking():
            return nonces.user_of(self._node, address, nonce, tip)

    def rates(self) -> Rates:
        with self._asking():
            return gas.rates(self._node)

    def gas_of(self, send: Send) -> int:
        with self._asking():
            return gas.estimate(self._node, self._sends.call_of(send))

    def has_code(self, address: str) -> bool:
        with self._asking():
            return bool(data_of(self._node.call("eth_getCode", address, LATEST)))

    def sign(self, send: Send, *, nonce: int, offer: Offer) -> SignedTx:
        path = self._path_of(send.source)
        if path is None:
            why = f"nothing was signed: our keys do not make the address {send.source}"
            raise NodeRefused(why, rpc_code=NO_CODE)
        secret = self._opened_keys().private_key(path)
        signed = self._sends.sign(secret, send, nonce=nonce, offer=offer)
        wanted = replace(send, source=written(send.source), to=written(send.to))
        if self._read(signed.raw) != SignedSend(signed.txid, wanted, nonce, offer):
            raise NodeRefused("the signed bytes say other than was asked", rpc_code=NO_CODE)
        return signed

    def read(self, raw: str) -> SignedSend:
        return self._read(raw)

    def send(self, raw: str) -> SendReply:
        try:
            txid = self.read(raw).txid
        except NodeRefused as error:
            return SendReply(Sending.REFUSED, str(error))
        with self._asking():
            return broadcast(self._node, raw, txid)

    def outcomes(self, sends: Mapping[str, Send], *, tip: BlockRef) -> dict[str, Outcome]:
        with self._asking():
            return self._outcomes.outcomes(sends, tip=tip)

    def recipient(self, address: str) -> Recipient | None:
        found = spelled(address)
        if found is None or not self._sends.is_payee(found):
            return None
        return Recipient(found, self.owns(found))

    def owns(self, address: str) -> bool:
        found = spelled(address)
        if found is None:
            return False
        return found.lower() in self._cold or self._path_of(found) is not None

    def received(self, spend: Spend, *, currency: str) -> bool:
        if not self.owns(spend.address):
            return False
        with self._asking():
            return self._checker.shows(spend, currency)

    def _path_of(self, address: str) -> str | None:
        """The path by which our keys make this address. What they proved once stays proved."""
        if self._hot == "":
            self._hot = self.hot_address().address
        if address == self._hot:
            return HOT
        path = self._paths.get(address) or self._ours.path_of(address)
        if path is None or not path.startswith(DEPOSITS):
            return None
        if address not in self._paths and self._opened_keys().address(path) != address:
            return None
        if len(self._paths) < PATHS_MAX:
            self._paths[address] = path
        return path

    def _is_known(self, address: str) -> bool:
        """Whether an address in lower case has a row, or is the house's."""
        found = spelled(address)
        if found is None:
            return False
        return address in self._cold or found == self._hot or self._ours.path_of(found) is not None

    # --- the instance ---

    def calls(self) -> int:
        return self._node.requests

    def close(self) -> None:
        self._node.close()
        self._heights.clear()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Answers belong together within the block; one that cannot be read ends the connection."""
        try:
            yield
        except OddValue as error:
            self.close()
            raise NodeDown("the node's reply is malformed", detail=str(error)) from None
        except NodeDown:
            self.close()
            raise


def _linked(blocks: Sequence[FullBlock], parent: str) -> list[FullBlock]:
    """The first of `blocks` that follow `parent` one upon the other: where the next one does not,
    the chain has moved on meanwhile."""
    found = []
    for each in blocks:
        if each.block.parent != parent:
            break
        found.append(each)
        parent = each.block.hash
    return found
