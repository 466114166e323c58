"""What is known of each coin, as data. A `[currency.X]` names its coin."""

from engine.coins.addresses import ReadAddress, address_form, read_address
from engine.coins.eip55 import read_evm_address
from engine.coins.evm_chains import EVM_CHAINS, KnownChain
from engine.coins.known import COINS
from engine.coins.model import Coin, Network

__all__ = [
    "COINS",
    "EVM_CHAINS",
    "Coin",
    "KnownChain",
    "Network",
    "ReadAddress",
    "address_form",
    "read_address",
    "read_evm_address",
]
