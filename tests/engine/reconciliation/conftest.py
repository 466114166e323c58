"""The houses of the deposit tests, on the chain in memory and on a real node."""

from tests.engine.deposits.conftest import fake, house, on, open_house

__all__ = ["fake", "house", "on", "open_house"]
