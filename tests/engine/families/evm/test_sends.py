"""The bytes of our own chain txs: what is read is what was signed, and nothing else is read."""

from __future__ import annotations

import random
from typing import Any

import pytest
import rlp
from eth_account import Account

from engine.errors import NodeRefused
from engine.families.evm.keys import DEPOSITS, HOT, Keys
from engine.families.evm.sends import Sends
from engine.sending import Offer, Send, SignedSend
from tests.nodes.anvil_hands import WORDS

KEYS = Keys(WORDS)
OURS = KEYS.address(HOT)
PAYEE = KEYS.address(f"{DEPOSITS}9")
TOKEN = "0x" + "c0" * 20
SENDS = Sends(31337, {"ETH": None, "USDT": TOKEN})
OFFER = Offer(60_000, 3 * 10**9, 10**9)
COIN, USDT = Send(OURS, "ETH", PAYEE, 10**18), Send(OURS, "USDT", PAYEE, 5_000_000)


def _raw(send: Send = COIN, nonce: int = 7) -> str:
    return SENDS.sign(KEYS.private_key(HOT), send, nonce=nonce, offer=OFFER).raw


def _signed(**changes: Any) -> str:
    """Signed by our own key, with other fields than ours has."""
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": 31337,
        "nonce": 7,
        "to": PAYEE,
        "value": 1,
        "data": b"",
        "gas": 21_000,
        "maxFeePerGas": 3,
        "maxPriorityFeePerGas": 1,
        **changes,
    }
    fields = {key: value for key, value in fields.items() if value is not None}
    made = Account.sign_transaction(fields, KEYS.private_key(HOT))
    return f"0x{bytes(made.raw_transaction).hex()}"


@pytest.mark.parametrize("send", [COIN, USDT, Send(OURS, "USDT", PAYEE, 2**256 - 1)])
@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 2**32])
def test_what_is_read_is_what_was_signed(send: Send, nonce: int) -> None:
    made = SENDS.sign(KEYS.private_key(HOT), send, nonce=nonce, offer=OFFER)
    read = SENDS.read(made.raw)
    assert (read.txid, read.send, read.nonce, read.offer) == (made.txid, send, nonce, OFFER)
    assert made.size == OFFER.gas


@pytest.mark.parametrize("number", range(20))
def test_what_the_library_signs_is_read_back_by_other_code(number: int) -> None:
    chance = random.Random(number)
    key, units = chance.randbytes(32), 1 + chance.getrandbits(chance.randint(0, 255))
    payee = Account.from_key(chance.randbytes(32)).address
    tip = chance.getrandbits(chance.randint(1, 40))
    offer = Offer(21_000 + chance.getrandbits(20), 1 + tip + chance.getrandbits(30), tip)
    nonce = chance.getrandbits(chance.randint(0, 40))
    send = Send(Account.from_key(key).address, chance.choice(["ETH", "USDT"]), payee, units)
    made = SENDS.sign(key, send, nonce=nonce, offer=offer)
    assert SENDS.read(made.raw) == SignedSend(made.txid, send, nonce, offer)


def test_the_same_send_of_the_same_number_is_the_same_chain_tx() -> None:
    assert _raw() == _raw()
    assert _raw(nonce=8) != _raw(nonce=7)


def test_a_token_is_sent_to_its_contract_and_the_payee_stands_in_the_call() -> None:
    fields = rlp.decode(bytes.fromhex(_raw(USDT)[4:]))
    assert (fields[5].hex(), fields[6]) == (TOKEN[2:], b"")
    assert fields[7].hex() == "a9059cbb" + PAYEE[2:].lower().rjust(64, "0") + f"{5_000_000:064x}"


def test_a_secret_of_another_address_signs_nothing() -> None:
    with pytest.raises(NodeRefused, match="keys"):
        SENDS.sign(KEYS.private_key(f"{DEPOSITS}0"), COIN, nonce=0, offer=OFFER)


