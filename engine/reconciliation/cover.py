"""Whether the comparison of books and chain lets a currency be paid: never while the node has less
than the books explain. A theft, keys that somebody else has and a restored database look like that.
"""

from __future__ import annotations

from db.findings import Reconciliation

NOT_COMPARED = "waiting for the first comparison of books and chain"
LESS_THERE = "waiting: the node has less than the books explain, and staff look into it"


def why_unpaid(currency: str) -> str:
    """Why nothing of this currency is paid now; empty unless the last comparison forbids it."""
    row = Reconciliation.get_or_none(Reconciliation.currency == currency)
    return LESS_THERE if row is not None and int(row.residual_units) < 0 else ""
