"""Unused node-made addresses, kept ready so that the web process needs no node.

An address once given to a client is never given to another, whatever the node hands out: the
script is unique in the database, and the database decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import peewee
from peewee import SQL

from db.connection import database
from db.models import Address
from engine import chains
from engine.chain import Followed, NewAddress
from engine.clock import rfc3339
from engine.errors import AddressPoolEmpty

log = logging.getLogger(__name__)

PER_ROUND = 50


def unused_count(chain: str) -> int:
    """Addresses of the pool that no client has."""
    return int(_pool(chain).count())


def issue(chain: str, *, client: str, now: datetime) -> Address:
    """Give the oldest unused address to `client`, inside the caller's database transaction.

    A coin in a block before the one that we follow now cannot be meant for this client. Raises
    AddressPoolEmpty.
    """
    while True:
        address: Address | None = _pool(chain).order_by(Address.id).first()
        if address is None:
            raise AddressPoolEmpty("no unused address is ready; try again in a moment")
        taken = (
            Address.update(
                client=client, issued_at=rfc3339(now), created_height=chains.followed_height(chain)
            )
            .where(
                (Address.id == address.id) & Address.client.is_null() & Address.used_at.is_null()
            )
            .execute()
        )
        if taken == 1:
            return address


def refill(
    chain: str,
    node: Followed,
    *,
    target: int,
    now: datetime,
    guard: Callable[[], None],
) -> int:
    """Bring the pool up to `target`, a bounded number a round; returns how many were added."""
    missing = min(target - unused_count(chain), PER_ROUND)
    if missing <= 0:
        return 0
    made = node.new_addresses(missing)
    with database.atomic():
        guard()
        height = chains.followed_height(chain)
        added = sum(_store(chain, each, height=height, now=now) for each in made)
    if added < len(made):
        log.warning(
            "%s: the node handed out %d addresses that were given before; was its wallet restored"
            " from a backup?",
            chain,
            len(made) - added,
        )
    return added


def _pool(chain: str) -> peewee.ModelSelect[Address]:
    return Address.select().where(
        (Address.chain == chain)
        & (Address.purpose == SQL("'deposit'"))  # in the index's own words, else it is not taken
        & Address.client.is_null()
        & Address.used_at.is_null()  # somebody paid it before it was anybody's: it stays nobody's
    )


def _store(chain: str, new: NewAddress, *, height: int, now: datetime) -> bool:
    try:
        with database.atomic():
            Address.create(
                chain=chain,
                address=new.address,
                script=new.script,
                purpose="deposit",
                created_at=rfc3339(now),
                created_height=height,
            )
    except peewee.IntegrityError:
        return False
    return True
