"""Houses with a cold wallet and staff, on the chain in memory and on a real node."""

from tests.engine.approvals.conftest import people
from tests.engine.deposits.conftest import fake, on
from tests.engine.moves.houses import cold, open_moving, open_office, vault
from tests.engine.sweeps.conftest import open_sweeping

__all__ = ["cold", "fake", "on", "open_moving", "open_office", "open_sweeping", "people", "vault"]
