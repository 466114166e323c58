"""One deposit under judgement: what the database knows of it and what the node says now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import peewee

from db import bulk
from db.connection import database
from db.models import Address, Client, Payment
from engine.chain import Arrival, Fact, Standing
from engine.config import Currency
from engine.deposits.rules import HELD_DOUBTED, HELD_OLD_COIN, Position
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT

WALLETS = {"hot": WALLET_HOT, "cold": WALLET_COLD}


@dataclass(frozen=True, slots=True)
class Owner:
    """An address of ours, and whose it is; `client` is None for one that nobody was given.
    `purpose` is `hot` or `cold` for an address of the house itself."""

    address_id: int
    address: str
    created_height: int
    used: bool
    client: str | None
    blocked: bool
    purpose: str = "deposit"


@dataclass(slots=True)
class Case:
    """A deposit, or an arrival that is to become one (`payment` None), with the facts of now.

    `replaced`: its chain tx is not in the mempool, and one that spends the same coin is.
    `origin`: where a coin at an address of the house comes from, `top_up` for one that is its own.
    """

    currency: Currency
    fact: Fact
    arrival: Arrival | None = None
    payment: Payment | None = None
    owner: Owner | None = None
    late: bool = False
    replaced: bool = False
    origin: str | None = None
    events: tuple[str, ...] = ()
    siblings: list[Payment] = field(default_factory=list)

    @property
    def units(self) -> int:
        """The coin's amount as the chain has it."""
        if self.arrival is not None:
            return self.arrival.units
        assert self.payment is not None and self.payment.units is not None
        return int(self.payment.units)

    @property
    def is_top_up(self) -> bool:
        """Whether the house itself sent it, decided at first sight."""
        origin = self.origin if self.payment is None else self.payment.origin
        return bool(origin == "top_up") and not self.doubt

    @property
    def doubt(self) -> str:
        """Why a person must look before it is credited, empty for a plain coin. Decided at first
        sight, because a reorganisation may put a new coin into a lower block later."""
        if self.payment is not None and self.payment.txid is not None:
            return str(self.payment.doubt)
        if self.arrival is not None and self.arrival.doubt:
            return HELD_DOUBTED
        return HELD_OLD_COIN if self._is_old else ""

    @property
    def wallet(self) -> str:
        """The wallet account on which its coin stands."""
        return (
            WALLET_DEPOSITS
            if self.owner is None
            else WALLETS.get(self.owner.purpose, WALLET_DEPOSITS)
        )

    @property
    def generated(self) -> bool:
        if self.arrival is not None:
            return self.arrival.generated
        return bool(self.payment is not None and self.payment.generated)

    @property
    def required(self) -> int:
        """Confirmations that the rule in force at first sight demands."""
        if self.payment is not None and self.payment.txid is not None:
            return int(self.payment.required or 0)
        required = self.currency.confirmations.required(self.units)
        maturity = self.currency.parameters.maturity
        return max(required, maturity + 1) if self.generated else required

    @property
    def _is_old(self) -> bool:
        """Whether the coin is in the chain since before its address was given out."""
        block = self.fact.block
        if self.owner is None or self.owner.client is None or block is None:
            return False
        return block.height < self.owner.created_height

    @property
    def is_hint(self) -> bool:
        """Whether a list shows a coin outside of a block that was given up: wallets list what no
        mempool holds any more, so only asking by id tells whether it is back."""
        payment, arrival = self.payment, self.arrival
        if payment is None or arrival is None or arrival.block is not None:
            return False
        return payment.state in {"vanished", "reversed"}

    @property
    def position(self) -> Position:
        payment = self.payment
        if payment is None:
            return Position("requested", unsettled=False, block_hash=None, required=self.required)
        return Position(
            str(payment.state),
            unsettled=bool(payment.unsettled),
            block_hash=payment.block_hash,
            required=self.required,
        )


