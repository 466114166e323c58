"""The houses of the deposit tests and the desks of the senders', on the chain in memory and on real
nodes, with staff."""

from tests.engine.approvals.conftest import people
from tests.engine.deposits.conftest import fake, house, on, open_house
from tests.engine.sender.by_nonce.conftest import open_evm
from tests.engine.sender.conftest import desk, open_desk
from tests.engine.sweeps.conftest import open_sweeping

__all__ = [
    "desk",
    "fake",
    "house",
    "on",
    "open_desk",
    "open_evm",
    "open_house",
    "open_sweeping",
    "people",
]
