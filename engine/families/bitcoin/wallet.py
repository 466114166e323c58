"""The wallet side of a node: fees, signing, broadcasting. Nothing is ever sent twice by itself.

Amounts go out as text, because the library would turn them into floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from engine.chain import NewAddress, Pay, Recipient, Sending, SendReply, SentTx, SignedTx, Spend
from engine.coins import ReadAddress, read_address
from engine.config import Currency
from engine.errors import NodeRefused
from engine.families.bitcoin.dialect import UNKNOWN_METHOD, Dialect, WalletKind, address_info
from engine.families.bitcoin.raw_tx import RawTx, read_raw
from engine.families.bitcoin.rows import is_own
from engine.families.bitcoin.transport import Caller
from engine.families.bitcoin.values import (
    OddValue,
    address_of,
    number_of,
    script_of,
    table_of,
    units_of,
)
from engine.money import format_amount

NOT_FOUND = -5
ALREADY_MINED = -27
REFUSALS = frozenset({-25, -26})
UNLOCKED_S = 10
REPLACEABLE = 0xFFFFFFFD
OVERHEAD = 11
KNOWN_MAX = 10_000  # addresses that are remembered

# Virtual bytes of an input by the form of its coin's address (BIP-141), rounded up; an output has
# its amount, a length and its script.
INPUT_SIZE = {"bech32": 69, "script": 92, "pubkey": 149, "cashaddr": 149}
AMOUNT_AND_LENGTH = 9
LONGEST = (149, 43)  # for an address of a form that we do not know


class BitcoinWallet:
    """engine.chain.Wallet over JSON-RPC; `spoken` comes from the chain that it belongs to."""

    def __init__(
        self, currency: Currency, transport: Caller, spoken: Callable[[], Dialect]
    ) -> None:
        self._currency = currency
        self._node = transport
        self._spoken = spoken
        self._known: dict[str, ReadAddress | None] = {}

    def fee_rate(self, *, blocks: int) -> int | None:
        try:
            reply = table_of(self._node.call("estimatesmartfee", blocks))
        except NodeRefused as error:
            if error.rpc_code != UNKNOWN_METHOD:
                raise
            return None
        rate = reply.get("feerate")
        return None if rate is None else self._units(rate)

    def fee_floor(self) -> int:
        relay = table_of(self._node.call("getnetworkinfo")).get("relayfee")
        pool = table_of(self._node.call("getmempoolinfo")).get("mempoolminfee")
        return max(self._units(relay), self._units(pool))

    def tx_size(self, spends: Sequence[Spend], pays: Sequence[Pay]) -> int:
        inputs = sum(self._sizes(each.address)[0] for each in spends)
        outputs = sum(self._sizes(each.address)[1] for each in pays)
        return OVERHEAD + inputs + outputs

    def dust(self, address: str) -> int:
        return sum(self._sizes(address)) * self._currency.coin.dust_rate // 1000

    def change_address(self) -> NewAddress:
        address = address_of(self._node.call("getrawchangeaddress"))
        read = self._read(address)
        if read is not None:
            return NewAddress(read.canonical, read.script)
        info = address_info(self._node, self._spoken(), address)
        return NewAddress(
            address_of(info.get("address", address)), script_of(info.get("scriptPubKey"))
        )

    def recipient(self, address: str) -> Recipient | None:
        try:
            info = address_info(self._node, self._spoken(), address)
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return None
            raise
        if info.get("isvalid", True) is not True:  # of nodes whose validateaddress tells all
            return None
        read = self._read(address)
        spelled = address if read is None else read.canonical
        return Recipient(spelled, _is_ours(info))

    def owns(self, address: str) -> bool:
        found = self.recipient(address)
        return found is not None and found.ours

    def watch_hint(self, address: str) -> str:
        if self._spoken().wallet_kind is WalletKind.DESCRIPTORS:
            return (
                "this wallet has keys and watches no other address: load a second wallet on the"
                " same node that has none and watches it; docs/wallets.md says how"
            )
        return (
            f'importaddress {address} "cold" false, at the node\'s wallet'
            " (true instead of false when coins are there already)"
        )

    def sign(
        self, spends: Sequence[Spend], pays: Sequence[Pay], *, passphrase: str | None
    ) -> SignedTx:
        inputs = [
            {"txid": each.txid, "vout": _vout(each), "sequence": REPLACEABLE} for each in spends
        ]
        outputs = {each.address: self._text(each.units) for each in pays}
        if len(outputs) != len(pays):
            raise ValueError("one address stands twice in one chain tx")
        unsigned = script_of(self._node.call("createrawtransaction", inputs, outputs))
        with self._unlocked(passphrase):
            signed = table_of(self._node.call("signrawtransactionwithwallet", unsigned))
        if signed.get("complete") is not True:
            raise NodeRefused("the node's wallet cannot sign for one of these coins", rpc_code=-4)
        raw = script_of(signed.get("hex"))
        told = read_raw(raw)
        self._check_signed(told, spends, pays)
        paid = sum(each.units for each in spends) - sum(each.units for each in pays)
        self._check_taken(raw, fee=paid)
        return SignedTx(told.txid, raw, told.size)

    def send(self, raw: str) -> SendReply:
        try:
            self._node.call("sendrawtransaction", raw)
        except NodeRefused as error:
            if error.rpc_code == ALREADY_MINED:
                return SendReply(Sending.MINED, error.detail)
            if error.rpc_code in REFUSALS:
                return SendReply(Sending.REFUSED, error.detail)
            raise
        return SendReply(Sending.ACCEPTED)

    def sent_tx(self, txid: str, addresses: Sequence[str]) -> SentTx | None:
        try:
            raw = script_of(table_of(self._node.call("gettransaction", txid)).get("hex"))
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return None
            raise
        told = read_raw(raw)
        scripts = {read.script: each for each in addresses if (read := self._read(each))}
        listed = table_of(self._node.call("decoderawtransaction", raw)).get("vout")
        if not isinstance(listed, list) or len(listed) != len(told.outputs):
            raise OddValue("its outputs are not those of its bytes")
        return SentTx(
            told.txid,
            raw,
            told.size,
            tuple((spent, f"vout:{place}") for spent, place in told.inputs),
            tuple(
                Pay(scripts.get(script) or _address(row, script), units)
                for (units, script), row in zip(told.outputs, listed, strict=True)
            ),
        )

    def received(self, spend: Spend) -> bool:
        try:
            # Without the word for it, an old wallet's details leave out what it watches.
            watched = () if self._currency.cold is None else self._spoken().with_watched
            reply = table_of(self._node.call("gettransaction", spend.txid, *watched))
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return False
            raise
        if number_of(reply.get("confirmations"), least=-(2**31)) < 1:
            return False
        details = reply.get("details")
        if not isinstance(details, list):
            raise OddValue("its details are no list")
        if any(isinstance(row, dict) and is_own(row) for row in details):
            return False  # we paid it ourselves: nobody's deposit
        return any(self._is_coin(row, spend) for row in details)

    def _is_coin(self, row: Any, spend: Spend) -> bool:
        if not isinstance(row, dict) or row.get("category") not in {"receive", "generate"}:
            return False
        return (
            row.get("vout") == _vout(spend)
            and row.get("address") == spend.address
            and self._units(row.get("amount")) == spend.units
        )

    def _check_signed(self, told: RawTx, spends: Sequence[Spend], pays: Sequence[Pay]) -> None:
        """What was signed is what was asked: the same coins in, the same amounts out to the same
        addresses, in order."""
        if list(told.inputs) != [(each.txid, _vout(each)) for each in spends]:
            raise OddValue("the signed bytes spend other coins than asked")
        if [units for units, _ in told.outputs] != [each.units for each in pays]:
            raise OddValue("the signed bytes pay other amounts than asked")
        for (_, script), pay in zip(told.outputs, pays, strict=True):
            read = self._read(pay.address)
            if read is not None and read.script != script:
                raise OddValue("the signed bytes pay other addresses than asked")

    def _check_taken(self, raw: str, *, fee: int) -> None:
        """Bytes that the node would never relay must not be stored: they would be sent for ever.
        Nor those whose coins are worth more at the node than we think: the rest would go to the
        miners."""
        try:
            reply = self._node.call("testmempoolaccept", [raw])
        except NodeRefused as error:
            if error.rpc_code != UNKNOWN_METHOD:
                raise
            return
        if not isinstance(reply, list) or len(reply) != 1:
            raise OddValue("testmempoolaccept: not one answer")
        told = table_of(reply[0])
        fees = told.get("fees")  # not on every node
        if isinstance(fees, dict) and self._units(fees.get("base")) != fee:
            raise NodeRefused(
                "the node knows other amounts of these coins",
                rpc_code=-26,
                detail=f"the fee would be {fees.get('base')}, not {self._text(fee)}",
            )
        if told.get("allowed") is not True:
            words = str(reply[0].get("reject-reason"))[:200]
            raise NodeRefused(
                "the network would not take its chain tx now", rpc_code=-26, detail=words
            )

    @contextmanager
    def _unlocked(self, passphrase: str | None) -> Iterator[None]:
        """An encrypted wallet is open for the moment of signing only."""
        if passphrase is None:
            yield
            return
        self._node.call("walletpassphrase", passphrase, UNLOCKED_S)
        try:
            yield
        finally:
            self._node.call("walletlock")

    def _sizes(self, address: str) -> tuple[int, int]:
        """Virtual bytes of an input that spends from `address`, and of an output that pays it."""
        read = self._read(address)
        if read is None:
            return LONGEST
        return INPUT_SIZE[read.form], AMOUNT_AND_LENGTH + len(read.script) // 2

    def _read(self, address: str) -> ReadAddress | None:
        """What the address says by itself; checksums take long, and are remembered."""
        if address not in self._known:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[address] = read_address(self._currency.parameters, address)
        return self._known[address]

    def _units(self, value: object) -> int:
        return units_of(value, self._currency.decimals)

    def _text(self, units: int) -> str:
        return format_amount(units, self._currency.decimals)


def _is_ours(info: Mapping[str, Any]) -> bool:
    return info.get("ismine") is True or info.get("iswatchonly") is True


def _address(row: object, script: str) -> str:
    """The node's word for an output's address; a script that has none is named by its bytes."""
    told = table_of(table_of(row).get("scriptPubKey"))
    listed = told.get("addresses")
    first = listed[0] if isinstance(listed, list) and listed else None
    address = told.get("address", first)
    return f"script:{script}" if address is None else address_of(address)


def _vout(spend: Spend) -> int:
    return int(spend.index.removeprefix("vout:"))
