"""Fresh addresses of the node's wallet, in the one spelling that is compared and stored."""

from __future__ import annotations

from engine.chain import NewAddress
from engine.coins import Network, address_form
from engine.errors import NodeDown, NodeRefused
from engine.families.bitcoin.dialect import AddressKind, Dialect, address_info
from engine.families.bitcoin.transport import Caller
from engine.families.bitcoin.values import OddValue, address_of, malformed, script_of

NO_LABEL = ""


def make_addresses(
    transport: Caller, dialect: Dialect, network: Network, count: int
) -> list[NewAddress]:
    """`count` fresh addresses, no script twice. A wallet that runs dry gives as many as it has;
    one that has none raises NodeRefused."""
    made: dict[str, NewAddress] = {}
    for _ in range(count):
        try:
            address = _make_one(transport, dialect)
        except NodeRefused:
            if not made:
                raise
            break
        new = _described(transport, dialect, address)
        _check_form(network, new.address)
        made[new.script] = new
    return list(made.values())


def _make_one(transport: Caller, dialect: Dialect) -> str:
    kind = dialect.address_kind
    named = (NO_LABEL, kind.value) if kind is AddressKind.BECH32 else ()
    reply = transport.call("getnewaddress", *named)
    try:
        return address_of(reply)
    except OddValue as error:
        raise malformed("getnewaddress", reply, error) from None


def _described(transport: Caller, dialect: Dialect, address: str) -> NewAddress:
    """The address as the node itself spells it, with its script."""
    info = address_info(transport, dialect, address)
    spelled = transport.call("validateaddress", address) if dialect.cashaddr else info
    try:
        canonical = address_of(spelled.get("address", address))
        return NewAddress(canonical, script_of(info.get("scriptPubKey")))
    except (AttributeError, OddValue) as error:
        raise malformed(dialect.address_call.value, info, error) from None


def _check_form(network: Network, address: str) -> None:
    """A node of another network would hand out addresses that no client's coins reach."""
    known = network.bech32_hrp or network.base58_pubkey or network.cashaddr_prefix
    if known and address_form(network, address) is None:
        raise NodeDown("the node's addresses are not of this network", detail=address[:120])
