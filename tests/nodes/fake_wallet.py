"""The wallet of the chain in memory: it signs, broadcasts, and fails in every way that nodes do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from engine.chain import NewAddress, Pay, Recipient, Sending, SendReply, SentTx, SignedTx, Spend
from engine.errors import NodeDown, NodeRefused
from tests.nodes.world import ChainTx, World

INPUT_SIZE, OUTPUT_SIZE, OVERHEAD = 69, 43, 11


class FakeWallet(World):
    """The Wallet protocol over a World. Set a field to make it misbehave:

    `passphrase`: what opens it, None for a wallet that is open. `estimate`, `floor`: rates in units
    per 1,000 bytes. `refuses`: the node's words with which every broadcast is refused. `loses`: how
    many broadcasts happen without a reply. `swallows`: how many are answered well and forgotten.
    `nonstandard`: addresses to which it relays nothing.
    """

    def __init__(self, currency: str = "LTC", *, seed: int = 0, start_s: int) -> None:
        super().__init__(currency, seed=seed, start_s=start_s)
        self.passphrase: str | None = None
        self.estimate: int | None = None
        self.floor = 1_000
        self.refuses = ""
        self.loses = 0
        self.swallows = 0
        self.valid: set[str] = set()
        self.nonstandard: set[str] = set()
        self.sent: list[str] = []
        self._signed: dict[str, ChainTx] = {}

    def _call(self) -> None:
        raise NotImplementedError

    def fee_rate(self, *, blocks: int) -> int | None:
        assert blocks > 0
        self._call()
        return self.estimate

    def fee_floor(self) -> int:
        self._call()
        return self.floor

    def tx_size(self, spends: Sequence[Spend], pays: Sequence[Pay]) -> int:
        return OVERHEAD + INPUT_SIZE * len(spends) + OUTPUT_SIZE * len(pays)

    def dust(self, address: str) -> int:
        assert address
        return 300

    def change_address(self) -> NewAddress:
        self._call()
        address = self.address()
        return NewAddress(address, f"0014{hashlib.sha256(address.encode()).hexdigest()[:40]}")

    def recipient(self, address: str) -> Recipient | None:
        self._call()
        spelled = address.lower()
        known = spelled.startswith(("ours1", "other1")) or spelled in self.ours | self.valid
        return Recipient(spelled, spelled in self.ours) if known else None

    def owns(self, address: str) -> bool:
        self._call()
        return address in self.ours

    def sent_tx(self, txid: str, addresses: Sequence[str]) -> SentTx | None:
        assert all(addresses)
        self._call()
        if txid not in self.txs or not (self.txs[txid].own and txid in self.seen):
            return None
        chain_tx = self.txs[txid]
        size = OVERHEAD + INPUT_SIZE * len(chain_tx.inputs) + OUTPUT_SIZE * len(chain_tx.outputs)
        coins = sorted(each.partition(":") for each in chain_tx.inputs)
        raw = f"{txid}5ed0"
        self._signed[raw] = chain_tx
        return SentTx(
            txid,
            raw,
            size,
            tuple((spent, f"vout:{vout}") for spent, _, vout in coins),
            tuple(Pay(address, units) for address, units in chain_tx.outputs),
        )

    def received(self, spend: Spend) -> bool:
        self._call()
        mined = spend.txid in self.mined and not self.txs[spend.txid].own
        return mined and self._is_our_coin(spend)

    def sign(
        self, spends: Sequence[Spend], pays: Sequence[Pay], *, passphrase: str | None
    ) -> SignedTx:
        self._call()
        if self.passphrase is not None and passphrase is None:
            raise NodeRefused("the node's wallet is locked", rpc_code=-13)
        if self.passphrase != passphrase:
            raise NodeRefused("the node refused a call", rpc_code=-14)
        inputs = frozenset(_outpoint(spend) for spend in spends)
        known = all(self._is_our_coin(spend) for spend in spends)
        if not known or any(txid in self.mined for txid in self._spending(inputs)):
            raise NodeRefused("the node's wallet cannot sign for one of these coins", rpc_code=-4)
        outputs = tuple((str(self._spelled(pay.address)), pay.units) for pay in pays)
        txid = hashlib.sha256(f"{sorted(inputs)}{outputs}".encode()).hexdigest()
        raw = f"{txid}5ed0"
        self._signed[raw] = ChainTx(txid, inputs, outputs, own=True)
        if words := self._why_not(self._signed[raw]):
            raise NodeRefused(
                "the network would not take its chain tx now", rpc_code=-26, detail=words
            )
        return SignedTx(txid, raw, self.tx_size(spends, pays))

    def send(self, raw: str) -> SendReply:
        self._call()
        reply = self._take(self._signed[raw])
        if self.loses:
            self.loses -= 1
            raise NodeDown("the node did not answer in time")
        return reply

    def _take(self, chain_tx: ChainTx) -> SendReply:
        txid = chain_tx.txid
        self.sent.append(txid)
        if txid in self.mined:
            return SendReply(Sending.MINED, "-27 Transaction already in block chain")
        if txid in self.mempool:
            return SendReply(Sending.ACCEPTED)
        if words := self.refuses or self._why_not(chain_tx):
            return SendReply(Sending.REFUSED, words)
        if self.swallows:
            self.swallows -= 1
            return SendReply(Sending.ACCEPTED)
        self._add(chain_tx, announce=True)
        return SendReply(Sending.ACCEPTED)

    def _why_not(self, chain_tx: ChainTx) -> str:
        there = {*self.mined, *self.mempool}
        if any(outpoint.partition(":")[0] not in there for outpoint in chain_tx.inputs):
            return "-25 bad-txns-inputs-missingorspent"
        rivals = self._spending(chain_tx.inputs) - {chain_tx.txid}
        if any(rival in self.mined for rival in rivals):
            return "-25 bad-txns-inputs-missingorspent"
        if any(address in self.nonstandard for address, _ in chain_tx.outputs):
            return "-26 scriptpubkey"
        fee = self._fee(chain_tx)
        size = OVERHEAD + INPUT_SIZE * len(chain_tx.inputs) + OUTPUT_SIZE * len(chain_tx.outputs)
        if fee * 1000 < self.floor * size:
            return "-26 mempool min fee not met"
        if any(fee <= self._fee(self.txs[each]) for each in rivals if each in self.mempool):
            return "-26 insufficient fee, rejecting replacement"
        return ""

    def _fee(self, chain_tx: ChainTx) -> int:
        paid = sum(units for _, units in chain_tx.outputs)
        return sum(self._value(outpoint) for outpoint in chain_tx.inputs) - paid

    def _value(self, outpoint: str) -> int:
        txid, _, vout = outpoint.partition(":")
        return self.txs[txid].outputs[int(vout)][1] if txid in self.txs else 0

    def _is_our_coin(self, spend: Spend) -> bool:
        outputs = self.txs[spend.txid].outputs if spend.txid in self.txs else ()
        vout = int(spend.index.removeprefix("vout:"))
        return vout < len(outputs) and outputs[vout] == (spend.address, spend.units)

    def _spending(self, outpoints: frozenset[str]) -> set[str]:
        return {txid for outpoint in outpoints for txid in self._spenders.get(outpoint, ())}

    @staticmethod
    def _spelled(address: str) -> str:
        return address.lower()


def _outpoint(spend: Spend) -> str:
    return f"{spend.txid}:{spend.index.removeprefix('vout:')}"
