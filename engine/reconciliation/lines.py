"""The books' coins as reconciliation compares them: one line for each coin that may be unspent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import peewee

from db.attempts import Attempt, AttemptOutput, Outflow
from db.models import Coin, Payment
from engine.deposits.watch import MINED, POSTED
from engine.ledger import WALLET_DEPOSITS

OUTFLOW = "outflow"
BOOKED = ("confirmed", *POSTED, "refunded")
IN_CHAIN = (*MINED, "refunded")


@dataclass(frozen=True, slots=True)
class Line:
    """One coin. `units` are those of its deposit, `coin_units` those of its own row (None: there is
    no such row). `height` and `hash` say in which block the deposit has it, None outside of one.
    What is no deposit's coin has all of that from its own row. One of kind `outflow` is what left
    an address by a chain tx of ours, where a node keeps no coins: its units are below zero. `sent`:
    a chain tx of ours brought it there."""

    txid: str
    index: str
    address: str
    units: int
    coin_units: int | None
    height: int | None
    hash: str | None
    coin_height: int | None
    account: str
    payment: str | None
    client: str | None
    state: str
    kind: str = ""
    sent: bool = False

    @property
    def is_deposit(self) -> bool:
        """Whether a deposit's postings say what the books hold of it."""
        return self.payment is not None and self.kind not in {"transfer", OUTFLOW}

    @property
    def of_send(self) -> bool:
        """Whether its row says what one of our chain txs did where a node keeps no coins."""
        return self.kind == OUTFLOW or (self.sent and not self.index.startswith("vout:"))

    @property
    def is_nowhere(self) -> bool:
        """Whether it is a coin of no payment that was in a block once and is in none."""
        return self.payment is None and self.hash is None

    @property
    def wallet(self) -> str:
        """The wallet account on which it stands."""
        return self.account or WALLET_DEPOSITS

    @property
    def coin(self) -> tuple[str, str]:
        return self.txid, self.index

    @property
    def booked(self) -> bool:
        """Whether wallet accounts hold it."""
        return self.payment is None or self.state in BOOKED

    @property
    def expected(self) -> int:
        """Units that the node must show for it, by the books."""
        on_chain = self.hash is not None and (self.payment is None or self.state in IN_CHAIN)
        return self.units if on_chain else 0


def read_lines(chain: str, currency: str, *, of: tuple[str, str] | None = None) -> list[Line]:
    """A line for every coin that no block has spent and for all that left and was not folded, in no
    order; `of` one of them only."""
    ours = (Coin.chain == chain) & (Coin.currency == currency) & Coin.spent_height.is_null()
    if of is not None:
        ours &= (Coin.txid == of[0]) & (Coin.idx == of[1])
    rows: Any = (
        Coin.select(
            Coin.txid,
            Coin.idx,
            Coin.address,
            Coin.units,
            Coin.height,
            Coin.hash,
            Coin.account,
            *_PAYMENT,
        )
        .join(Payment, peewee.JOIN.LEFT_OUTER, on=(Coin.payment == Payment.id))
        .where(ours)
        .tuples()
    )
    return [*(_line(row) for row in rows), *_left(chain, currency, of)]


def _left(chain: str, currency: str, of: tuple[str, str] | None) -> Iterator[Line]:
    ours = (Outflow.chain == chain) & (Outflow.currency == currency)
    ours &= Outflow.folded_height.is_null() & ~Outflow.height.is_null()
    if of is not None:
        ours &= (Outflow.txid == of[0]) & (Outflow.idx == of[1])
    rows: Any = (
        Outflow.select(
            Outflow.txid,
            Outflow.idx,
            Outflow.address,
            Outflow.units,
            Outflow.height,
            Outflow.hash,
            Outflow.account,
            AttemptOutput.payment,
            Attempt.state,
        )
        .join(Attempt, on=(Outflow.attempt == Attempt.id))
        .join(AttemptOutput, on=(AttemptOutput.attempt == Attempt.id))
        .where(ours)
        .tuples()
    )
    for txid, index, address, units, height, block, account, payment, state in rows:
        yield Line(
            txid=txid,
            index=index,
            address=address,
            units=-units,
            coin_units=-units,
            height=height,
            hash=block,
            coin_height=height,
            account=account,
            payment=payment,
            client=None,
            state="credited" if state == "settled" else "pending",
            kind=OUTFLOW,
        )


def lines_without_coin(
    chain: str, currency: str, *, of: tuple[str, str] | None = None
) -> list[Line]:
    """Payments that are in a block or booked, and whose coin has no row. Reads all payments, or
    `of` one coin only."""
    wanted = (Payment.chain == chain) & (Payment.currency == currency)
    if of is not None:
        wanted &= (Payment.txid == of[0]) & (Payment.idx == of[1])
    same = (
        (Coin.chain == Payment.chain)
        & (Coin.txid == Payment.txid)
        & (Coin.idx == Payment.idx)
        & (Coin.currency == Payment.currency)
    )
    rows: Iterable[Payment] = (
        Payment.select()
        .join(Coin, peewee.JOIN.LEFT_OUTER, on=same)
        .where(
            wanted
            & (Payment.kind == "deposit")
            & ~Payment.txid.is_null()
            & (Payment.state.in_(BOOKED) | ~Payment.block_hash.is_null())
            & Coin.txid.is_null()
        )
    )
    return [
        Line(
            txid=str(row.txid),
            index=str(row.idx),
            address=str(row.address),
            units=int(row.units or 0),
            coin_units=None,
            height=row.block_height,
            hash=row.block_hash,
            coin_height=None,
            account="",
            payment=row.id,
            client=row.client,
            state=row.state,
            kind=row.kind,
        )
        for row in rows
    ]


_PAYMENT = (
    Payment.id,
    Payment.client,
    Payment.state,
    Payment.units,
    Payment.block_height,
    Payment.block_hash,
    Payment.kind,
    Payment.attempt,
)


def _line(row: tuple[Any, ...]) -> Line:
    txid, index, address, units, height, block, account, *of_payment = row
    payment, client, state, payment_units, payment_height, payment_block, kind, sent = of_payment
    # A transfer may make several coins, and each row says its own amount and place.
    own = payment is None or kind == "transfer"
    return Line(
        txid=txid,
        index=index,
        address=address,
        units=units if own else int(payment_units or 0),
        coin_units=units,
        height=height if own else payment_height,
        hash=block if own else payment_block,
        coin_height=height,
        account=account,
        payment=payment,
        client=client,
        state=state or "",
        kind=kind or "",
        sent=kind == "transfer" and sent is not None,
    )
