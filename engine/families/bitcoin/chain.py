"""The Chain protocol over one node of the Bitcoin family: which calls each question takes."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from engine.chain import (
    Block,
    Expectation,
    Fact,
    Health,
    Identity,
    NewAddress,
    Pay,
    Recipient,
    Scan,
    Senders,
    Sending,
    SendReply,
    SentTx,
    SignedTx,
    Spend,
    Standing,
    Unspent,
)
from engine.coins import read_address
from engine.config import Currency
from engine.errors import NodeDown, NodeRefused, UnknownCursor
from engine.families.bitcoin.addresses import make_addresses
from engine.families.bitcoin.coins import CoinReader
from engine.families.bitcoin.dialect import UNKNOWN_METHOD, Dialect, address_info, ask_dialect
from engine.families.bitcoin.facts import FactReader, is_abandoned
from engine.families.bitcoin.health import Figures, judge, wallet_or_why
from engine.families.bitcoin.raw_tx import read_raw
from engine.families.bitcoin.rows import RowReader
from engine.families.bitcoin.senders import SenderReader
from engine.families.bitcoin.transport import Caller, Transport
from engine.families.bitcoin.values import OddValue, hash_of, malformed, number_of, table_of
from engine.families.bitcoin.wallet import BitcoinWallet
from engine.families.bitcoin.watching import Watching, Way

NOT_FOUND = -5  # unknown block, chain tx, mempool entry; also: no address at all
OUT_OF_RANGE = -8  # a height above the tip; a hash that is none

NO_PARENT = "0" * 64
WALLET_EVERY_S = 300
NEVER = (None, 0)
ASKED_ONE_BY_ONE_MAX = 100  # above it, one list of the whole mempool is cheaper


class BitcoinChain:
    """engine.chain.Chain over a node's JSON-RPC. One thread owns an instance."""

    def __init__(self, currency: Currency, transport: Transport) -> None:
        self._currency = currency
        self._transport = transport
        self._node: Caller = transport
        self._watching: Watching | None = None
        if currency.cold is not None:
            read = read_address(currency.parameters, currency.cold.address)
            cold = currency.cold.address if read is None else read.canonical
            self._node = self._watching = Watching(transport, cold, self._spoken)
        self._dialect: Dialect | None = None
        self._wallet = BitcoinWallet(currency, self._node, self._spoken)
        self._heights: dict[str, int] = {}
        self._wallet_seen: tuple[Mapping[str, Any] | None, float] = NEVER

    # --- who and how ---

    def identity(self) -> Identity:
        with self._asking():
            return self._identity()

    def health(self, expected: Expectation, *, now_s: int) -> Health:
        with self._asking():
            try:
                return judge(self._currency, self._figures(expected), expected, now_s=now_s)
            except NodeRefused as error:
                raise NodeDown(str(error), detail=error.detail) from error

    def _figures(self, expected: Expectation) -> Figures:
        chain = table_of(self._node.call("getblockchaininfo"))
        tip = self._header(hash_of(chain.get("bestblockhash")))
        if tip is None:
            raise NodeDown("the node's chain moved while it was asked")
        network = table_of(self._node.call("getnetworkinfo"))
        wallet, owns = self._wallet_figures(expected.address)
        return Figures(self._identity(), tip, chain, network, wallet, owns)

    def _wallet_figures(self, address: str | None) -> tuple[Mapping[str, Any] | str, bool | None]:
        """The wallet's own figures, and whether it owns `address`. Nodes sum up all balances for
        the figures, which takes a wallet of many coins a quarter of a second after each block: a
        wallet that was well a moment ago is only asked for the address, which one that is gone
        cannot answer."""
        known, asked_at = self._wallet_seen
        if known is not None and time.monotonic() - asked_at < WALLET_EVERY_S:
            try:
                return known, self._owns(address)
            except NodeRefused:
                pass  # its figures will say why
        self._wallet_seen = NEVER
        wallet = wallet_or_why(lambda: self._node.call("getwalletinfo"))
        if isinstance(wallet, str):
            return wallet, None
        if address is not None and not wallet.get("scanning"):
            self._wallet_seen = (wallet, time.monotonic())
        return wallet, self._owns(address)

    def _owns(self, address: str | None) -> bool | None:
        if address is None:
            return None
        try:
            info = address_info(self._node, self._spoken(), address)
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return False
            raise
        return any(info.get(key) is True for key in ("ismine", "iswatchonly", "solvable"))

    # --- what is there ---

    def scan(self, cursor: str | None) -> Scan:
        with self._asking():
            reply = self._listed(cursor)
            currency = self._currency
            return RowReader(currency.symbol, currency.decimals, self._height_of).scan(reply)

    def block(self, block_hash: str) -> Block | None:
        with self._asking():
            return self._header(block_hash)

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        with self._asking():
            return self._facts(txids)

    def in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        with self._asking():
            return self._in_mempool(txids)

    def coins(self, at: str) -> list[Unspent]:
        with self._asking():
            return self._coin_reader().coins(at)

    def coins_mark(self) -> str:
        with self._asking():
            return self._coin_reader().mark()

    def spenders(
        self, coins: Collection[tuple[str, str]], *, since: int
    ) -> dict[tuple[str, str], Fact]:
        with self._asking():
            found = self._coin_reader().spenders(coins, since=since)
            facts = self._facts(sorted(set(found.values())))
            return {coin: facts[txid] for coin, txid in found.items()}

    def new_addresses(self, count: int) -> list[NewAddress]:
        with self._asking():
            return make_addresses(self._node, self._spoken(), self._currency.parameters, count)

    # --- the wallet ---

    def fee_rate(self, *, blocks: int) -> int | None:
        with self._asking():
            return self._wallet.fee_rate(blocks=blocks)

    def fee_floor(self) -> int:
        with self._asking():
            return self._wallet.fee_floor()

    def tx_size(self, spends: Sequence[Spend], pays: Sequence[Pay]) -> int:
        return self._wallet.tx_size(spends, pays)

    def dust(self, address: str) -> int:
        return self._wallet.dust(address)

    def change_address(self) -> NewAddress:
        with self._asking():
            return self._wallet.change_address()

    def recipient(self, address: str) -> Recipient | None:
        with self._asking():
            return self._wallet.recipient(address)

    def owns(self, address: str) -> bool:
        with self._asking():
            return self._wallet.owns(address)

    def sign(
        self, spends: Sequence[Spend], pays: Sequence[Pay], *, passphrase: str | None
    ) -> SignedTx:
        with self._asking():
            return self._wallet.sign(spends, pays, passphrase=passphrase)

    def send(self, raw: str) -> SendReply:
        with self._asking():
            try:
                return self._wallet.send(raw)
            except NodeRefused as error:
                if error.rpc_code == UNKNOWN_METHOD:
                    raise
                return self._looked_up(read_raw(raw).txid, error)

    def sent_tx(self, txid: str, addresses: Sequence[str]) -> SentTx | None:
        with self._asking():
            return self._wallet.sent_tx(txid, addresses)

    def received(self, spend: Spend) -> bool:
        with self._asking():
            return self._wallet.received(spend)

    def senders(self, txid: str) -> Senders | None:
        with self._asking():
            return SenderReader(self._currency, self._node).senders(txid)

    def watch_hint(self, address: str) -> str:
        with self._asking():
            if self._watching is not None and self._watching.way() is not Way.NOBODY:
                return f"watched {self._watching.way().value}"
            return self._wallet.watch_hint(address)

    # --- the instance ---

    def calls(self) -> int:
        return self._node.calls

    def close(self) -> None:
        self._node.close()
        self._dialect = None  # another node may answer the next time
        self._wallet_seen = NEVER

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Answers belong together within the block; one that cannot be read ends the connection."""
        self._heights.clear()
        try:
            yield
        except OddValue as error:
            self.close()
            raise malformed("a reply", "", error) from None
        except NodeDown:
            self.close()
            raise

    # --- questions ---

    def _identity(self) -> Identity:
        fork_height = self._currency.parameters.fork_height
        fork = None if fork_height is None else self._hash_at(fork_height)
        return Identity(hash_of(self._hash_at(0)), fork)

    def _listed(self, cursor: str | None) -> Any:
        params: tuple[object, ...] = () if cursor is None else (cursor, 1)
        if self._currency.cold is not None:
            params = (cursor or "", 1, *self._spoken().with_watched)
        try:
            return self._node.call("listsinceblock", *params)
        except NodeRefused as error:
            if cursor is not None and error.rpc_code in {NOT_FOUND, OUT_OF_RANGE}:
                message = "the node does not know the block that we followed last"
                raise UnknownCursor(message, detail=error.detail) from error
            raise

    def _facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        reader = FactReader(self._height_of, self._tip_height)
        found: dict[str, Fact] = {}
        outside: list[str] = []
        for txid in txids:
            reply = self._asked(frozenset({NOT_FOUND}), "gettransaction", txid)
            if reply is None:
                found[txid] = Fact(txid, Standing.ABSENT)
                continue
            try:
                found[txid] = reader.fact(txid, reply)
                if found[txid].standing is Standing.ABSENT and not is_abandoned(reply):
                    outside.append(txid)
            except OddValue as error:
                found[txid] = Fact(txid, Standing.UNREADABLE, words=str(error))
        for txid in self._in_mempool(outside):
            found[txid] = Fact(txid, Standing.MEMPOOL, conflicts=found[txid].conflicts)
        return found

    def _looked_up(self, txid: str, refusal: NodeRefused) -> SendReply:
        """What became of bytes that the node refused with a code that tells nothing of them: its
        words are matched with nothing. Raises `refusal` where the node cannot tell: unknown."""
        standing = self._facts([txid])[txid].standing
        if standing is Standing.MINED:
            return SendReply(Sending.MINED, refusal.detail)
        if standing is Standing.MEMPOOL or self._in_mempool([txid]):
            return SendReply(Sending.ACCEPTED, refusal.detail)
        if standing is Standing.UNREADABLE:
            raise refusal
        return SendReply(Sending.REFUSED, refusal.detail)

    def _in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        if len(txids) <= ASKED_ONE_BY_ONE_MAX:
            return frozenset(txid for txid in txids if self._has_entry(txid))
        listed = self._node.call("getrawmempool")
        if not isinstance(listed, list):
            raise OddValue("getrawmempool: no list")
        return frozenset(txids) & {each for each in listed if isinstance(each, str)}

    def _has_entry(self, txid: str) -> bool:
        return self._asked(frozenset({NOT_FOUND}), "getmempoolentry", txid) is not None

    def _coin_reader(self) -> CoinReader:
        return CoinReader(self._currency, self._node, self._spoken)

    def _spoken(self) -> Dialect:
        if self._dialect is None:
            self._dialect = ask_dialect(self._node, self._currency.parameters)
        return self._dialect

    def _asked(self, absent: frozenset[int], method: str, *params: object) -> Any:
        """The node's result, None where it answers with one of the codes in `absent`."""
        try:
            return self._node.call(method, *params)
        except NodeRefused as error:
            if error.rpc_code in absent:
                return None
            raise

    def _hash_at(self, height: int) -> str | None:
        reply = self._asked(frozenset({OUT_OF_RANGE}), "getblockhash", height)
        return None if reply is None else hash_of(reply)

    def _header(self, block_hash: str) -> Block | None:
        """The block if it is on the active chain. Raises OddValue."""
        reply = self._asked(frozenset({NOT_FOUND, OUT_OF_RANGE}), "getblockheader", block_hash)
        if reply is None or number_of(table_of(reply).get("confirmations"), least=-1) < 0:
            return None
        return Block(
            height=number_of(reply.get("height")),
            hash=hash_of(reply.get("hash")),
            parent=hash_of(reply.get("previousblockhash", NO_PARENT)),
            time=number_of(reply.get("time")),
            median_time=number_of(reply.get("mediantime")),
        )

    def _height_of(self, block_hash: str) -> int:
        """The height of a block, active or not, asked once a round. Raises OddValue."""
        if block_hash not in self._heights:
            header = table_of(self._node.call("getblockheader", block_hash))
            self._heights[block_hash] = number_of(header.get("height"))
        return self._heights[block_hash]

    def _tip_height(self) -> int:
        return number_of(table_of(self._node.call("getblockchaininfo")).get("blocks"))
