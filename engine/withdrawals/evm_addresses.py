"""Where a withdrawal on an EVM chain may not go, and what is wrong with what is no address.

Every EVM chain has the same addresses and nearly every 20 bytes are one: what cannot be right must
be known by name. Addresses are in their EIP-55 form here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from db.models import Address
from engine.client_words.networks import chain_words
from engine.coins.eip55 import EVM_FORM
from engine.config import Config, Currency
from engine.errors import WithdrawalRefused

NOBODYS_UP_TO = 0xFFFF
"""No key is known for numbers this small: the zero address, precompiled contracts, 0x…dEaD."""
NOBODYS = frozenset(
    {
        "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE",  # stands for the coin itself in contracts
        "0xdEAD000000000000000042069420694206942069",  # for burning
    }
)

_SECRET_OR_TXID = re.compile(r"(?:0[xX])?[0-9a-fA-F]{64}", re.ASCII)
_BARE = re.compile(r"(?:0X)?[0-9a-fA-F]{40}", re.ASCII)
_HEX = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_HOLDS_ONE = re.compile(r"0x[0-9a-fA-F]{40}(?![0-9a-fA-F])", re.ASCII)
_NAME = re.compile(r"[^\s.:/@]+(?:\.[^\s.:/@]+)+")
_LENGTH = 42


def check_payee(config: Config, address: str) -> None:
    """Raises WithdrawalRefused `address_invalid` for what is nobody's or a token's contract,
    `address_own` for ours on any EVM chain: whoever holds its key, nothing would leave."""
    if int(address, 16) <= NOBODYS_UP_TO or address in NOBODYS:
        raise _refused("this address belongs to nobody: what is sent there is lost for ever")
    contract = next((each for each in _tokens(config) if _is_same(each.token, address)), None)
    if contract is not None:
        raise _refused(
            f"this is the contract of the token {contract.name} itself, no wallet: what is sent"
            " there is lost; give the address of the wallet that receives"
        )
    if _is_own(config, address):
        raise WithdrawalRefused(
            "this address belongs to this cashier; nothing would leave", code="address_own"
        )


def mistyped(currency: Currency, text: str) -> WithdrawalRefused:
    """The refusal of a text that is no address, in words that help to mend it. Never repeats it:
    it may be a secret."""
    return _refused(next(_faults(chain_words(currency), text)))


def _faults(chain: str, text: str) -> Iterator[str]:
    """What is wrong, the most telling first."""
    if EVM_FORM.fullmatch(text):
        yield (
            "its capital letters do not fit this address, so at least one character is wrong: copy"
            " it once more from the wallet that receives"
        )
    if _BARE.fullmatch(text):
        yield f"an address of {chain} begins with 0x: put it in front, if that is what you mean"
    if _SECRET_OR_TXID.fullmatch(text):
        yield (
            "this is too long for an address: it is a txid or a private key, which you should never"
            " give to anybody"
        )
    if _HEX.fullmatch(text):
        yield f"an address of {chain} has {_LENGTH} characters, and this has {len(text)}"
    if _HOLDS_ONE.search(text):
        yield "give the address alone, from 0x on, without what stands before or after it"
    if _NAME.fullmatch(text):
        yield (
            "names are not looked up here, because they can change hands: give the address itself,"
            " which begins with 0x"
        )
    yield (
        f"this is no address of {chain}: it begins with 0x and has {_LENGTH} characters; check it"
        " letter by letter, without spaces"
    )


def _refused(why: str) -> WithdrawalRefused:
    return WithdrawalRefused(why, code="address_invalid")


def _tokens(config: Config) -> Iterator[Currency]:
    """The tokens of every chain: who means a contract's address means it on no chain."""
    return (each for each in config.currencies.values() if each.is_token)


def _is_own(config: Config, address: str) -> bool:
    family = [each for each in config.currencies.values() if each.family == "evm"]
    if any(each.cold is not None and _is_same(each.cold.address, address) for each in family):
        return True
    chains = sorted({each.chain for each in family})
    same = Address.chain.in_(chains) & (Address.address == address)
    return Address.select().where(same).exists()


def _is_same(one: str | None, other: str) -> bool:
    """Whether both are the same 20 bytes."""
    return one is not None and one.lower() == other.lower()
