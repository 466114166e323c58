"""Parameters of calls as JSON-RPC spells them. Whatever is wrong with them raises CallRefused."""

from __future__ import annotations

import re
from typing import Any

from engine.families.evm.embedded.chain import EmbeddedChain, Mined
from engine.families.evm.embedded.refusal import BAD_PARAMS, CallRefused

_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
SAFE_DEPTH, FINALIZED_DEPTH = 32, 64


def param(params: list[Any], place: int, default: object = None) -> Any:
    """A parameter, or `default` when it was left out."""
    given = params[place] if place < len(params) else None
    return default if given is None else given


def data(value: object, *, size: int | None = None) -> bytes:
    """Bytes in hex with 0x, `size` of them if that is given."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise CallRefused("invalid argument: hex string expected", code=BAD_PARAMS)
    found = bytes.fromhex(value[2:])
    if size not in {None, len(found)}:
        raise CallRefused(f"invalid argument: want {size} bytes", code=BAD_PARAMS)
    return found


def quantity(value: object) -> int:
    """A number in hex with 0x, or one of JSON's own."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return int(value, 16)
    raise CallRefused("invalid argument: quantity expected", code=BAD_PARAMS)


def height_of(chain: EmbeddedChain, tag: object) -> int:
    """A height from a number or a tag; what waits counts as the last block."""
    top = chain.tip.height
    tags = {
        "latest": top,
        "pending": top,
        "earliest": 0,
        "safe": max(0, top - SAFE_DEPTH),
        "finalized": max(0, top - FINALIZED_DEPTH),
    }
    return tags[tag] if isinstance(tag, str) and tag in tags else quantity(tag)


def block_at(chain: EmbeddedChain, tag: object) -> Mined | None:
    """The block of a number or tag; None beyond the last one."""
    height = height_of(chain, tag)
    return chain.blocks[height] if height <= chain.tip.height else None


def state_block(chain: EmbeddedChain, tag: object) -> Mined:
    """The block whose state is asked for, by number, tag or `{"blockHash": …}`."""
    if isinstance(tag, dict) and "blockHash" in tag:
        found = chain.by_hash.get(data(tag["blockHash"], size=32))
    else:
        found = block_at(chain, tag.get("blockNumber") if isinstance(tag, dict) else tag)
    if found is None:
        raise CallRefused("header not found")
    return found
