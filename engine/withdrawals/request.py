"""A client asks for a withdrawal: checked, judged, debited and stored, or refused without a trace.

Debit and intent are one database transaction. After its debit a request holds the row that numbers
all histories, so that on any number of processes the sums behind limits are read one by one.
"""

from __future__ import annotations

from datetime import datetime

from db.connection import database
from db.models import Payment
from engine import queries
from engine.client_words.reasons import as_client_sees
from engine.config import Config
from engine.crashpoints import reach
from engine.idempotency import Claim
from engine.lifecycle import Batch
from engine.queries import PaymentView
from engine.risk import RiskHook
from engine.sender import entries
from engine.withdrawals.decide import Risk, Verdict, decide
from engine.withdrawals.flow import WithdrawalFlow
from engine.withdrawals.quote import Quote, check_client, check_daily_limit, quote

CREATED = 201


def request_withdrawal(
    config: Config,
    *,
    client: str,
    currency: object,
    address: object,
    amount: object,
    now: datetime,
    hook: RiskHook | None = None,
    idempotency: Claim | None = None,
) -> PaymentView:
    """The payment: `requested`, `held` for a person, or `refused` by a rule with all returned.

    `amount` is a decimal string in whole coins. The answer is kept under `idempotency` in the same
    database transaction. Raises as `quote` does; nothing is written then.
    """
    wish = quote(config, client=client, currency=currency, address=address, amount=amount, now=now)
    risk = None if hook is None else hook.ask(wish.as_question())
    return place(config, wish, risk=risk, now=now, idempotency=idempotency)


def place(
    config: Config,
    wish: Quote,
    *,
    risk: Risk | None,
    now: datetime,
    idempotency: Claim | None = None,
) -> PaymentView:
    """Debit and store what was quoted, with the risk hook's answer if there is a hook.

    Raises BalanceInsufficient, WithdrawalRefused (blocked, limit), StillRunning.
    """
    with database.atomic():
        payment = _open(config, wish, now)
        check_client(wish.client)
        flow = WithdrawalFlow(
            currency=wish.currency.symbol, client=wish.client, address=wish.address, now=now
        )
        check_daily_limit(wish.currency, flow)
        verdict = decide(wish.currency, client=wish.client, units=wish.units, flow=flow, risk=risk)
        if verdict.event:
            _move(config, payment, verdict, now)
        view = queries.find_payment(config, payment.id)
        if idempotency is not None:
            idempotency.keep(CREATED, as_client_sees(config, view).as_json())
        reach("debit.before", sandbox=config.sandbox)
    reach("debit.after", sandbox=config.sandbox)
    return view


def _open(config: Config, wish: Quote, now: datetime) -> Payment:
    currency = wish.currency
    with Batch(config, actor=f"client:{wish.client}", now=now) as batch:
        return batch.open(
            kind="withdrawal",
            client=wish.client,
            currency=currency.symbol,
            chain=currency.chain,
            address=wish.address,
            units=wish.units,
            fee_units=wish.fee,
            required=currency.confirmations.required(wish.units),
            evidence={"address": wish.address, "fee_units": str(wish.fee)},
            entry=entries.debit(wish.client, currency.symbol, units=wish.units, fee=wish.fee),
        )


def _move(config: Config, payment: Payment, verdict: Verdict, now: datetime) -> None:
    entry = entries.give_back(payment, "refuse") if verdict.event == "refuse" else None
    with Batch(config, actor="engine", now=now) as batch:
        batch.move(
            payment,
            verdict.event,
            evidence={"rule": verdict.rule, "rule_version": payment.rule},
            reason=verdict.reason,
            entry=entry,
            approvals_required=verdict.approvals or None,
        )
