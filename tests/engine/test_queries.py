"""Reading: whose, which page, found by what, and how much."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.models import Address, History
from engine import moving, queries
from engine.config import Config
from engine.errors import PaymentNotFound
from engine.ledger import NewEntry, shift
from engine.moving import Wanted
from tests.engine.house import add_addresses, add_deposit, house, new_batch, post_alone

HOSTILE = ["", " ", "\x00", "a\x00b", "\ud800", "%", "_" * 32, "'; --", "x" * 100_000, "\u202e"]


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path)


def ids(page: queries.Page) -> list[str]:
    return [view.id for view in page.items]


def test_a_payment_is_found_by_its_id_and_only_for_its_client(config: Config) -> None:
    payment = add_deposit(config, "ann")
    assert queries.find_payment(config, payment.id).client == "ann"
    assert queries.find_payment(config, payment.id, client="ann").id == payment.id
    nobodys = add_deposit(config, None, state="held", units=1)
    for name, client in ((payment.id, "bob"), ("ff" * 16, None), (nobodys.id, "ann")):
        with pytest.raises(PaymentNotFound):
            queries.find_payment(config, name, client=client)


def test_no_text_is_an_id_but_an_id(config: Config) -> None:
    payment = add_deposit(config, "ann")
    for text in [*HOSTILE, payment.id.upper() + "x", f"{payment.id}\n", payment.id[:31]]:
        with pytest.raises(PaymentNotFound):
            queries.find_payment(config, text)


def test_pages_hold_every_payment_once_newest_first(config: Config) -> None:
    made = [add_deposit(config, f"c{number}").id for number in range(7)]
    for limit in (1, 2, 3, 6, 7, 50):
        found: list[str] = []
        after: str | None = None
        while True:
            page = queries.list_payments(config, after=after, limit=limit)
            assert 0 < len(page.items) <= limit
            found += ids(page)
            after = page.next
            if after is None:
                break
        assert found == list(reversed(made))


def test_rows_that_come_while_one_pages_move_nothing(config: Config) -> None:
    made = [add_deposit(config, f"c{number}") for number in range(6)]
    first = queries.list_payments(config, limit=2)
    late = [add_deposit(config, f"late{number}").id for number in range(3)]
    with new_batch(config) as batch:  # a move does not change its place either
        batch.move(made[0], "see", evidence={}, units=1)
    second = queries.list_payments(config, after=first.next, limit=2)
    third = queries.list_payments(config, after=second.next, limit=50)
    paged = ids(first) + ids(second) + ids(third)
    assert paged == [payment.id for payment in reversed(made)]
    assert third.next is None
    assert ids(queries.list_payments(config, limit=3)) == list(reversed(late))


def test_a_page_is_bounded(config: Config) -> None:
    with new_batch(config) as batch:
        for number in range(queries.PAGE_MAX + 5):
            batch.open(
                kind="deposit", client=f"c{number}", currency="LTC", chain="LTC", evidence={}
            )
    assert len(queries.list_payments(config, limit=10**9).items) == queries.PAGE_MAX
    assert len(queries.list_payments(config, limit=-5).items) == 1
    assert len(queries.list_payments(config).items) == 50


@pytest.mark.parametrize(
    "cursor", ["", "x", "-1", "1.0", "1e3", " 1", "٣", "9" * 19, "\x00", "1\n"]
)
def test_a_cursor_is_one_that_the_list_gave(cursor: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cursor"):
        queries.list_payments(house(tmp_path), after=cursor)


def test_filters_narrow_and_combine(config: Config) -> None:
    ann = add_deposit(config, "ann", state="pending", units=1)
    add_deposit(config, "ann", state="credited", units=1)
    add_deposit(config, "bob", state="pending", units=1)
    assert ids(queries.list_payments(config, client="ann", state="pending")) == [ann.id]
    assert len(queries.list_payments(config, client="ann").items) == 2
    assert len(queries.list_payments(config, state="pending").items) == 2
    assert len(queries.list_payments(config, currency="LTC").items) == 3
    assert not queries.list_payments(config, currency="BTC").items
    assert not queries.list_payments(config, client="nobody").items


def test_a_payment_is_found_by_id_client_address_and_txid(config: Config) -> None:
    [address] = add_addresses(1)
    txid = "ab" * 32
    payment = add_deposit(config, "ann", state="pending", units=1, address=address)
    with new_batch(config) as batch:
        batch.touch(payment, txid=txid, idx="vout:0")
    add_deposit(config, "bob")
    for text in (
        payment.id,
        payment.id[:6],
        "ann",
        address,
        txid,
        txid[:6],
        payment.id[:6].upper(),
    ):
        assert ids(queries.list_payments(config, find=text)) == [payment.id], text
    for text in (payment.id[:5], txid[:5], address[:8], "an", "zzzzzz", txid[1:9] + "x"):
        assert not queries.list_payments(config, find=text).items, text


def test_an_evm_address_is_found_in_whatever_case_an_explorer_shows_it(config: Config) -> None:
    address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    payment = add_deposit(config, "ann", state="pending", units=1, address=address)
    for text in (address, address.lower(), f"0x{address[2:].upper()}"):
        assert ids(queries.list_payments(config, find=text)) == [payment.id], text
        assert [row.view.id for row in moving.page(config, Wanted(find=text))] == [payment.id]


def test_a_client_is_found_by_what_came_to_its_address(config: Config) -> None:
    [address] = add_addresses(1)
    Address.update(client="ann", issued_at="t").execute()
    payment = add_deposit(config, None, state="held", units=1, address=address)
    assert ids(queries.list_payments(config, find="ann")) == [payment.id]


def test_whatever_is_searched_for_finds_only_what_it_names(config: Config) -> None:
    add_deposit(config, "ann")
    for text in [*HOSTILE, "%%%%%%", "______", "ann%"]:
        assert not queries.list_payments(config, find=text).items, repr(text)[:40]


def test_open_payments_are_those_not_at_an_end(config: Config) -> None:
    opened = [
        add_deposit(config, "ann", state=state, units=1).id
        for state in ("requested", "pending", "confirmed", "held")
    ]
    for state in ("credited", "refused", "vanished", "reversed", "expired"):
        add_deposit(config, "bob", state=state, units=1)
    add_deposit(config, "bob", state="pending", units=1)
    found = queries.open_payments(config, "ann")
    assert [view.id for view in found] == list(reversed(opened))


def test_balances_follow_credit_and_reversal(config: Config) -> None:
    def figures() -> tuple[int, int, int]:
        [balance] = queries.balances(config, "ann")
        return balance.available, balance.pending, balance.in_transit

    assert figures() == (0, 0, 0)
    add_deposit(config, "ann")
    add_deposit(config, "ann", state="pending", units=3)
    add_deposit(config, "ann", state="confirmed", units=2**70)
    add_deposit(config, "ann", state="held", units=100)
    add_deposit(config, "bob", state="pending", units=100)
    assert figures() == (0, 3 + 2**70, 0)
    credit = shift("credit", "LTC", 2**70, to="wallet:deposits", out_of="client:ann")
    post_alone(credit)
    assert figures()[0] == 2**70
    lines = shift("reverse", "LTC", 2**70 + 1, to="client:ann", out_of="house").lines
    post_alone(NewEntry("reverse", lines, overdraw=True))
    assert figures()[0] == -1


def test_moves_are_read_in_order_from_any_number(config: Config) -> None:
    assert queries.last_seq() == 0
    payment = add_deposit(config, "ann", state="credited", units=1)
    other = add_deposit(config, None)
    assert queries.last_seq() == 5
    moves = queries.moved_since(0)
    assert moves == [(seq, "ann", payment.id) for seq in (1, 2, 3, 4)] + [(5, None, other.id)]
    assert queries.moved_since(2, limit=1) == moves[2:3]
    assert queries.moved_since(5) == []


def test_rows_that_were_read_elsewhere_get_the_same_views(config: Config) -> None:
    payment = add_deposit(config, "ann", state="pending", units=7)
    assert queries.views(config, [payment]) == (queries.find_payment(config, payment.id),)
    assert queries.views(config, []) == ()
    assert queries.tips(config) == {}


def test_a_coin_is_seen_when_its_deposit_moved_not_when_it_was_asked_for(config: Config) -> None:
    waiting = add_deposit(config, "ann")
    seen = add_deposit(config, "bob", state="credited", units=1)
    (moved,) = History.select().where((History.payment == seen.id) & (History.event == "see"))
    assert queries.seen_at([waiting.id, seen.id]) == {seen.id: moved.at}
    assert queries.seen_at([]) == {}
