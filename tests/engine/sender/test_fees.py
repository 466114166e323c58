"""What a chain tx may cost: the node's word within the caps."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.sender import fees
from engine.sender.attempts import fee_shares
from tests.nodes.currencies import currency_of
from tests.nodes.fake import FakeChain


@pytest.mark.parametrize(
    ("estimate", "floor", "expected"),
    [
        (None, 1000, (1000, True)),
        (500, 1000, (1000, True)),  # never less than what is relayed
        (2000, 1000, (2000, True)),
        (2001, 1000, (2001, False)),
        (None, 0, (1, True)),
    ],
)
def test_the_rate_is_the_estimate_and_never_below_the_floor(
    estimate: int | None, floor: int, expected: tuple[int, bool]
) -> None:
    node = FakeChain()
    node.estimate, node.floor = estimate, floor
    assert fees.rate(node) == expected


@pytest.mark.parametrize(("size", "rate", "fee"), [(200, 1000, 200), (201, 1001, 202), (1, 1, 1)])
def test_a_fee_is_rounded_up(size: int, rate: int, fee: int) -> None:
    assert fees.fee_of(size, rate) == fee


def test_a_replacement_offers_more_by_what_nodes_demand(tmp_path: Path) -> None:
    free = currency_of(tmp_path, "LTC")
    assert fees.bumped(free, 1000, 900, floor=1000) == 2000
    assert fees.bumped(free, 10_000, 900, floor=1000) == 12_500
    assert fees.bumped(free, 10_000, 50_000, floor=1000) == 50_000


def test_a_replacement_goes_as_far_as_the_cap_and_never_beyond(tmp_path: Path) -> None:
    capped = currency_of(tmp_path, "LTC", **{"withdrawal.fee_rate_max": "0.0003"})
    assert fees.bumped(capped, 10_000, 50_000, floor=1000) == 30_000
    assert fees.bumped(capped, 24_000, 50_000, floor=1000) == 30_000
    with pytest.raises(fees.FeeTooHigh):
        fees.bumped(capped, 24_001, 50_000, floor=6_000)


def test_a_rate_is_capped_to_the_unit(tmp_path: Path) -> None:
    node = FakeChain()
    node.floor, node.estimate = 1000, 30_000
    capped = currency_of(tmp_path, "LTC", **{"withdrawal.fee_rate_max": "0.0003"})
    assert fees.rate_within(capped, node) == (30_000, False)
    node.estimate = 30_001
    with pytest.raises(fees.FeeTooHigh):
        fees.rate_within(capped, node)
    assert fees.rate_within(currency_of(tmp_path, "LTC"), node) == (30_001, False)


def test_caps_are_kept_to_the_unit(tmp_path: Path) -> None:
    capped = currency_of(tmp_path, "LTC", **{"withdrawal.fee_max": "0.001"})
    fees.check(capped, 100_000, amount=1)
    with pytest.raises(fees.FeeTooHigh):
        fees.check(capped, 100_001, amount=10**12)
    shared = currency_of(tmp_path, "LTC", **{"withdrawal.fee_max_share": "0.05"})
    fees.check(shared, 50, amount=1000)
    with pytest.raises(fees.FeeTooHigh):
        fees.check(shared, 51, amount=1000)


def test_where_coins_are_worth_something_a_share_is_the_cap_by_itself(tmp_path: Path) -> None:
    main = currency_of(tmp_path, "LTC", network="main")
    fees.check(main, 50, amount=1000)
    with pytest.raises(fees.FeeTooHigh):
        fees.check(main, 51, amount=1000)
    fees.check(currency_of(tmp_path, "LTC"), 10**9, amount=1)


@pytest.mark.parametrize(
    ("fee", "amounts", "shares"),
    [(100, (1, 1), [50, 50]), (101, (1, 1), [51, 50]), (10, (1, 2, 4), [3, 2, 5])],
)
def test_shares_of_a_fee_go_by_size_and_sum_to_it(
    fee: int, amounts: tuple[int, ...], shares: list[int]
) -> None:
    found = fee_shares(fee, amounts)
    assert sum(found) == fee
    assert found == shares
