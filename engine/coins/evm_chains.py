"""EVM chains by their ids, as data: what clients call them, and which carry no worth.

The same coin and the same addresses live on many of them; only the id tells which one is meant.
What is not listed works as well and is called by its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class KnownChain:
    """A chain's name; `test` where its coins are given away; `tokens`, the name under which its
    wallets offer fungible tokens."""

    name: str
    test: bool = False
    tokens: str = "ERC-20"


EVM_CHAINS: Mapping[int, KnownChain] = MappingProxyType(
    {
        1: KnownChain("Ethereum"),
        10: KnownChain("OP Mainnet"),
        25: KnownChain("Cronos"),
        56: KnownChain("BNB Smart Chain", tokens="BEP-20"),
        61: KnownChain("Ethereum Classic"),
        100: KnownChain("Gnosis"),
        137: KnownChain("Polygon"),
        146: KnownChain("Sonic"),
        250: KnownChain("Fantom"),
        324: KnownChain("ZKsync Era"),
        1_101: KnownChain("Polygon zkEVM"),
        5_000: KnownChain("Mantle"),
        8_453: KnownChain("Base"),
        42_161: KnownChain("Arbitrum One"),
        42_220: KnownChain("Celo"),
        43_114: KnownChain("Avalanche C-Chain"),
        59_144: KnownChain("Linea"),
        81_457: KnownChain("Blast"),
        534_352: KnownChain("Scroll"),
        5: KnownChain("Goerli", test=True),
        97: KnownChain("BNB Smart Chain Testnet", test=True, tokens="BEP-20"),
        10_200: KnownChain("Chiado", test=True),
        17_000: KnownChain("Holesky", test=True),
        43_113: KnownChain("Avalanche Fuji", test=True),
        80_002: KnownChain("Polygon Amoy", test=True),
        84_532: KnownChain("Base Sepolia", test=True),
        421_614: KnownChain("Arbitrum Sepolia", test=True),
        560_048: KnownChain("Hoodi", test=True),
        11_155_111: KnownChain("Sepolia", test=True),
        11_155_420: KnownChain("OP Sepolia", test=True),
    }
)
