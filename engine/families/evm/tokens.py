"""What a token's contract says of itself: shown and compared before coins arrive, never believed
for more."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from engine.errors import NodeRefused
from engine.families.evm.blocks import LATEST
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, data_of, word_of

_DECIMALS = "0x" + keccak(text="decimals()").hex()[:8]
_SYMBOL = "0x" + keccak(text="symbol()").hex()[:8]
_WORD_BYTES = 32
_SHOWN_MAX = 32


@dataclass(frozen=True, slots=True)
class TokenWords:
    """`exists`: there is code at the address. `decimals` and `symbol` are None where it says none;
    a symbol is anybody's words."""

    exists: bool
    decimals: int | None = None
    symbol: str | None = None


def token_words(node: Transport, contract: str) -> TokenWords:
    """Asked now, in one request. Raises OddValue, NodeDown."""
    code, decimals, symbol = node.batch(
        [
            ("eth_getCode", (contract, LATEST)),
            ("eth_call", ({"to": contract, "data": _DECIMALS}, LATEST)),
            ("eth_call", ({"to": contract, "data": _SYMBOL}, LATEST)),
        ]
    )
    if isinstance(code, NodeRefused):
        raise code
    if not data_of(code):
        return TokenWords(exists=False)
    return TokenWords(True, _number(decimals), _text(symbol))  # noqa: FBT003 - exists


def _number(reply: object) -> int | None:
    try:
        return None if isinstance(reply, NodeRefused) else word_of(reply)
    except OddValue:
        return None


def _text(reply: object) -> str | None:
    """A string as contracts return one: with its length before it, or the bytes of one word."""
    if isinstance(reply, NodeRefused):
        return None
    raw = data_of(reply)
    if len(raw) > 2 * _WORD_BYTES:
        length = int.from_bytes(raw[_WORD_BYTES : 2 * _WORD_BYTES], "big")
        raw = raw[2 * _WORD_BYTES :][: min(length, _SHOWN_MAX)]
    text = raw.rstrip(b"\0").decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable())[:_SHOWN_MAX] or None
