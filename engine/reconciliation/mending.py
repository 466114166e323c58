"""What mends a single coin of the books: the entry by which they say what the node shows.

A deposit's postings follow from its payment. A coin of our own (change, a move) stands in no
payment's postings: what made it says how much of it the wallet accounts hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from db.attempts import Attempt, AttemptOutput
from db.models import Coin as CoinRow
from engine import ledger
from engine.folding import rest_units
from engine.holdings import REST
from engine.ledger import Line as Posting
from engine.ledger import NewEntry
from engine.reconciliation.lines import Line
from engine.reconciliation.payouts import Accounts
from engine.reconciliation.spends import booked_spends

LOSS = "loss"
WALLETS = frozenset({ledger.WALLET_DEPOSITS, ledger.WALLET_HOT, ledger.WALLET_COLD})
ASKED_MAX = 500  # chain txs in one query

Coin = tuple[str, str]


def entry_of(
    currency: str,
    line: Line,
    units: int | None,
    *,
    posted: Accounts | None = None,
    own_units: int = 0,
) -> NewEntry | None:
    """The entry that goes with mending `line`, of which the node shows `units` (None: no such
    coin); None when the books need none. `posted` is what stands for its deposit, as its state
    demands if not given; `own_units` what the wallet accounts hold of a coin of our own."""
    if not line.is_deposit or (line.state == "refunded" and units is None):
        lost = line.units if line.is_deposit or line.payment is not None else own_units
        if units is not None and line.index.startswith(REST):
            return _entry(_sums(line.wallet, LOSS, units - own_units, currency))
        back = _sums(line.wallet, LOSS, -lost, currency) if units is None else {}
        return _entry(back)
    if not line.booked:
        return None
    held = _demanded(currency, line, line.units) if posted is None else posted
    wanted = {} if units is None else _demanded(currency, line, units)
    return _entry({key: wanted.get(key, 0) - held.get(key, 0) for key in {**held, **wanted}})


def own_coins(currency: str, coins: Collection[Coin]) -> dict[Coin, int]:
    """Units that the wallet accounts hold of those of `coins` that came back to us: as change of an
    attempt in a block, or of a theft that was cured."""
    found: dict[Coin, int] = {}
    txids = sorted({txid for txid, _ in coins})
    for start in range(0, len(txids), ASKED_MAX):
        part = txids[start : start + ASKED_MAX]
        rows = Attempt.select(Attempt.id, Attempt.txid).where(
            Attempt.txid.in_(part) & (Attempt.state != "dead")
        )
        made_by = {row.id: str(row.txid) for row in rows}
        outputs = AttemptOutput.select().where(
            AttemptOutput.attempt.in_(sorted(made_by)) & AttemptOutput.payment.is_null()
        )
        for output in outputs:
            found[made_by[output.attempt], f"vout:{output.line}"] = int(output.units)
    left = set(coins) - found.keys()
    rests = {txid for txid, index in left if index.startswith(REST)}
    if rests:
        chain = (
            CoinRow.select(CoinRow.chain).where(CoinRow.txid.in_(sorted(rests))).limit(1).scalar()
        )
        kept = rest_units(str(chain), rests)
        found |= {
            (txid, index): units for (each, txid, index), units in kept.items() if each == currency
        }
        left -= found.keys()
    cured = _change_of_cures(currency) if left else {}
    return {coin: units for coin, units in (cured | found).items() if coin in set(coins)}


def _change_of_cures(currency: str) -> dict[Coin, int]:
    return {
        (spend.txid, index): units
        for spend in booked_spends(currency).values()
        for index, _, units in spend.change
    }


def _demanded(currency: str, line: Line, units: int) -> Accounts:
    """What a booked deposit's postings sum to with so many units."""
    owner = ledger.suspense_account(str(line.payment))
    if line.state == "credited":
        owner = ledger.owner_account(line.client)
    elif line.state == "refunded":
        owner = "in_transit"
    return _sums(line.wallet, owner, units, currency)


def _sums(to: str, out_of: str, units: int, currency: str) -> Accounts:
    return {(to, currency): units, (out_of, currency): -units}


def _entry(sums: Mapping[tuple[str, str], int]) -> NewEntry | None:
    """The chain says so: a client who spent what never was owes it."""
    ordered = sorted(sums.items(), key=lambda each: (each[0][0] not in WALLETS, each[0]))
    lines = tuple(Posting(a, currency, units) for (a, currency), units in ordered if units)
    balanced = lines and not sum(line.units for line in lines)
    return NewEntry("cure", lines, overdraw=True) if balanced else None
