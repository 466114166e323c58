"""What a payment waits for, in a few words: the one wording for console, commands and reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from db.models import Approval, Payment
from engine.config import Config
from engine.deposits import rules
from engine.lifecycle import STATES
from engine.views import PaymentView

PAID_BACK = "to be paid back"
NOTHING = ""
RELEASING = ("approve", "book")
"""Acts that may take several persons; one alone refuses."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a held payment needs of staff: `act` is `approve` or `book`, `signed` who signed it as
    it stands, `persons` how many must."""

    act: str
    signed: tuple[str, ...]
    persons: int


def waits_for(config: Config, views: Iterable[PaymentView]) -> dict[str, str]:
    """By payment id: what each waits for, empty where it is at its end. Two statements for all."""
    found = tuple(views)
    needs = needs_of(config, found)
    return {
        view.id: _of_held(view, needs[view.id]) if view.id in needs else _of_others(view)
        for view in found
    }


def needs_of(config: Config, views: Iterable[PaymentView]) -> dict[str, Needs]:
    """By payment id: what each held one needs. Two statements for all."""
    held = [view for view in views if view.state == "held"]
    ids = [view.id for view in held]
    signed, wanted = _signed(ids), _wanted(ids)
    found = {}
    for view in held:
        to_book = is_to_book(view)
        persons = _persons_to_book(config, view) if to_book else wanted.get(view.id, 1)
        names = tuple(sorted(signed.get(view.id, ())))
        found[view.id] = Needs("book" if to_book else "approve", names, persons)
    return found


def is_to_book(view: PaymentView) -> bool:
    """Whether a person must say whose a held coin is."""
    nobodys = view.client is None or view.reason == rules.HELD_NOBODY
    return view.kind == "deposit" and (nobodys or view.reason == rules.HELD_BELOW_MINIMUM)


def _of_held(view: PaymentView, needs: Needs) -> str:
    if view.unsettled:
        return "its coin to settle"
    persons = max(1, needs.persons - len(needs.signed))
    more = "more " if needs.signed else ""
    if needs.act == "book":
        if needs.persons < 2:
            return "someone to book it"
        return f"{persons} {more}person{'s' * (persons > 1)} to book it"
    if needs.persons < 2:
        return "an approval"
    return f"{persons} {more}approval{'s' * (persons > 1)}"


def _persons_to_book(config: Config, view: PaymentView) -> int:
    currency = config.currencies.get(view.currency)
    above = None if currency is None else currency.book_above
    return 1 if above is None or (view.units or 0) <= above else 2


def _of_others(view: PaymentView) -> str:
    if view.kind == "deposit":
        return _of_deposit(view)
    if view.state == "requested":
        if view.sub_state == "sending":
            return "its chain tx to be seen"
        return _reason(view) or "the sender"
    if view.state == "pending":
        return _reason(view) or _blocks(view)
    return _of_mined(view)


def _of_deposit(view: PaymentView) -> str:
    if view.state == "requested":
        return "a coin"
    if view.state == "reversed":
        return "its coin to come back, or the debt to be settled"
    if view.state == "refused":
        return PAID_BACK
    return _of_mined(view)


def _of_mined(view: PaymentView) -> str:
    if view.state == "confirmed":
        return view.reason or "its entry"
    if view.state == "pending":
        return _blocks(view)
    return "its coin to settle" if view.unsettled else NOTHING


def _reason(view: PaymentView) -> str:
    """What the engine noted, without the words that every list has above it."""
    return view.reason.removeprefix("waiting: ").removeprefix("waiting for ")


def _blocks(view: PaymentView) -> str:
    if view.sub_state == "immature":
        return "a mined reward to mature"
    if not view.confirmations:
        return "its first block"
    left = max(0, view.confirmations_required - view.confirmations)
    if not left:
        return "the engine"
    return "1 more block" if left == 1 else f"{left} more blocks"


def owner_of(view: PaymentView) -> str:
    """Who must act on a payment in its state: `engine`, `staff`, `client` or `nobody`."""
    return {state.name: state.owner for state in STATES.get(view.kind, ())}.get(
        view.state, "nobody"
    )


def _signed(payments: list[str]) -> Mapping[str, set[str]]:
    """Who signed each of these as it stands now."""
    rows = (
        Approval.select(Approval.subject, Approval.staff)
        .join(Payment, on=(Payment.id == Approval.subject))
        .where(
            Approval.subject.in_(payments)
            & (Approval.history_hash == Payment.last_hash)
            & Approval.act.in_(RELEASING)
        )
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows if payments else ():
        found[row.subject].add(row.staff)
    return found


def _wanted(payments: list[str]) -> Mapping[str, int]:
    """How many persons must release each of these withdrawals."""
    rows = Payment.select(Payment.id, Payment.approvals_required).where(Payment.id.in_(payments))
    return {row.id: int(row.approvals_required or 1) for row in (rows if payments else ())}
