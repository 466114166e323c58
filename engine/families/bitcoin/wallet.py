"""The wallet side of a node: fees, signing, broadcasting. Nothing is ever sent twice by itself.

Amounts go out as text, because the library would turn them into floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from engine.chain import NewAddress, Pay, Sending, SendReply, SignedTx, Spend
from engine.coins import address_form
from engine.config import Currency
from engine.errors import NodeRefused
from engine.families.bitcoin.dialect import UNKNOWN_METHOD, Dialect, WalletKind, address_info
from engine.families.bitcoin.transport import Transport
from engine.families.bitcoin.values import (
    OddValue,
    address_of,
    hash_of,
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
DUST_RATE = 3_000  # units per 1,000 bytes, the relay rule since Bitcoin Core 0.15
OVERHEAD = 11
FORMS_MAX = 10_000  # addresses whose form is remembered

# Virtual bytes of an input and of an output, by the form of its address (BIP-141), rounded up.
INPUT_SIZE = {"bech32": 69, "script": 92, "pubkey": 149, "cashaddr": 149}
OUTPUT_SIZE = {"bech32": 43, "script": 32, "pubkey": 34, "cashaddr": 34}


class BitcoinWallet:
    """engine.chain.Wallet over JSON-RPC; `spoken` comes from the chain that it belongs to."""

    def __init__(
        self, currency: Currency, transport: Transport, spoken: Callable[[], Dialect]
    ) -> None:
        self._currency = currency
        self._node = transport
        self._spoken = spoken
        self._forms: dict[str, str] = {}

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
        inputs = sum(INPUT_SIZE[self._form(each.address)] for each in spends)
        outputs = sum(OUTPUT_SIZE[self._form(each.address)] for each in pays)
        return OVERHEAD + inputs + outputs

    def dust(self, address: str) -> int:
        form = self._form(address)
        return (OUTPUT_SIZE[form] + INPUT_SIZE[form]) * DUST_RATE // 1000

    def change_address(self) -> NewAddress:
        address = address_of(self._node.call("getrawchangeaddress"))
        info = address_info(self._node, self._spoken(), address)
        return NewAddress(
            address_of(info.get("address", address)), script_of(info.get("scriptPubKey"))
        )

    def canonical(self, address: str) -> str | None:
        reply = table_of(self._node.call("validateaddress", address))
        return address_of(reply.get("address")) if reply.get("isvalid") is True else None

    def owns(self, address: str) -> bool:
        try:
            info = address_info(self._node, self._spoken(), address)
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return False
            raise
        return info.get("ismine") is True or info.get("iswatchonly") is True

    def watch_hint(self, address: str) -> str:
        if self._spoken().wallet_kind is WalletKind.DESCRIPTORS:
            return (
                "a descriptor wallet that has keys watches no other address:"
                " docs/wallets.md says what to do"
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
        decoded = table_of(self._node.call("decoderawtransaction", raw))
        self._check_signed(decoded, spends, pays)
        self._check_taken(raw)
        size = number_of(decoded.get("vsize", decoded.get("size")))
        return SignedTx(hash_of(decoded.get("txid")), raw, size)

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

    def received(self, spend: Spend) -> bool:
        try:
            reply = table_of(self._node.call("gettransaction", spend.txid))
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return False
            raise
        if number_of(reply.get("confirmations"), least=-(2**31)) < 1:
            return False
        details = reply.get("details")
        if not isinstance(details, list):
            raise OddValue("its details are no list")
        return any(self._is_coin(row, spend) for row in details)

    def _is_coin(self, row: Any, spend: Spend) -> bool:
        if not isinstance(row, dict) or row.get("category") not in {"receive", "generate"}:
            return False
        return (
            row.get("vout") == _vout(spend)
            and row.get("address") == spend.address
            and self._units(row.get("amount")) == spend.units
        )

    def _check_signed(self, decoded: Any, spends: Sequence[Spend], pays: Sequence[Pay]) -> None:
        """What was signed is what was asked: the same coins in, the same amounts out, in order."""
        coins = [(hash_of(each.get("txid")), each.get("vout")) for each in decoded.get("vin", [])]
        amounts = [self._units(each.get("value")) for each in decoded.get("vout", [])]
        if coins != [(each.txid, _vout(each)) for each in spends]:
            raise OddValue("the signed bytes spend other coins than asked")
        if amounts != [each.units for each in pays]:
            raise OddValue("the signed bytes pay other amounts than asked")

    def _check_taken(self, raw: str) -> None:
        """Bytes that the node would never relay must not be stored: they would be sent for ever."""
        try:
            reply = self._node.call("testmempoolaccept", [raw])
        except NodeRefused as error:
            if error.rpc_code != UNKNOWN_METHOD:
                raise
            return
        if not isinstance(reply, list) or len(reply) != 1:
            raise OddValue("testmempoolaccept: not one answer")
        if table_of(reply[0]).get("allowed") is not True:
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

    def _form(self, address: str) -> str:
        if address not in self._forms:
            if len(self._forms) >= FORMS_MAX:
                self._forms.clear()
            form = address_form(self._currency.parameters, address)
            self._forms[address] = form or "pubkey"
        return self._forms[address]

    def _units(self, value: object) -> int:
        return units_of(value, self._currency.decimals)

    def _text(self, units: int) -> str:
        return format_amount(units, self._currency.decimals)


def _vout(spend: Spend) -> int:
    return int(spend.index.removeprefix("vout:"))
