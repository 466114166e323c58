"""The bytes of our own chain txs: signed (EIP-1559), and read back as strictly. Asks no node.

What may be signed is a plain payment of the chain's coin, or `transfer` of a configured token, and
nothing else; the same holds for what is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import rlp
from eth_account import Account
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from engine.chain import SignedTx
from engine.errors import NodeRefused
from engine.families.evm.addresses import spelled, written
from engine.families.evm.keys import NO_CODE
from engine.sending import Offer, Send, SignedSend

KIND = 2  # EIP-1559
GAS_MIN, GAS_MAX = 21_000, 2**63 - 1
NONCE_MAX = 2**64 - 2
WORD_MAX = 2**256 - 1
NOBODY = "0x" + "00" * 20
OUT_OF_BOUNDS = "amount, nonce, gas or fee is out of bounds"

_TRANSFER = keccak(text="transfer(address,uint256)")[:4]
_ADDRESS_BYTES, _WORD_BYTES = 20, 32
_FIELDS, _SIGNATURE = 12, 3
_RAW = re.compile(r"0x(?:[0-9a-f]{2})+", re.ASCII)
_BYTES_MAX = 1_000  # one of ours has less than 250

# What the libraries raise at bytes that are no chain tx.
_NO_CHAIN_TX = (
    *(rlp.RLPException, ValidationError, BadSignature),
    *(ValueError, TypeError, IndexError, AttributeError),
)


class Sends:
    """Makes and reads chain txs of one chain. `contracts` are the currencies that may be sent, with
    the contract of each in lower case, None for the chain's coin."""

    def __init__(self, chain_id: int | None, contracts: Mapping[str, str | None]) -> None:
        self._chain_id = chain_id
        self._contracts = contracts
        self._symbols = {contract: symbol for symbol, contract in contracts.items()}

    def is_payee(self, address: str) -> bool:
        """Whether somebody could be paid at an address: not nobody, and no contract of a token."""
        return address.lower() not in self._contracts.values() and address.lower() != NOBODY

    def sign(self, secret: bytes, send: Send, *, nonce: int, offer: Offer) -> SignedTx:
        """Signed by `secret`, which must be that of `send.source`. Raises NodeRefused."""
        flaw = self._flaw(send, nonce, offer)
        if flaw is not None:
            raise _unsigned(flaw)
        account = Account.from_key(secret)
        if account.address != written(send.source):
            raise _unsigned(f"our keys do not make the address {send.source}")
        contract = self._contracts[send.currency]
        signed = account.sign_transaction(
            {
                "type": KIND,
                "chainId": self._chain_id,
                "nonce": nonce,
                "maxPriorityFeePerGas": offer.tip_cap,
                "maxFeePerGas": offer.fee_cap,
                "gas": offer.gas,
                "to": written(send.to if contract is None else contract),
                **self._payload(send),
                "accessList": [],
            }
        )
        raw = bytes(signed.raw_transaction)
        return SignedTx(f"0x{keccak(raw).hex()}", f"0x{raw.hex()}", offer.gas)

    def call_of(self, send: Send) -> dict[str, str]:
        """The same as a question to a node, unsigned. Raises NodeRefused."""
        flaw = self._flaw_of(send)
        if flaw is not None:
            raise _unsigned(flaw)
        payload, contract = self._payload(send), self._contracts[send.currency]
        return {
            "from": send.source.lower(),
            "to": send.to.lower() if contract is None else contract,
            "value": hex(payload["value"]),
            "data": f"0x{payload['data'].hex()}",
        }

    def _payload(self, send: Send) -> dict[str, Any]:
        if self._contracts[send.currency] is None:
            return {"value": send.units, "data": b""}
        payee = bytes.fromhex(send.to[2:]).rjust(_WORD_BYTES, b"\0")
        return {"value": 0, "data": _TRANSFER + payee + send.units.to_bytes(_WORD_BYTES, "big")}

    def _flaw(self, send: Send, nonce: int, offer: Offer) -> str | None:
        """Why this must be neither signed nor believed."""
        within = (
            0 <= nonce <= NONCE_MAX,
            GAS_MIN <= offer.gas <= GAS_MAX,
            0 <= offer.tip_cap <= offer.fee_cap,
            0 < offer.most <= WORD_MAX,
        )
        return self._flaw_of(send) or (None if all(within) else OUT_OF_BOUNDS)

    def _flaw_of(self, send: Send) -> str | None:
        if self._chain_id is None or send.currency not in self._contracts:
            return f"{send.currency} is not on this chain"
        if spelled(send.source) is None or spelled(send.to) is None or not self.is_payee(send.to):
            return "nobody is paid at that address"
        return None if 0 < send.units <= WORD_MAX else OUT_OF_BOUNDS

    def read(self, raw: str) -> SignedSend:
        """What signed bytes say. Raises NodeRefused for what `sign` would not have made."""
        if len(raw) > 2 * _BYTES_MAX or not _RAW.fullmatch(raw):
            raise _unreadable("they are not the hex of a chain tx")
        data = bytes.fromhex(raw[2:])
        try:
            return self._read(data)
        except _NO_CHAIN_TX as error:
            raise _unreadable(f"{type(error).__name__}: {str(error)[:100]}") from None

    def _read(self, data: bytes) -> SignedSend:
        if data[0] != KIND:
            raise _unreadable("they are of another type")
        fields: Sequence[Any] = rlp.decode(data[1:])
        if isinstance(fields, bytes) or len(fields) != _FIELDS:
            raise _unreadable("they have other fields")
        chain_id, nonce, tip_cap, fee_cap, gas = (_number(each) for each in fields[:5])
        to, value, call, extra = fields[5], _number(fields[6]), fields[7], fields[8]
        if chain_id != self._chain_id:
            raise _unreadable("they are for another chain")
        if not isinstance(to, bytes) or len(to) != _ADDRESS_BYTES or len(extra):
            raise _unreadable("they pay no address, or say more than who is paid")
        currency, payee, units = self._paid(f"0x{to.hex()}", value, call)
        send = Send(_signer(fields), currency, written(payee), units)
        offer = Offer(gas, fee_cap, tip_cap)
        flaw = self._flaw(send, nonce, offer)
        if flaw is not None:
            raise _unreadable(flaw)
        return SignedSend(f"0x{keccak(data).hex()}", send, nonce, offer)

    def _paid(self, to: str, value: int, call: object) -> tuple[str, str, int]:
        """Currency, payee and units. Raises NodeRefused."""
        if call == b"":
            return self._symbols[None], to, value
        symbol = self._symbols.get(to)
        start = len(_TRANSFER)
        if (
            symbol is None
            or value
            or not isinstance(call, bytes)
            or len(call) != start + 2 * _WORD_BYTES
            or call[: start + _WORD_BYTES - _ADDRESS_BYTES]
            != _TRANSFER + bytes(_WORD_BYTES - _ADDRESS_BYTES)
        ):
            raise _unreadable("they call what is no transfer of a configured token")
        payee, units = call[start:][_WORD_BYTES - _ADDRESS_BYTES : _WORD_BYTES], call[-_WORD_BYTES:]
        return symbol, f"0x{payee.hex()}", int.from_bytes(units, "big")


def _signer(fields: Sequence[Any]) -> str:
    """Who signed these fields (EIP-1559), told by other code than what signs: one checks the other.
    Raises what the libraries raise at no signature."""
    parity, r, s = (_number(each) for each in fields[-_SIGNATURE:])
    signed = bytes([KIND]) + bytes(rlp.encode(fields[:-_SIGNATURE], infer_serializer=False))
    key = Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(keccak(signed))
    return str(key.to_checksum_address())


def _number(field: object) -> int:
    """An integer as RLP must write it: no zero before it. Raises ValueError."""
    if not isinstance(field, bytes) or len(field) > _WORD_BYTES or field[:1] == b"\0":
        raise ValueError("a number in it is none")
    return int.from_bytes(field, "big")


def _unsigned(why: str) -> NodeRefused:
    return NodeRefused(f"nothing was signed: {why}", rpc_code=NO_CODE)


def _unreadable(why: str) -> NodeRefused:
    return NodeRefused("the stored bytes are no chain tx of ours", rpc_code=NO_CODE, detail=why)
