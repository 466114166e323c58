"""Following: block after block, in bounded batches, through restarts, with honest words."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from engine import chains
from engine.errors import NodeDown, OffChain
from engine.families.evm import chain as chain_module
from engine.families.evm.blocks import AT_ONCE
from engine.queries import currencies
from engine.withdrawals.quote import quote
from tests.engine.families.evm.conftest import OpenHouse
from tests.engine.families.evm.life import ETHER
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import AnvilHands
from tests.nodes.contracts import deploy
from tests.nodes.proxy import Proxy, cut_at

pytestmark = pytest.mark.node


def test_a_round_without_news_is_one_request(open_house: OpenHouse) -> None:
    house = open_house()
    house.settle()
    before = house.on.chain.calls()
    house.step()
    assert house.on.chain.calls() == before + 1


def test_a_long_absence_is_caught_up_in_bounded_steps_and_no_block_is_skipped(
    open_house: OpenHouse, anvil: Anvil, caplog: pytest.LogCaptureFixture
) -> None:
    house = open_house()
    address = house.address("ann")
    first = anvil.height()
    for _ in range(5):
        anvil.pay(address, ETHER)
        anvil.mine(chain_module.BLOCKS_MAX // 2)
    with caplog.at_level(logging.INFO, logger="engine.follower"):
        done = house.step()
    assert (done.busy, done.tip_height) == (True, first + chain_module.BLOCKS_MAX)
    assert f"followed to block {first + chain_module.BLOCKS_MAX} of" in caplog.text
    assert chains.state("ETH").node_height == anvil.height()
    house.settle()
    assert (len(house.deposits("ann")), house.owed("ann")) == (5, 5 * ETHER)


def test_full_blocks_end_a_round_early_and_the_next_one_goes_on(
    open_house: OpenHouse, anvil: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_module, "ROWS_MAX", AT_ONCE // 2)
    house = open_house()
    address, first = house.address("ann"), anvil.height()
    for _ in range(AT_ONCE + 3):
        anvil.pay(address, ETHER)
        anvil.mine()
    done = house.step()
    assert (done.busy, done.tip_height) == (True, first + AT_ONCE)
    house.mine(2)
    assert house.owed("ann") == (AT_ONCE + 3) * ETHER


def test_blocks_with_deposits_take_no_request_each(open_house: OpenHouse, anvil: Anvil) -> None:
    token = deploy(anvil, "Good")
    house = open_house(tokens={"USDT": token}, confirmations=20)
    address, made = house.address("ann"), []
    for blocks in (2, 8):
        for _ in range(blocks):
            anvil.pay(address, ETHER)
            token.send("transfer", address, 1)
            anvil.mine()
        before = house.on.chain.calls()
        house.follower.step(house.now)
        made.append(house.on.chain.calls() - before)
    assert len(house.deposits("ann")) == 20
    assert made[0] == made[1]


def test_another_process_goes_on_where_the_last_one_stopped(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house()
    anvil.pay(house.address("ann"), ETHER)
    house.mine()
    anvil.mine(2)
    house.restart()
    house.settle()
    assert house.owed("ann") == ETHER


def test_a_process_that_was_away_during_a_reorg_finds_the_fork_by_its_own_blocks(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house()
    anvil.pay(house.address("ann"), ETHER)
    for _ in range(2):
        house.mine()
    anvil.reorg(2)
    house.restart()
    house.settle()
    house.mine(3)
    assert (house.deposit().state, house.owed("ann")) == ("credited", ETHER)


def test_a_block_of_a_dead_branch_is_off_the_chain(anvil: Anvil, tmp_path: Path) -> None:
    hands = AnvilHands.open(anvil, tmp_path)
    anvil.pay(anvil.stranger(), ETHER)  # so that the other branch is another one
    dead = anvil.mine(2)[-1]
    hands.chain.scan(dead)
    anvil.reorg(2)
    with pytest.raises(OffChain):
        hands.chain.scan(dead)
    hands.chain.close()


def test_other_keys_than_those_of_the_stored_addresses_stop_the_chain(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house()
    anvil.pay(house.address("ann"), ETHER)
    house.lease.release()
    other = open_house()  # the same database with other words
    other.mine()
    assert other.is_paused("another wallet", "keys")
    assert other.deposits() == []


def test_what_the_node_calls_final_decides_where_it_is_asked_to(
    open_house: OpenHouse, own_anvil: Anvil
) -> None:
    house = open_house(on=own_anvil, confirmations="finalized", finality="finalized")
    own_anvil.mine(100)
    own_anvil.pay(house.address("ann"), ETHER)
    house.mine()
    placed = own_anvil.height()
    house.mine(63)
    assert own_anvil.block("finalized")["number"] == hex(placed - 1)
    assert (house.deposit().state, house.deposit().final) == ("pending", False)
    house.mine()
    assert own_anvil.block("finalized")["number"] == hex(placed)
    assert (house.deposit().state, house.deposit().final) == ("credited", True)


def test_answers_of_two_branches_are_not_mixed(open_house: OpenHouse, anvil: Anvil) -> None:
    """Case 59."""
    house = open_house(tokens={"USDT": deploy(anvil, "Good")})
    anvil.pay(house.address("ann"), ETHER)
    anvil.mine()
    real = house.on.chain._node.batch  # type: ignore[attr-defined]  # one call goes to another node

    def mixed(calls: list[tuple[str, tuple[object, ...]]]) -> list[object]:
        answers: list[object] = real(calls)
        if calls and calls[0][0] == "eth_getTransactionReceipt":
            answers[0] = {**answers[0], "blockHash": "0x" + "ab" * 32}  # type: ignore[dict-item]  # a receipt
        return answers

    house.on.chain._node.batch = mixed  # type: ignore[attr-defined]  # of another branch
    with pytest.raises(NodeDown, match="different branches"):
        house.step()
    assert house.deposits() == []
    house.on.chain._node.batch = real  # type: ignore[attr-defined]  # one node again
    house.mine(2)
    assert house.owed("ann") == ETHER


def test_a_round_that_the_node_breaks_is_done_again_whole(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    proxy = Proxy(anvil.port)
    house = open_house(node_url=f"http://127.0.0.1:{proxy.port}")
    anvil.pay(house.address("ann"), ETHER)
    anvil.mine(3)
    for _ in range(4):
        proxy.break_next(cut_at(20))
        with pytest.raises(NodeDown):
            house.step()
    assert (proxy.broken, house.deposits()) == (4, [])
    house.settle()
    assert house.owed("ann") == ETHER
    house.on.chain.close()
    proxy.close()


def test_withdrawals_are_offered_and_quoted(open_house: OpenHouse, anvil: Anvil) -> None:
    house = open_house()
    anvil.pay(house.address("ann"), ETHER)
    house.mine(3)
    wish = {"client": "ann", "currency": "ETH", "address": anvil.stranger(), "amount": "0.1"}
    quoted = quote(house.config, now=house.now, **wish)
    assert (quoted.units, quoted.address.lower()) == (ETHER // 10, anvil.stranger())
    (view,) = currencies(house.config)
    shown = view.as_json()
    assert (shown["deposits"]["state"], shown["withdrawals"]["state"]) == ("open", "open")
