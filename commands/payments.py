"""`cashier payments` and `cashier show`: searching payments, and one payment's whole story."""

from __future__ import annotations

from typing import Any

import click

from commands.context import App, pass_app, require_currencies
from commands.output import json_option, print_json, print_table, printable
from engine import queries
from engine.approvals.views import ApprovalView, Note, approvals_of, notes_of
from engine.config import Config
from engine.entries import EntryView, entries_of
from engine.errors import PaymentNotFound
from engine.lifecycle import STATES
from engine.queries import HistoryView, PaymentView
from engine.story import AttemptView, attempts_of
from engine.waiting import waits_for

ALL_STATES = sorted({state.name for states in STATES.values() for state in states})
PREFIX_MIN = 6


@click.command()
@click.option("--state", type=click.Choice(ALL_STATES), help="Only payments in this state.")
@click.option("--client", metavar="ID", help="Only this client's.")
@click.option("--currency", metavar="C", help="Only this currency's.")
@click.option("--find", metavar="TEXT", help="A payment id, client, address or txid, or its start.")
@click.option(
    "--limit",
    type=click.IntRange(1, queries.PAGE_MAX),
    default=50,
    show_default=True,
    help="At most so many.",
)
@click.option("--after", metavar="CURSOR", help="Go on after a list's `next`.")
@json_option
@pass_app
def payments(app: App, /, *, as_json: bool, **wanted: Any) -> None:
    """List payments, newest first; those that are held with what they need of staff."""
    with app.connect("console") as config:
        require_currencies(config, [wanted["currency"]] if wanted["currency"] else [])
        try:
            page = queries.list_payments(config, **wanted)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        waits = waits_for(config, page.items)
    if as_json:
        print_json({"items": [view.as_json() for view in page.items], "next": page.next})
        return
    if wanted["state"] == "held":
        print_table(
            ("id", "kind", "client", "currency", ">amount", "since", "why", "needs"),
            [_held_row(view, waits[view.id]) for view in page.items],
        )
    else:
        print_table(
            ("id", "kind", "client", "currency", ">amount", "state", ">confirmations", "updated"),
            [_row(view) for view in page.items],
        )
    if not page.items:
        click.echo("no payment is like that", err=True)
    if page.next is not None:
        click.echo(f"more: --after {page.next}", err=True)


@click.command()
@click.argument("payment", metavar="ID")
@json_option
@pass_app
def show(app: App, *, payment: str, as_json: bool) -> None:
    """Everything about one payment. The start of its id is enough where no other begins so."""
    with app.connect("console") as config:
        view = find_one(config, payment)
        history = queries.history(config, view.id)
        entries = entries_of(config, view.id)
        attempts = attempts_of(config, view)
        approvals, notes = approvals_of(view.id), notes_of(view.id)
    if as_json:
        print_json(
            {
                **view.as_json(),
                "history": [move.as_json() for move in history],
                "entries": [entry.as_json() for entry in entries],
                "attempts": [attempt.as_json() for attempt in attempts],
                "approvals": [approval.as_json() for approval in approvals],
                "notes": [note.as_json() for note in notes],
            }
        )
    else:
        _tell(view, history, entries)
        _tell_attempts(attempts)
        _tell_staff(approvals, notes)


def _tell(
    view: PaymentView, history: tuple[HistoryView, ...], entries: tuple[EntryView, ...]
) -> None:
    for name, value in view.as_json().items():
        if value not in {None, ""}:
            click.echo(f"{name:<24}{printable(value)}")
    click.echo()
    print_table(
        (">seq", "at", "event", "from", "to", "actor", "evidence", "reason"),
        [
            (m.seq, m.at, m.event, m.from_state, m.to_state, m.actor, _evidence(m), m.reason)
            for m in history
        ],
    )
    lines = [(entry, posting) for entry in entries for posting in entry.postings]
    if lines:
        click.echo()
        print_table(
            (">entry", "event", "account", "currency", ">amount"),
            [(e.id, e.event, p.account, p.currency, p.amount) for e, p in lines],
        )


def _tell_attempts(attempts: tuple[AttemptView, ...]) -> None:
    if attempts:
        click.echo()
        print_table(
            ("chain tx", "state", ">block", ">number", ">pays", ">fee", "of", "node said"),
            [
                (
                    a.txid,
                    a.state,
                    a.block_height,
                    a.nonce,
                    a.paid,
                    f"<= {a.fee}" if a.at_most else a.fee,
                    a.fee_currency,
                    a.error,
                )
                for a in attempts
            ],
        )


def _tell_staff(approvals: tuple[ApprovalView, ...], notes: tuple[Note, ...]) -> None:
    if approvals:
        click.echo()
        print_table(
            ("signed", "by", "act", "account", "reason", "state"),
            [(a.at, a.staff, a.act, a.account, a.reason, a.state) for a in approvals],
        )
    if notes:
        click.echo()
        print_table(("noted", "by", "text"), [(note.at, note.staff, note.text) for note in notes])


def _evidence(move: HistoryView) -> str:
    """The block and depth that a move stands on; --json has all of it."""
    height, depth = (move.evidence.get(key) for key in ("block_height", "confirmations"))
    shown = [f"block {height}"] if height is not None else []
    return ", ".join([*shown, *([f"{depth} deep"] if depth else [])])


def find_one(config: Config, text: str) -> PaymentView:
    """The payment of this id, or the only one whose id begins so. Raises PaymentNotFound."""
    try:
        return queries.find_payment(config, text)
    except PaymentNotFound:
        begun = queries.list_payments(config, find=text).items if len(text) >= PREFIX_MIN else ()
    found = [view for view in begun if view.id.startswith(text)]
    if len(found) > 1:
        raise click.UsageError(f"more than one payment begins with {text}; give more of its id")
    if not found:
        raise PaymentNotFound(
            f"no payment has the id {text}; {PREFIX_MIN} or more of its first characters do"
        )
    return found[0]


def _row(view: PaymentView) -> tuple[object, ...]:
    depth = None
    if view.state in {"pending", "confirmed"}:
        depth = f"{view.confirmations} of {view.confirmations_required}"
    updated = view.updated_at.partition(".")[0] + "Z"
    return (
        view.id,
        view.kind,
        view.client,
        view.currency,
        view.amount,
        view.state,
        depth,
        updated,
    )


def _held_row(view: PaymentView, need: str) -> tuple[object, ...]:
    since = view.updated_at.partition(".")[0] + "Z"
    return (
        *(view.id, view.kind, view.client, view.currency, view.amount),
        *(since, view.reason or None, need),
    )
