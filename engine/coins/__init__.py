"""What is known of each coin, as data. A `[currency.X]` names its coin."""

from engine.coins.addresses import ReadAddress, address_form, read_address
from engine.coins.known import COINS
from engine.coins.model import Coin, Network

__all__ = ["COINS", "Coin", "Network", "ReadAddress", "address_form", "read_address"]
