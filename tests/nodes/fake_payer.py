"""A node over a LedgerWorld with our keys for some of its addresses: engine.sending.Payer in
memory, which can be made to fail, to refuse and to lose replies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

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
    Standing,
    Trust,
)
from engine.errors import NodeDown, NodeError, NodeRefused, OffChain
from engine.families.evm.addresses import spelled
from engine.holdings import BY_BLOCK
from engine.sending import (
    ANOTHER_SEND,
    REVERTED,
    Offer,
    Outcome,
    Payer,
    Rates,
    Send,
    SignedSend,
)
from tests.nodes.ledger_world import COIN_GAS, LedgerWorld, Mined, Signed

HOT_PATH, PATH = "hot", "path/{}"


class FakePayer(LedgerWorld):
    """`fault` is raised once, after so many more calls; `loses` replies to broadcasts are lost, and
    `refuses` are a node's words to each of them; of what is `unreadable` it tells nonsense. Once it
    `forgets` the states of old blocks, a log alone says what its chain txs moved, and once it is
    `pruned` nobody can tell who used a number. `sent` are the bytes of every broadcast."""

    def __init__(self, coin: str = "ETH") -> None:
        super().__init__(coin)
        self.made: list[NewAddress] = []
        self.hot = self.somebody()
        self.sent: list[str] = []
        self.fault: NodeError | None = None
        self.fault_after = 0
        self.faults_hit = 0
        self.loses = 0
        self.refuses = ""
        self.unreadable: set[str] = set()
        self.pruned = False
        self.forgets = False
        self._calls = 0

    def fail(self, error: NodeError, *, after: int = 0) -> None:
        """The next call but `after` raises."""
        self.fault, self.fault_after = error, after

    def _call(self) -> None:
        self._calls += 1
        if self.fault is None:
            return
        if self.fault_after > 0:
            self.fault_after -= 1
            return
        error, self.fault = self.fault, None
        self.faults_hit += 1
        raise error

    def _at(self, block_hash: str) -> Mined:
        found = self.at(block_hash)
        if found is None:
            raise NodeDown("the node's chain moved while it was asked")
        return found

    # --- engine.chain.Followed ---

    def identity(self) -> Identity:
        self._call()
        return Identity(self.active[0].block.hash, None)

    def health(self, expected: Expectation, *, now_s: int) -> Health:  # noqa: ARG002 - always well
        self._call()
        return Health(Trust.FULL, tip=self.newest.block, peers=8)

    def scan(self, cursor: str | None) -> Scan:
        self._call()
        tip = self.newest.block
        if cursor is None or cursor == tip.hash:
            return Scan(tip.hash, node_height=tip.height)
        start = self.at(cursor)
        if start is None:
            raise OffChain("the block that we followed last is not on the node's chain")
        found = [
            arrival
            for mined in self.active[start.block.height + 1 :]
            for arrival in mined.arrivals
            if self._is_ours(arrival.address)
        ]
        return Scan(tip.hash, tuple(found), node_height=tip.height)

    def block(self, block_hash: str) -> Block | None:
        self._call()
        found = self.at(block_hash)
        return None if found is None else found.block

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        self._call()
        mined = {arrival.txid: arrival.block for arrival in self._arrivals()}
        mined |= {f"{BY_BLOCK}{each.block.hash}": each.block.ref for each in self.active}
        coming = {each[0] for each in self.coming}
        return {
            txid: Fact(txid, Standing.MINED, mined[txid])
            if txid in mined
            else Fact(txid, Standing.MEMPOOL if txid in coming else Standing.ABSENT)
            for txid in txids
        }

    def _arrivals(self) -> list[Arrival]:
        return [arrival for mined in self.active for arrival in mined.arrivals]

    def in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        self._call()
        waiting = {each.txid for each in self.pool.values()}
        return frozenset(txids) & (waiting | {each[0] for each in self.coming})

    def new_addresses(self, count: int) -> list[NewAddress]:
        fresh = [
            NewAddress(self.somebody(), PATH.format(len(self.made) + at)) for at in range(count)
        ]
        self.made += fresh
        return fresh

    def senders(self, txid: str) -> Senders | None:
        found = [each for each in self._arrivals() if each.txid == txid]
        somebody = "0x" + "11" * 20
        coins = tuple(Sender(txid, "from", somebody, each.units) for each in found)
        return Senders(coins, sum(each.units for each in found)) if coins else None

    def calls(self) -> int:
        return self._calls

    def close(self) -> None:
        """Nothing is open."""

    # --- engine.chain.ByBalance ---

    def balances(self, asked: Sequence[tuple[str, str]], *, at: str) -> list[int | None]:
        self._call()
        held = self._at(at).held
        return [held.get(key, 0) for key in asked]

    def hot_address(self) -> NewAddress:
        return NewAddress(self.hot, HOT_PATH)

    # --- engine.sending.Payer ---

    def mined_nonce(self, address: str, *, at: str | None = None) -> int:
        self._call()
        mined = self.newest if at is None else self.at(at)
        if mined is None:
            raise NodeRefused("the node refused a call", rpc_code=-32000, detail="no such block")
        return mined.numbers.get(address, 0)

    def rates(self) -> Rates:
        self._call()
        return Rates(self.base, self.tip)

    def gas_of(self, send: Send) -> int:
        self._call()
        short = self.held(send.source, send.currency) < send.units
        if short and send.currency == self.coin:
            raise NodeRefused("the node refused a call", rpc_code=-32000, detail="too little")
        if short or send.to in self.refusing:
            raise NodeRefused("the node refused a call", rpc_code=REVERTED, detail="reverted")
        return self.work_of(send)

    def has_code(self, address: str) -> bool:
        self._call()
        return address in self.refusing or address in self.hungry

    def sign(self, send: Send, *, nonce: int, offer: Offer) -> SignedTx:
        if not self._is_ours(send.source):
            raise NodeRefused("our keys do not make the address", rpc_code=0)
        within = COIN_GAS <= offer.gas < 2**63 and 0 <= offer.tip_cap <= offer.fee_cap != 0
        if not within or send.units <= 0:
            raise NodeRefused("what was to be signed is out of bounds", rpc_code=0)
        told = {"send": asdict(send), "nonce": nonce, "offer": asdict(offer)}
        raw = "0x" + json.dumps(told, sort_keys=True).encode().hex()
        return SignedTx("0x" + hashlib.sha256(raw.encode()).hexdigest(), raw, offer.gas)

    def read(self, raw: str) -> SignedSend:
        try:
            told = json.loads(bytes.fromhex(raw.removeprefix("0x")))
            send, offer = Send(**told["send"]), Offer(**told["offer"])
        except (ValueError, TypeError, KeyError):
            raise NodeRefused("bytes that we did not sign", rpc_code=0) from None
        txid = "0x" + hashlib.sha256(raw.encode()).hexdigest()
        return SignedSend(txid, send, told["nonce"], offer)

    def send(self, raw: str) -> SendReply:
        try:
            read = self.read(raw)
        except NodeRefused as error:
            return SendReply(Sending.REFUSED, str(error))
        self._call()
        self.sent.append(raw)
        if self.refuses:
            return SendReply(Sending.REFUSED, self.refuses)
        reply = self._take(Signed(read.txid, raw, read.send, read.nonce, read.offer))
        if self.loses > 0:
            self.loses -= 1
            raise NodeDown("a lost reply")
        return reply

    def _take(self, signed: Signed) -> SendReply:
        if self.done(signed.txid) is not None:
            return SendReply(Sending.MINED)
        key = signed.send.source, signed.nonce
        if self.newest.numbers.get(key[0], 0) > signed.nonce:
            return SendReply(Sending.REFUSED, "nonce too low")
        old = self.pool.get(key)
        if old is not None and old.txid != signed.txid and not _replaces(old.offer, signed.offer):
            return SendReply(Sending.REFUSED, "replacement transaction underpriced")
        self.pool[key] = signed
        return SendReply(Sending.ACCEPTED)

    def outcomes(self, sends: Mapping[str, Send], *, tip: BlockRef) -> dict[str, Outcome]:
        self._call()
        self._at(tip.hash)
        return {txid: self._outcome(txid, send, tip) for txid, send in sends.items()}

    def _outcome(self, txid: str, send: Send, tip: BlockRef) -> Outcome:
        if txid in self.unreadable:
            return Outcome(Fact(txid, Standing.UNREADABLE, words="its receipt is no table"))
        found = self.done(txid)
        if found is not None and found[1].height <= tip.height:
            done, block = found
            fact = Fact(txid, Standing.MINED, block)
            did = done.signed.send
            if (did.source, did.currency, did.to) != (send.source, send.currency, send.to):
                return Outcome(Fact(txid, Standing.UNREADABLE, words=ANOTHER_SEND))
            if did.units != send.units:
                return Outcome(fact, done.succeeded, done.fee, None, None)
            place = "tx" if done.signed.send.currency == self.coin else "log:0"
            if self.forgets and done.succeeded:
                said = done.signed.send.units
                return Outcome(fact, True, done.fee, said, said, place, proved=False)
            return Outcome(fact, done.succeeded, done.fee, done.moved, done.moved, place)
        waits = found is not None or any(each.txid == txid for each in self.pool.values())
        return Outcome(Fact(txid, Standing.MEMPOOL if waits else Standing.ABSENT))

    def user_of(self, address: str, nonce: int, *, tip: BlockRef) -> Fact | None:
        self._call()
        self._at(tip.hash)
        for mined in () if self.pruned else self.active[: tip.height + 1]:
            for txid, done in mined.done.items():
                if (done.signed.send.source, done.signed.nonce) == (address, nonce):
                    return Fact(txid, Standing.MINED, mined.block.ref)
        return None

    def recipient(self, address: str) -> Recipient | None:
        found = spelled(address)
        if found is None or not int(found, 16):
            return None
        return Recipient(found, self._is_ours(found))

    def owns(self, address: str) -> bool:
        return self._is_ours(address)

    def received(self, spend: Spend, *, currency: str) -> bool:
        self._call()
        return any(
            (arrival.txid, arrival.index, arrival.currency, arrival.address, arrival.units)
            == (spend.txid, spend.index, currency, spend.address, spend.units)
            for arrival in self._arrivals()
        )

    def _is_ours(self, address: str) -> bool:
        return address == self.hot or any(each.address == address for each in self.made)


def _replaces(old: Offer, new: Offer) -> bool:
    """A tenth more of both, as nodes want it."""
    return 10 * new.fee_cap >= 11 * old.fee_cap and 10 * new.tip_cap >= 11 * old.tip_cap


class FakePayerHands:
    """The chain in memory, for the suite of payers."""

    name = "fake"
    coin = "ETH"
    token = "GOOD"

    def __init__(self) -> None:
        self.fake = FakePayer()
        self.payer: Payer = self.fake
        self.hot = self.fake.hot
        self.deposit = self.fake.new_addresses(1)[0].address
        self._strangers: dict[int, str] = {}
        for address in (self.hot, self.deposit):
            self.fake.pay(address, 10**19)
        self.fake.pay(self.hot, 10**9, self.token)
        self.fake.mine()

    def stranger(self, which: int = 1) -> str:
        return self._strangers.setdefault(which, self.fake.somebody())

    def mine(self, count: int = 1) -> list[str]:
        return self.fake.mine(count)

    def reorg(self, depth: int) -> None:
        self.fake.reorg(depth, forget=True, length=depth)

    def drop(self, txid: str) -> None:
        self.fake.drop(txid)

    def tip(self) -> BlockRef:
        return self.fake.newest.block.ref

    def held(self, address: str, currency: str) -> int:
        return self.fake.held(address, currency)

    def close(self) -> None:
        """Nothing is open."""
