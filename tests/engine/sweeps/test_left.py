"""Addresses that are left alone are named once, and looked at again."""

from __future__ import annotations

import pytest

from db.models import Parked
from engine.sweeps.left import AGAIN_AFTER, LeftAlone
from tests.engine.house import NOW

pytestmark = pytest.mark.usefixtures("database")


def test_an_address_is_left_alone_for_an_hour_and_named() -> None:
    left = LeftAlone("ETH", guard=lambda: None)
    left.name("USDT", "0xa", "there is code", NOW)
    assert ("USDT", "0xa") in left
    assert ("ETH", "0xa") not in left
    (row,) = Parked.select()
    assert (row.chain, row.key) == ("ETH", "sweep of USDT from 0xa")
    assert row.reason == "there is code; its USDT are not swept"
    left.look(NOW + AGAIN_AFTER / 2)
    assert ("USDT", "0xa") in left
    left.look(NOW + AGAIN_AFTER)
    assert ("USDT", "0xa") not in left
    left.clear("USDT", "0xa")
    assert Parked.select().count() == 0
