"""Payments by their last move: in order, without gaps, found by what people search for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.models import Payment
from engine import moving
from engine.config import Config
from engine.moving import Wanted
from engine.queries import OPEN_STATES
from tests.engine.house import add_client, add_deposit, house, new_batch

TXID = "0f" * 32


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:  # noqa: ARG001  # opened for this thread
    config = house(tmp_path)
    for number in range(8):
        add_client(f"CR{number}")
        state = ("pending", "credited", "held", "expired")[number % 4]
        more: dict[str, Any] = {"txid": TXID, "idx": "vout:0"} if number == 2 else {}
        add_deposit(
            config, f"CR{number}", state=state, units=number, address=f"rltc1q{number}", **more
        )
    return config


def _clients(config: Config, wanted: Wanted, **more: Any) -> list[str | None]:
    return [line.view.client for line in moving.page(config, wanted, **more)]


def test_the_newest_move_is_first(config: Config) -> None:
    assert _clients(config, Wanted())[:3] == ["CR7", "CR6", "CR5"]
    payment = Payment.get(Payment.client == "CR0")
    with new_batch(config) as batch:
        batch.move(payment, "confirm", evidence={})
    assert _clients(config, Wanted())[:2] == ["CR0", "CR7"]


def test_pages_go_on_where_the_last_one_ended(config: Config) -> None:
    for wanted in (Wanted(), Wanted(states=OPEN_STATES)):
        whole = moving.page(config, wanted)
        first = moving.page(config, wanted, limit=2)
        rest = moving.page(config, wanted, below=first[-1].view.last_seq)
        assert first + rest == whole
        assert moving.page(config, wanted, skip=3) == whole[3:]
        assert moving.count(wanted) == len(whole)


@pytest.mark.parametrize(
    ("wanted", "clients"),
    [
        (Wanted(states=("held",)), ["CR6", "CR2"]),
        (Wanted(states=OPEN_STATES), ["CR6", "CR4", "CR2", "CR0"]),
        (Wanted(client="CR3"), ["CR3"]),
        (Wanted(kinds=("withdrawal",)), []),
        (Wanted(currency="LTC", states=("credited",)), ["CR5", "CR1"]),
        (Wanted(currency="BTC"), []),
        (Wanted(find="CR5"), ["CR5"]),
        (Wanted(find="rltc1q4"), ["CR4"]),
        (Wanted(find=TXID), ["CR2"]),
        (Wanted(find=TXID[:6].upper()), ["CR2"]),
        (Wanted(find="CR"), []),
        (Wanted(find="\x00"), []),
        (Wanted(find="'" * 500), []),
        (Wanted(before="2026-10-30T12:00:00.000000Z"), []),
        (Wanted(after="2026-10-30T12:00:00.000000Z", states=("expired",)), ["CR7", "CR3"]),
    ],
)
def test_what_is_wanted_is_found(config: Config, wanted: Wanted, clients: list[str]) -> None:
    assert _clients(config, wanted) == clients
    assert moving.count(wanted) == len(clients)


def test_the_beginning_of_an_id_finds_it(config: Config) -> None:
    payment = Payment.get(Payment.client == "CR5")
    assert "CR5" in _clients(config, Wanted(find=payment.id[:8]))


def test_rows_that_changed_are_read_by_id(config: Config) -> None:
    ids = [line.id for line in moving.page(config, Wanted(states=("held",)))]
    assert {line.view.client for line in moving.lines_of(config, ids)} == {"CR2", "CR6"}
    assert moving.lines_of(config, []) == ()
