"""In what nodes of this family differ, as closed choices, found by asking the node once.

Parameters are positional everywhere and only those that every node takes; a field that a node does
not print (`blockheight`) is asked for where it is missed, so that it is no choice here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from engine.coins import Network
from engine.errors import NodeRefused
from engine.families.bitcoin.transport import Caller
from engine.families.bitcoin.values import malformed

UNKNOWN_METHOD = -32601


class AddressKind(Enum):
    """Which addresses the node is asked for."""

    BECH32 = "bech32"  # named in the call: what a node makes by itself differs between nodes
    OWN_KIND = "own kind"  # not named: the node knows one kind only, or takes no such parameter


class AddressCall(Enum):
    """Who tells an address's script and owner."""

    GETADDRESSINFO = "getaddressinfo"
    VALIDATEADDRESS = "validateaddress"  # nodes before 0.17


class WalletKind(Enum):
    """How the wallet keeps its keys."""

    LEGACY = "legacy"
    DESCRIPTORS = "descriptors"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What was found out about one node. `cashaddr`: its addresses have several spellings, of
    which the node itself names the canonical one."""

    address_kind: AddressKind
    address_call: AddressCall
    wallet_kind: WalletKind
    cashaddr: bool

    @property
    def with_watched(self) -> tuple[bool, ...]:
        """What a list of chain txs is asked beside place and depth: wallets of the old kind leave
        out what they watch, the cold address, and those of the new kind know no such word."""
        return (True,) if self.wallet_kind is WalletKind.LEGACY else ()


def ask_dialect(transport: Caller, network: Network) -> Dialect:
    """Find out how this node wants to be spoken to. Two calls."""
    wallet = transport.call("getwalletinfo")
    if not isinstance(wallet, dict):
        raise malformed("getwalletinfo", wallet)
    return Dialect(
        address_kind=AddressKind.BECH32 if network.bech32_hrp else AddressKind.OWN_KIND,
        address_call=_address_call(transport),
        wallet_kind=kind_of_wallet(wallet),
        cashaddr=network.cashaddr_prefix is not None,
    )


def kind_of_wallet(info: Mapping[str, Any]) -> WalletKind:
    """How a wallet keeps its keys, by its `getwalletinfo`."""
    return WalletKind.DESCRIPTORS if info.get("descriptors") is True else WalletKind.LEGACY


def _address_call(transport: Caller) -> AddressCall:
    """Which call knows addresses: asked with a text that is none, so that only the call answers."""
    try:
        transport.call("getaddressinfo", "")
    except NodeRefused as error:
        if error.rpc_code == UNKNOWN_METHOD:
            return AddressCall.VALIDATEADDRESS
    return AddressCall.GETADDRESSINFO


def address_info(transport: Caller, dialect: Dialect, address: str) -> dict[str, Any]:
    """What the node's wallet knows of an address. Raises NodeRefused -5 for one that is none."""
    reply = transport.call(dialect.address_call.value, address)
    if not isinstance(reply, dict):
        raise malformed(dialect.address_call.value, reply)
    return reply
