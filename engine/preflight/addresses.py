"""Whether we read an address as the node does: its form here against its script there."""

from __future__ import annotations

import re

from engine.chain import NewAddress
from engine.coins import Network, address_form

_SCRIPTS = {
    "pubkey": r"76a914[0-9a-f]{40}88ac",
    "script": r"a914[0-9a-f]{40}87",
    "bech32": r"0014[0-9a-f]{40}|0020[0-9a-f]{64}|(?:5[1-9a-f]|60)[0-9a-f]{2}(?:[0-9a-f]{2}){2,40}",
    "cashaddr": r"76a914[0-9a-f]{40}88ac|a914[0-9a-f]{40}87|aa20[0-9a-f]{64}87",
}


def disagreement(network: Network, address: NewAddress) -> str:
    """Where the node and we read an address differently; empty if we agree."""
    if not (network.bech32_hrp or network.base58_pubkey or network.cashaddr_prefix):
        return ""  # not a family whose addresses are read here
    form = address_form(network, address.address)
    if form is None:
        return f"{address.address} of the node's wallet has no form of this network"
    if not re.fullmatch(_SCRIPTS[form], address.script):
        return f"{address.address} reads as {form} here, but its script at the node is another's"
    return ""
