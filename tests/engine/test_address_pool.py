"""The pool: kept full, given out once, and never twice whatever the node hands out."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.connection import database as opened
from db.models import Address
from engine import address_pool, chains
from engine.chain import Block
from engine.clock import rfc3339
from engine.errors import AddressPoolEmpty, LeaseLost
from tests.engine.house import NOW, add_addresses, house
from tests.nodes.fake import FakeChain
from tests.together import at_once


@pytest.fixture(autouse=True)
def _ltc(database: str, tmp_path: Path) -> None:
    assert database
    chains.ensure(house(tmp_path), NOW)


def refill(node: FakeChain, target: int) -> int:
    return address_pool.refill("LTC", node, target=target, now=NOW, guard=lambda: None)


def issue(client: str) -> str:
    with opened.atomic():
        return str(address_pool.issue("LTC", client=client, now=NOW).address)


def test_the_pool_is_filled_a_bounded_number_a_round() -> None:
    node = FakeChain()
    target = address_pool.PER_ROUND + 7
    assert refill(node, target) == address_pool.PER_ROUND
    assert refill(node, target) == 7
    calls = node.calls()
    assert refill(node, target) == 0
    assert node.calls() == calls
    assert address_pool.unused_count("LTC") == target


def test_the_oldest_address_is_given_first() -> None:
    made = add_addresses(3)
    assert [issue(name) for name in ("ann", "bob", "cid")] == made
    with pytest.raises(AddressPoolEmpty):
        issue("dan")
    assert address_pool.unused_count("LTC") == 0


def test_an_issued_address_says_whose_it_is_and_since_which_block() -> None:
    add_addresses(1)
    chains.note_tip("LTC", Block(41, "aa", "bb", 0, 0))
    issue("ann")
    row = Address.get()
    assert (row.client, row.issued_at, row.created_height) == ("ann", rfc3339(NOW), 41)


def test_an_address_of_another_chain_or_purpose_is_not_given() -> None:
    add_addresses(1, chain="BTC")
    [hot] = add_addresses(1, prefix="hot")
    Address.update(purpose="hot").where(Address.address == hot).execute()
    with pytest.raises(AddressPoolEmpty):
        issue("ann")


def test_an_address_that_a_stranger_paid_is_never_given() -> None:
    first, second = add_addresses(2)
    Address.update(used_at=rfc3339(NOW)).where(Address.address == first).execute()
    assert address_pool.unused_count("LTC") == 1
    assert issue("ann") == second
    with pytest.raises(AddressPoolEmpty):
        issue("bob")


def test_what_a_restored_wallet_hands_out_again_is_not_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    node = FakeChain()
    refill(node, 3)
    mine = issue("ann")
    node.restore_backup()
    assert refill(node, 5) == 0  # three are known: the pool's two and the client's
    assert "restored" in caplog.text
    assert refill(node, 5) == 3
    assert mine not in {issue(name) for name in ("bob", "cid", "dan", "eve", "fay")}
    assert Address.select().count() == 6


def test_an_engine_without_its_lease_adds_nothing() -> None:
    def refuse() -> None:
        raise LeaseLost("another engine follows LTC now")

    with pytest.raises(LeaseLost):
        address_pool.refill("LTC", FakeChain(), target=5, now=NOW, guard=refuse)
    assert Address.select().count() == 0


def test_fifty_clients_at_once_get_fifty_addresses() -> None:
    add_addresses(50)
    outcomes = at_once(50, lambda number: issue(f"c{number}"))
    assert not [each for each in outcomes if isinstance(each, Exception)]
    assert len({str(each) for each in outcomes}) == 50
    assert Address.select().where(Address.client.is_null()).count() == 0


def test_more_clients_than_addresses_share_none() -> None:
    add_addresses(5)
    outcomes = at_once(12, lambda number: issue(f"c{number}"))
    given = [each for each in outcomes if isinstance(each, str)]
    assert len(set(given)) == len(given) == 5
    assert sum(isinstance(each, AddressPoolEmpty) for each in outcomes) == 7