def fact_of(arrival: Arrival) -> Fact:
    """What a listed arrival says of its chain tx."""
    standing = Standing.MEMPOOL if arrival.block is None else Standing.MINED
    return Fact(arrival.txid, standing, arrival.block)


def cases_of_arrivals(
    chain: str,
    currencies: Mapping[str, Currency],
    arrivals: Sequence[Arrival],
    *,
    origins: Mapping[str, str] = MappingProxyType({}),
) -> list[Case]:
    """Match arrivals with the payments, open requests and addresses that they belong to. `origins`
    names, by txid, where those at an address of the house come from."""
    known = _payments_by_identity(chain, arrivals)
    owners = _owners(chain, {arrival.address for arrival in arrivals})
    requests = _open_requests(chain, owners)
    cases = []
    begun: set[str] = set()  # a second coin in the same look is not late
    for arrival in arrivals:
        owner = owners.get(arrival.address)
        payment = known.get((arrival.txid, arrival.index, arrival.currency))
        late = False
        if payment is None and owner is not None and owner.client is not None:
            payment = requests.pop((arrival.address, arrival.currency), None)
            if payment is not None:
                begun.add(arrival.address)
            late = payment is None and not owner.used and arrival.address not in begun
        cases.append(
            Case(
                currencies[arrival.currency],
                fact_of(arrival),
                arrival=arrival,
                payment=payment,
                owner=owner,
                late=late,
                origin=None
                if owner is None or owner.purpose not in WALLETS
                else origins.get(arrival.txid),
            )
        )
    return cases


def cases_of_payments(
    chain: str,
    currencies: Mapping[str, Currency],
    payments: Sequence[Payment],
    facts: Mapping[str, Fact],
    *,
    mempool: frozenset[str] = frozenset(),
) -> list[Case]:
    """Payments that were asked for by id, each with the node's answer; those without one that can
    be read are left out. `mempool` names the conflicting chain txs that the mempool holds."""
    owners = _owners(chain, {str(payment.address) for payment in payments})
    return [
        Case(
            currencies[payment.currency],
            facts[str(payment.txid)],
            payment=payment,
            owner=owners.get(str(payment.address)),
            replaced=not mempool.isdisjoint(facts[str(payment.txid)].conflicts),
        )
        for payment in payments
        if payment.txid in facts and facts[str(payment.txid)].readable
    ]


def _payments_by_identity(
    chain: str, arrivals: Iterable[Arrival]
) -> dict[tuple[str, str, str], Payment]:
    rows = Payment.select().where(
        (Payment.chain == chain)
        & (Payment.kind == "deposit")
        & bulk.one_of(Payment.txid, sorted({arrival.txid for arrival in arrivals}))
        & bulk.one_of(Payment.idx, sorted({arrival.index for arrival in arrivals}))
    )
    return {(str(row.txid), str(row.idx), row.currency): row for row in bulk.read_rows(rows)}


def _owners(chain: str, texts: set[str]) -> dict[str, Owner]:
    query = (
        Address.select(
            Address.id,
            Address.address,
            Address.created_height,
            Address.used_at,
            Address.client,
            Client.blocked,
            Address.purpose,
        )
        .join(Client, peewee.JOIN.LEFT_OUTER, on=(Address.client == Client.id))
        .where((Address.chain == chain) & bulk.one_of(Address.address, sorted(texts)))
    )
    rows: Any = database.execute_sql(*query.sql())  # peewee's tuples cost ten times as much a row
    return {
        address: Owner(number, address, height, used_at is not None, client, bool(blocked), purpose)
        for number, address, height, used_at, client, blocked, purpose in rows
    }


def _open_requests(chain: str, addresses: Iterable[str]) -> dict[tuple[str, str], Payment]:
    rows = Payment.select().where(
        (Payment.chain == chain)
        & (Payment.kind == "deposit")
        & (Payment.state == "requested")
        & bulk.one_of(Payment.address, sorted(addresses))
    )
    return {(str(row.address), row.currency): row for row in bulk.read_rows(rows)}
