"""What adjustments, cures and decisions on deposits gave a client, or took: the signatures count,
not the rows that tell of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from db.models import Payment
from engine.approvals.funds import adjustments_of
from engine.approvals.refunds import PERSONS
from engine.approvals.rights import are_enough
from engine.approvals.spending import carried_out_forms
from engine.config import Config
from engine.history import canonical, row_of
from engine.ledger import client_account
from engine.sender.mended import Mend
from engine.sender.proof import verified_rows
from engine.sender.released import released_units


def adjusted_units(
    config: Config,
    client: str,
    currency: str,
    payments: Iterable[Payment],
    mends: Iterable[Mend],
) -> tuple[int, int]:
    """Units that adjustments signed by two persons gave this client, deposits that only a balance
    showed among them, and those that any took; what not enough people signed gave nothing.
    `payments` are all that the client has in this currency; `mends` stand in their histories, where
    they count already: one that raised the client unsigned is taken off again."""
    gave, took = released_units(config, payments), 0
    account = client_account(client)
    for record in verified_rows(adjustments_of(client).id) or ():
        row = row_of(record)
        lines = row["evidence"].get("entry", ())
        change = -sum(int(u) for name, of, u in lines if (name, of) == (account, currency))
        if change < 0:
            took -= change
        elif change > 0 and _is_signed(config, row):
            gave += change
    for mend in mends:
        raised = mend.given(client, currency)
        if raised > 0 and not _is_mend_signed(config, mend, currency, raised):
            took += raised
    return gave, took


def _is_signed(config: Config, row: dict[str, Any]) -> bool:
    """Whether enough different persons signed just this entry: amounts alone do not tell giving
    from taking."""
    subject, prev = str(row["payment"]), str(row["prev"])
    forms = carried_out_forms(config, act="adjust", subject=subject, history_hash=prev)
    entry = hashlib.sha256(canonical(row["evidence"]["entry"])).hexdigest()
    names = {name for name, form in forms.items() if form.get("entry_hash") == entry}
    return are_enough(config.staff, names, PERSONS)


def _is_mend_signed(config: Config, mend: Mend, currency: str, raised: int) -> bool:
    """Whether enough different persons signed a cure of this payment, as it was, or a decision on
    it, by this entry."""
    forms = carried_out_forms(config, act=mend.act, subject=mend.payment, history_hash=mend.prev)
    names = {name for name, form in forms.items() if form.get("entry_hash") == mend.entry_hash}
    return are_enough(config.staff, names, _persons(config, mend.act, currency, raised))


def _persons(config: Config, act: str, currency: str, units: int) -> int:
    if act == "cure":
        return PERSONS
    above = config.currencies[currency].book_above
    return PERSONS if act == "book" and above is not None and units > above else 1
