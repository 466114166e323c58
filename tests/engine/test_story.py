"""A payment's story: everything about it, read without changing anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.attempts import Attempt, AttemptOutput
from engine.config import Config
from engine.errors import PaymentNotFound
from engine.story import attempts_of, story_of
from tests.engine.house import add_client, add_deposit, house
from tests.web.till import Till

AT = "2026-10-30T12:00:00.000000Z"


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:  # noqa: ARG001  # opened for this thread
    config = house(tmp_path)
    Till(config)
    add_client("ann")
    return config


def test_a_held_deposit_waits_for_staff(config: Config) -> None:
    payment = add_deposit(config, "ann", state="held", units=5)
    story = story_of(config, payment.id, role="approver")
    assert (story.owner, story.waits) == ("staff", "an approval")
    assert [move.event for move in story.history] == ["request", "see", "confirm", "hold"]
    assert "approve" in {offer.act for offer in story.offers}
    assert story_of(config, payment.id).offers == ()


def test_the_chain_txs_of_a_payment_are_told(config: Config) -> None:
    payment = add_deposit(config, "ann", state="credited", units=150_000_000)
    other = add_deposit(config, "ann", units=5)
    for number in (1, 2):
        Attempt.create(
            id=f"{number:032x}",
            family=f"{1:032x}",
            number=number,
            chain="LTC",
            currency="LTC",
            txid=f"{number:064x}",
            signed="00",
            state="sent",
            fee_units=1000,
            size=200,
            created_at=AT,
            updated_at=AT,
        )
        for line, paid in enumerate((payment.id, other.id, None)):
            AttemptOutput.create(
                attempt=f"{number:032x}", line=line, address="a", units=150_000_000, payment=paid
            )
    attempts = story_of(config, payment.id).attempts
    assert [(a.number, a.paid, a.fee, a.others) for a in attempts] == [
        (1, "1.50000000", "0.00001000", 1),
        (2, "1.50000000", "0.00001000", 1),
    ]


def test_a_chain_tx_by_number_costs_the_chains_coin(config: Config) -> None:
    """LTC here as a token of the chain LTC would be: its fee is in the chain's coin."""
    payment = add_deposit(config, "ann", state="credited", units=150_000_000)
    Attempt.create(
        id="1" * 32,
        family="1" * 32,
        number=1,
        chain="LTC",
        currency="TOKEN",
        txid="2" * 64,
        signed="00",
        state="sent",
        fee_units=1000,
        size=52_000,
        created_at=AT,
        updated_at=AT,
        address="0xHot",
        nonce=7,
    )
    AttemptOutput.create(attempt="1" * 32, line=0, address="a", units=5, payment=payment.id)
    (waiting,) = attempts_of(config, story_of(config, payment.id).view)
    assert (waiting.fee, waiting.fee_currency, waiting.at_most) == ("0.00001000", "LTC", True)
    assert (waiting.source, waiting.nonce, waiting.gas) == ("0xHot", 7, 52_000)
    Attempt.update(paid_units=400, block_height=9, block_hash="0x09").execute()
    (mined,) = attempts_of(config, story_of(config, payment.id).view)
    assert (mined.fee, mined.at_most, mined.block_height) == ("0.00000400", False, 9)
    assert mined.as_json()["nonce"] == 7


def test_a_refund_and_its_deposit_name_each_other(config: Config) -> None:
    deposit = add_deposit(config, "ann", state="held", units=5)
    type(deposit).update(state="refunded").where(type(deposit).id == deposit.id).execute()
    back = add_deposit(config, "ann", units=5, refund_of=deposit.id)
    assert story_of(config, deposit.id).refunded_by == back.id
    assert story_of(config, back.id).refund_of == deposit.id


def test_there_is_no_story_of_nothing(config: Config) -> None:
    with pytest.raises(PaymentNotFound):
        story_of(config, "0" * 32)
