"""Every chain keeps to engine.chain: one suite over the fake, a real litecoind, a real anvil and
the embedded chain.

A chain of another family is one harness and one line in CHAINS, or in READ where its node keeps no
wallet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.chain import Arrival, Fact, Standing
from engine.errors import UnknownCursor
from tests.nodes.anvil_hands import AnvilHands
from tests.nodes.currencies import currency_of
from tests.nodes.harness import Ability, FakeHarness, Hands, Harness, LitecoindHarness

NOBODY = "00" * 32


def _fake(_request: pytest.FixtureRequest) -> Harness:
    return FakeHarness()


def _litecoind(request: pytest.FixtureRequest) -> Harness:
    node = request.getfixturevalue("litecoind")
    return LitecoindHarness(node, currency_of(request.getfixturevalue("tmp_path"), "LTC"))


def _anvil(request: pytest.FixtureRequest) -> Hands:
    return AnvilHands.open(request.getfixturevalue("anvil"), request.getfixturevalue("tmp_path"))


def _embedded(request: pytest.FixtureRequest) -> Hands:
    return AnvilHands.open(request.getfixturevalue("embedded"), request.getfixturevalue("tmp_path"))


CHAINS = {
    "fake": (_fake, FakeHarness.abilities),
    "litecoind": (_litecoind, LitecoindHarness.abilities),
}
READ = {
    "anvil": (_anvil, AnvilHands.abilities | {Ability.PAY_MANY}),
    # It has no traces: what a contract pays shows in balances only.
    "embedded": (_embedded, AnvilHands.abilities),
}
NEED_NO_NODE = {"fake", "embedded"}
LACKING = {
    "fake": set(),
    "litecoind": {Ability.DROP, Ability.LAG, Ability.RESTORE},
    "anvil": set(Ability) - {Ability.PAY, Ability.PAY_MANY, Ability.REORG, Ability.DROP},
    "embedded": set(Ability) - {Ability.PAY, Ability.REORG, Ability.DROP},
}


def on_chains_with(*needed: Ability) -> pytest.MarkDecorator:
    """Run the test on every chain whose node keeps a wallet and that can do all of `needed`."""
    return _on([name for name, (_, able) in CHAINS.items() if able >= set(needed)])


def on_all_with(*needed: Ability) -> pytest.MarkDecorator:
    """Run the test on every chain that can do all of `needed`."""
    wallets = [name for name, (_, able) in CHAINS.items() if able >= set(needed)]
    return _on([*wallets, *(name for name, (_, able) in READ.items() if able >= set(needed))])


def _on(names: list[str]) -> pytest.MarkDecorator:
    marked = [
        pytest.param(name, marks=() if name in NEED_NO_NODE else pytest.mark.node) for name in names
    ]
    return pytest.mark.parametrize("on", marked, indirect=True)


@pytest.fixture
def on(request: pytest.FixtureRequest) -> Iterator[Hands]:
    makers: dict[str, Callable[[pytest.FixtureRequest], Hands]] = {
        name: make for name, (make, _) in CHAINS.items()
    }
    makers |= {name: make for name, (make, _) in READ.items()}
    hands = makers[request.param](request)
    yield hands
    hands.chain.close()


def _address(on: Hands) -> str:
    return on.address()


def _fact(on: Hands, txid: str) -> Fact:
    return on.chain.facts([txid])[txid]


def _arrivals(on: Hands, cursor: str | None, *txids: str) -> list[Arrival]:
    return [each for each in on.chain.scan(cursor).arrivals if each.txid in txids]


def test_what_each_chain_cannot_be_made_to_do_is_known() -> None:
    abilities = {name: able for name, (_, able) in (*CHAINS.items(), *READ.items())}
    lacking = {name: set(Ability) - able for name, able in abilities.items()}
    assert lacking == LACKING


@on_chains_with(Ability.PAY)
def test_a_payment_is_an_arrival_in_no_block_and_then_in_one(on: Harness) -> None:
    cursor, address = on.tip(), _address(on)
    txid = on.pay(address, 150_000_000)
    (seen,) = _arrivals(on, cursor, txid)
    assert (seen.address, seen.units, seen.block) == (address, 150_000_000, None)
    assert (seen.currency, seen.generated, seen.own) == ("LTC", False, False)
    assert seen.index.startswith("vout:")
    block_hash = on.mine()[0]
    (mined,) = _arrivals(on, cursor, txid)
    assert mined.block is not None
    assert (mined.block.height, mined.block.hash) == (on.height(), block_hash)
    assert mined.index == seen.index


@on_all_with(Ability.PAY)
def test_a_mined_payment_is_an_arrival_in_its_block(on: Hands) -> None:
    cursor, address = on.tip(), _address(on)
    txid = on.pay(address, 150_000_000)
    block_hash = on.mine()[0]
    (mined,) = _arrivals(on, cursor, txid)
    assert mined.block is not None
    assert (mined.block.height, mined.block.hash) == (on.height(), block_hash)
    assert (mined.address, mined.units, mined.currency) == (address, 150_000_000, on.symbol)
    assert (mined.generated, mined.own, mined.doubt) == (False, False, "")


@on_chains_with(Ability.PAY)
def test_the_list_is_pinned_to_the_tip_and_starts_after_the_cursor(on: Harness) -> None:
    old = on.pay(_address(on), 100_000_000)
    cursor = on.mine()[0]
    new = on.pay(_address(on), 100_000_000)
    scan = on.chain.scan(cursor)
    assert scan.tip_hash == cursor
    assert {arrival.txid for arrival in scan.arrivals} >= {new}
    assert _arrivals(on, cursor, old) == []
    assert _arrivals(on, None, old) != []


@on_chains_with(Ability.PAY)
def test_what_is_outside_of_a_block_is_named(on: Harness) -> None:
    txid = on.pay(_address(on), 100_000_000)
    assert txid in on.chain.scan(on.tip()).unconfirmed
    on.mine()
    assert txid not in on.chain.scan(None).unconfirmed


@on_all_with(Ability.PAY_MANY)
def test_one_chain_tx_that_pays_three_of_us_is_three_arrivals(on: Hands) -> None:
    cursor = on.tip()
    paid = {_address(on): units for units in (100_000_000, 200_000_000, 300_000_000)}
    txid = on.pay_many({**paid, on.stranger(): 400_000_000})
    on.mine()
    found = _arrivals(on, cursor, txid)
    sums = dict.fromkeys(paid, 0)
    for arrival in found:
        sums[arrival.address] += arrival.units
    assert sums == paid
    assert len({arrival.index for arrival in found}) == len(found) >= len(paid)


@on_all_with(Ability.PAY)
def test_two_payments_to_one_address_are_two_arrivals(on: Hands) -> None:
    cursor, address = on.tip(), _address(on)
    txids = {on.pay(address, 100_000_000), on.pay(address, 100_000_000)}
    on.mine()
    assert {each.txid for each in _arrivals(on, cursor, *txids)} == txids


@on_all_with(Ability.PAY)
def test_a_chain_tx_stands_in_the_mempool_then_in_its_block(on: Hands) -> None:
    txid = on.pay(_address(on), 100_000_000)
    assert _fact(on, txid) == Fact(txid, Standing.MEMPOOL)
    assert on.chain.in_mempool([txid, NOBODY]) == {txid}
    block_hash = on.mine()[0]
    fact = _fact(on, txid)
    assert fact.standing is Standing.MINED
    assert fact.block is not None
    assert (fact.block.height, fact.block.hash) == (on.height(), block_hash)
    assert on.chain.in_mempool([txid]) == frozenset()


@on_all_with(Ability.PAY)
def test_an_unknown_chain_tx_is_absent(on: Hands) -> None:
    assert _fact(on, NOBODY) == Fact(NOBODY, Standing.ABSENT)


@on_all_with(Ability.PAY)
def test_a_block_knows_its_parent_and_its_times(on: Hands) -> None:
    parent, tip = on.mine(2)
    block = on.chain.block(tip)
    assert block is not None
    assert (block.height, block.hash, block.parent) == (on.height(), tip, parent)
    assert 0 < block.median_time <= block.time


@on_all_with(Ability.PAY)
def test_an_unknown_block_is_none_and_an_unknown_cursor_an_error(on: Hands) -> None:
    assert on.chain.block(NOBODY) is None
    with pytest.raises(UnknownCursor):
        on.chain.scan(NOBODY)


@on_all_with(Ability.PAY)
def test_the_first_block_names_the_chain(on: Hands) -> None:
    genesis = on.chain.identity().genesis
    block = on.chain.block(genesis)
    assert block is not None
    assert (block.height, block.parent.removeprefix("0x")) == (0, "0" * 64)


@on_all_with(Ability.PAY)
def test_fresh_addresses_differ_in_form_and_script(on: Hands) -> None:
    made = on.chain.new_addresses(5)
    assert len({new.address for new in made}) == len({new.script for new in made}) == 5


@on_chains_with(Ability.BUMP)
def test_a_bumped_payment_is_shown_in_both_versions_until_one_is_mined(on: Harness) -> None:
    cursor, address = on.tip(), _address(on)
    first = on.pay(address, 300_000_000)
    second = on.bump(first)
    assert len(_arrivals(on, cursor, first, second)) == 2
    assert on.chain.scan(cursor).contested >= {first, second}
    assert _fact(on, first) == Fact(first, Standing.ABSENT, conflicts=(second,))
    assert _fact(on, second).standing is Standing.MEMPOOL
    on.mine(2)
    assert [each.txid for each in _arrivals(on, cursor, first, second)] == [second]
    assert not on.chain.scan(cursor).contested & {first, second}
    gone = Fact(first, Standing.GONE, conflict_depth=2, conflicts=(second,))
    assert _fact(on, first) == gone
    assert _fact(on, second).conflicts == (first,)


@on_chains_with(Ability.BUMP)
def test_a_replacement_that_pays_us_nothing_leaves_the_first_to_be_asked_by_id(
    on: Harness,
) -> None:
    cursor = on.tip()
    first = on.pay(_address(on), 300_000_000)
    second = on.replace(first, on.stranger(), 100_000_000)
    assert _fact(on, first).standing is Standing.ABSENT
    on.mine()
    assert _arrivals(on, cursor, first, second) == []
    fact = _fact(on, first)
    assert (fact.standing, fact.conflict_depth) == (Standing.GONE, 1)


@on_chains_with(Ability.REORG)
def test_a_payment_whose_block_left_the_chain_is_in_the_mempool_again(on: Harness) -> None:
    txid = on.pay(_address(on), 100_000_000)
    block_hash = on.mine(2)[0]
    on.reorg(2)
    (arrival,) = _arrivals(on, block_hash, txid)
    assert arrival.block is None


@on_all_with(Ability.REORG)
def test_a_block_that_left_the_chain_is_none_and_what_it_held_can_be_mined_again(
    on: Hands,
) -> None:
    txid = on.pay(_address(on), 100_000_000)
    block_hash = on.mine(2)[0]
    on.reorg(2)
    assert on.chain.block(block_hash) is None
    assert _fact(on, txid).standing is Standing.MEMPOOL
    again = on.mine()[0]
    fact = _fact(on, txid)
    assert fact.standing is Standing.MINED
    assert fact.block is not None
    assert fact.block.hash == again


@on_chains_with(Ability.REORG)
def test_a_cursor_on_a_dead_branch_lists_all_since_the_fork(on: Harness) -> None:
    txid = on.pay(_address(on), 100_000_000)
    dead = on.mine(3)[-1]
    on.reorg(3)
    again = on.mine()[0]
    (arrival,) = _arrivals(on, dead, txid)
    assert arrival.block is not None
    assert arrival.block.hash == again


@on_chains_with(Ability.REORG, Ability.DOUBLE_SPEND)
def test_a_double_spend_in_a_reorg_proves_the_payment_gone(on: Harness) -> None:
    txid = on.pay(_address(on), 100_000_000)
    cheat = on.double_spend(txid)
    dead = on.mine(2)[-1]
    on.reorg(2, first=[cheat])
    fact = _fact(on, txid)
    assert (fact.standing, fact.conflict_depth, fact.block) == (Standing.GONE, 3, None)
    assert _arrivals(on, dead, txid) == []
    assert txid not in on.chain.scan(dead).unconfirmed


@on_chains_with(Ability.REORG)
def test_one_block_in_place_of_another_is_seen_at_the_same_height(on: Harness) -> None:
    txid = on.pay(_address(on), 100_000_000)
    old = on.mine()[0]
    height = on.height()
    on.reorg(1)
    scan = on.chain.scan(old)
    assert scan.tip_hash != old
    assert txid in scan.unconfirmed
    assert on.height() == height + 1


@on_chains_with(Ability.COINBASE, Ability.REORG)
def test_a_reward_is_generated_and_gone_when_its_block_is(on: Harness) -> None:
    cursor = on.tip()
    txid = on.coinbase(_address(on))
    (arrival,) = _arrivals(on, cursor, txid)
    assert arrival.generated
    assert arrival.block is not None
    on.reorg(1)
    assert _arrivals(on, cursor, txid) == []
    assert txid not in on.chain.scan(cursor).unconfirmed
    fact = _fact(on, txid)
    assert (fact.standing, fact.conflict_depth) == (Standing.GONE, 2)


@on_chains_with(Ability.OWN_SEND)
def test_our_own_chain_tx_to_an_address_of_ours_is_marked(on: Harness) -> None:
    address = _address(on)
    txid = on.pay_ourselves(address, 100_000_000)
    own = [each for each in _arrivals(on, on.tip(), txid) if each.address == address]
    assert [each.own for each in own] == [True]


@on_chains_with(Ability.DROP)
def test_what_the_mempool_forgot_is_still_listed(on: Harness) -> None:
    txid = on.pay(_address(on), 100_000_000)
    on.drop(txid)
    assert txid in on.chain.scan(on.tip()).unconfirmed


@on_all_with(Ability.DROP)
def test_what_the_mempool_forgot_is_absent_but_not_gone(on: Hands) -> None:
    txid = on.pay(_address(on), 100_000_000)
    on.drop(txid)
    assert _fact(on, txid) == Fact(txid, Standing.ABSENT)


@on_chains_with(Ability.RESTORE)
def test_a_restored_wallet_gives_old_addresses_again(on: Harness) -> None:
    before = on.chain.new_addresses(2)
    on.restore_wallet()
    assert on.chain.new_addresses(2) == before


@on_all_with(Ability.PAY)
def test_calls_are_counted_and_an_idle_round_is_one(on: Hands) -> None:
    on.chain.scan(on.tip())
    before = on.chain.calls()
    on.chain.scan(on.tip())
    assert on.chain.calls() == before + 1


@on_all_with(Ability.PAY)
def test_a_closed_chain_answers_again(on: Hands) -> None:
    on.chain.close()
    assert on.chain.scan(None).tip_hash == on.tip()