@pytest.mark.parametrize(
    "send",
    [
        Send(OURS, "BNB", PAYEE, 1),
        Send(OURS, "ETH", "0x" + "00" * 20, 1),
        Send(OURS, "USDT", TOKEN, 1),
        Send(OURS, "ETH", TOKEN, 1),
        Send(OURS, "ETH", "garbage", 1),
        Send(OURS, "USDT", "0xzz", 1),
        Send(OURS, "USDT", "", 1),
        Send("garbage", "ETH", PAYEE, 1),
        Send(OURS, "ETH", PAYEE, 0),
        Send(OURS, "ETH", PAYEE, -1),
        Send(OURS, "USDT", PAYEE, 2**256),
    ],
)
def test_a_send_that_cannot_be_meant_is_not_signed(send: Send) -> None:
    with pytest.raises(NodeRefused, match="nothing was signed"):
        SENDS.sign(KEYS.private_key(HOT), send, nonce=0, offer=OFFER)
    with pytest.raises(NodeRefused, match="nothing was signed"):
        SENDS.call_of(send)


def test_without_a_chain_id_nothing_is_signed() -> None:
    with pytest.raises(NodeRefused, match="not on this chain"):
        Sends(None, {"ETH": None}).sign(KEYS.private_key(HOT), COIN, nonce=0, offer=OFFER)


@pytest.mark.parametrize(
    "changes",
    [
        {"chainId": 1},
        {"to": None, "data": b"\x00"},
        {"data": b"\x01"},
        {"value": 0},
        {"gas": 20_000},
        {"maxPriorityFeePerGas": 4},
        {"to": "0x" + "00" * 20},
        {"to": Account.from_key(b"\1" * 32).address, "value": 0, "data": b"\xa9\x05\x9c\xbb"},
        {"accessList": [{"address": PAYEE, "storageKeys": []}]},
        {"type": None, "maxFeePerGas": None, "maxPriorityFeePerGas": None, "gasPrice": 5},
        {
            "type": 1,
            "maxFeePerGas": None,
            "maxPriorityFeePerGas": None,
            "gasPrice": 5,
            "accessList": [],
        },
    ],
)
def test_bytes_that_say_anything_else_are_not_read_though_our_key_signed_them(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(NodeRefused, match="no chain tx of ours"):
        SENDS.read(_signed(**changes))


@pytest.mark.parametrize(
    ("start", "value"),
    [("a9059cbb", 1), ("23b872dd", 0), ("a9059cbb" + "01", 0)],
)
def test_a_call_that_is_no_plain_transfer_is_not_read(start: str, value: int) -> None:
    call = start + PAYEE[2:].lower().rjust(136 - 64 - len(start), "0") + f"{5:064x}"
    contract = bytes.fromhex(TOKEN[2:])
    with pytest.raises(NodeRefused, match="no chain tx of ours"):
        SENDS.read(_signed(to=contract, value=value, data=bytes.fromhex(call)))


@pytest.mark.parametrize("text", ["", "0x", "0x02", "02", "0xzz", "0x02c0", "0x7f", "0X02", "é"])
def test_what_are_no_bytes_of_a_chain_tx_is_not_read(text: str) -> None:
    with pytest.raises(NodeRefused, match="no chain tx of ours"):
        SENDS.read(text)


def test_bytes_that_were_altered_never_say_that_we_pay_somebody_else() -> None:
    chance = random.Random(7)
    raw = bytearray.fromhex(_raw(USDT)[2:])
    for _ in range(400):
        altered = bytearray(raw)
        for _ in range(chance.randint(1, 3)):
            altered[chance.randrange(len(raw))] = chance.randrange(256)
        if altered == raw:
            continue
        cut = altered[: len(altered) - chance.choice([0, 0, 1, 5])]
        try:
            read = SENDS.read(f"0x{cut.hex()}")
        except NodeRefused:
            continue
        assert read.send.source != OURS or read.send == USDT, cut.hex()


def test_the_bytes_in_any_other_spelling_are_not_read() -> None:
    raw = _raw()
    for other in (raw.upper(), raw[2:], raw + "00", " " + raw, raw[:-2]):
        with pytest.raises(NodeRefused):
            SENDS.read(other)
