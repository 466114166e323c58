"""What may be swept, by our rows: coins that are nobody's question, less what left since."""

from __future__ import annotations

from dataclasses import dataclass

from db.connection import database
from db.exact import compare_sql, is_sqlite, sum_sql, value_sql
from engine.ledger import WALLET_DEPOSITS

LISTED_MAX = 200  # addresses in one look; the others come up when these are swept
# As in the choice of coins: those of held or refused deposits are never touched.
_OURS = """coin.payment IS NULL
 OR payment.state IN ('credited', 'refunded') AND payment.unsettled = 0"""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one address has of a currency, in units."""

    address: str
    units: int


def largest(chain: str, currency: str, *, tip: int, above: int) -> list[Holding]:
    """Deposit addresses that hold more than `above` in blocks up to height `tip`, the largest
    first; a bounded number of them. What is signed and in no block is not taken off yet."""
    total = sum_sql(database.obj, "units")
    more = compare_sql(database.obj, total, ">", value_sql(database.obj, database.param))
    rows, values = _rows(chain, currency, tip)
    # On SQLite units are text without leading zeros: longer is larger.
    cursor = database.execute_sql(
        f"SELECT address, {total} AS held FROM ({rows}) AS rows_of GROUP BY address"  # noqa: S608
        f" HAVING {more} ORDER BY LENGTH(CAST({total} AS TEXT)) DESC, held DESC"
        f" LIMIT {LISTED_MAX}",
        [*values, str(above)],
    )
    return [Holding(address, int(units)) for address, units in cursor.fetchall()]


def _rows(chain: str, currency: str, tip: int) -> tuple[str, list[object]]:
    """Addresses with what came and, below zero, what left. Constants and placeholders only."""
    param = database.param
    minus = "'-' || units" if is_sqlite(database.obj) else "-units"
    text = (
        "SELECT coin.address AS address, coin.units AS units FROM coin"  # noqa: S608
        " LEFT JOIN payment ON payment.id = coin.payment"
        f" WHERE coin.chain = {param} AND coin.account = {param} AND coin.currency = {param}"
        # The plus: nearly all coins are that old, and nearly none of them is unspent.
        f" AND +coin.height <= {param} AND coin.spent_txid IS NULL AND ({_OURS})"
        f" UNION ALL SELECT address, {minus} FROM outflow"
        f" WHERE chain = {param} AND account = {param} AND currency = {param}"
        f" AND height <= {param} AND folded_height IS NULL"
    )
    values: list[object] = [chain, WALLET_DEPOSITS, currency, tip]
    return text, values * 2
