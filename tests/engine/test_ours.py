"""What is ours, as families without a wallet at their node ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.models import Address
from engine.clock import rfc3339
from engine.ours import WHOLE_EVERY_S, NothingYet, StoredOurs
from tests.engine.house import NOW, add_addresses, add_deposit, house, new_batch

pytestmark = pytest.mark.usefixtures("database")


def test_addresses_are_known_by_their_lower_case_form_and_grow() -> None:
    ours = StoredOurs("ETH")
    add_addresses(2, chain="ETH", prefix="0xAb")
    add_addresses(1, chain="LTC")
    assert ours.addresses() == {"0xab000000": "0xAb000000", "0xab000001": "0xAb000001"}
    add_addresses(1, chain="ETH", prefix="0xCd")
    assert set(ours.addresses()) == {"0xab000000", "0xab000001", "0xcd000000"}


def test_addresses_of_other_hands_are_found_by_the_whole_look() -> None:
    ours = StoredOurs("ETH")
    add_addresses(2, chain="ETH", prefix="0xAb")
    ours.addresses()
    Address.update(address="0xEe").where(Address.address == "0xAb000000").execute()
    assert "0xee" not in ours.addresses()
    assert ours._whole_at is not None
    ours._whole_at -= 2 * WHOLE_EVERY_S
    assert "0xee" in ours.addresses()


def test_the_newest_path_is_that_of_the_address_made_last() -> None:
    ours = StoredOurs("ETH")
    assert ours.newest_path("m/0/") is None
    for number, path in enumerate(("m/0/9", "m/0/10", "m/1/0")):
        Address.create(
            chain="ETH",
            address=f"0x{number}",
            script=path,
            purpose="deposit",
            created_at=rfc3339(NOW),
            created_height=0,
        )
    assert ours.newest_path("m/0/") == "m/0/10"
    assert (ours.path_of("0x2"), ours.path_of("0x3")) == ("m/1/0", None)


def test_a_coin_is_told_with_what_its_first_sight_proved(tmp_path: Path) -> None:
    config = house(tmp_path)
    sight: dict[str, Any] = {
        "txid": "aa",
        "idx": "tx",
        "units": 5,
        "block_hash": "0b",
        "block_height": 7,
    }
    with new_batch(config) as batch:
        payment = batch.open(
            kind="deposit", client="ann", currency="LTC", chain="LTC", address="x", evidence={}
        )
        seen = {"sender": "0xfe", "nonce": 3, "block_height": 7}
        batch.move(payment, "see", evidence=seen, **sight)
    add_deposit(config, state="pending", units=1, txid="bb", idx="tx")
    (coin,) = StoredOurs("LTC").coins(["aa", "cc"])
    assert (coin.txid, coin.index, coin.units, coin.block_hash) == ("aa", "tx", 5, "0b")
    assert (coin.sender, coin.nonce, coin.height) == ("0xfe", 3, 7)
    (plain,) = StoredOurs("LTC").coins(["bb"])
    assert (plain.sender, plain.nonce, plain.height) == (None, None, None)
    assert StoredOurs("ETH").coins(["aa"]) == []


def test_before_there_is_a_database_nothing_is_ours() -> None:
    nothing = NothingYet()
    assert (nothing.addresses(), nothing.coins(["aa"])) == ({}, [])
    assert (nothing.newest_path("m/"), nothing.path_of("0x0")) == (None, None)
