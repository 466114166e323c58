"""Whose a coin is, and whether it is credited: blocked clients, nobody, tiers, risk hooks."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from db.models import Address, Client
from engine.deposits import rules
from engine.errors import NodeError
from engine.recount import Recount
from engine.risk import RiskHook
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, events_of, rows_written
from tests.engine.deposits.worlds import (
    everywhere,
    fake_and_own_node,
    on_a_node_of_its_own,
    on_the_fake,
)
from tests.nodes.fake import FakeChain
from tests.nodes.harness import LitecoindHarness
from tests.nodes.ports import PATIENCE_S


class Desk:
    """A risk hook that answers by address, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []

    def __call__(self, question: Mapping[str, object]) -> object:
        self.asked.append(str(question["amount"]))
        return self.answers.get(str(question["amount"]), "allow")

    @property
    def hook(self) -> RiskHook:
        return RiskHook(self, timeout_s=PATIENCE_S)


@everywhere
def test_a_blocked_clients_coin_is_held_in_suspense(house: House) -> None:
    """Case 17."""
    address = house.address("ann")
    Client.update(blocked=True).where(Client.id == "ann").execute()
    house.on.pay(address, COIN)
    house.on.mine(3)
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.reason) == ("held", rules.HELD_BLOCKED)
    assert house.owed("ann") == 0


@everywhere
def test_a_coin_to_an_address_of_nobody_has_a_row_and_waits_in_suspense(house: House) -> None:
    house.refill()
    address = Address.get(Address.client.is_null())
    house.on.pay(address.address, COIN)
    house.on.mine(3)
    house.settle()
    payment = house.deposit()
    assert (payment.client, payment.state, payment.reason) == (None, "held", rules.HELD_NOBODY)
    given = {house.address(name) for name in ("ann", "bob", "cy", "dan", "eve", "fay")}
    assert address.address not in given


@on_the_fake
def test_the_coins_of_another_chain_are_not_seen(house: House) -> None:
    """Case 18: the same key exists there, and somebody pays it; our node does not follow it."""
    elsewhere = FakeChain(seed=99)
    address = house.address("ann")
    elsewhere.ours.add(address)
    elsewhere.pay(address, COIN)
    elsewhere.mine(5)
    house.on.mine(5)
    house.settle()
    assert house.deposits() == []
    # Nor when our node is exchanged for one of that chain.
    house.on.chain = elsewhere
    house.restart()
    before = rows_written()
    assert not house.step().well
    assert house.is_paused("another network")
    assert rows_written() == before


@on_the_fake
def test_a_restored_wallet_hands_out_no_address_twice(house: House, fake: FakeChain) -> None:
    """Case 34."""
    given = {name: house.address(name) for name in ("ann", "bob")}
    fake.restore_backup()
    more = {house.address(f"client{number}") for number in range(12)}
    assert len(more) == 12
    assert more.isdisjoint(given.values())


@on_a_node_of_its_own
def test_a_wallet_restored_from_a_backup_hands_out_no_address_twice(
    house: House, on: LitecoindHarness
) -> None:
    """Case 34."""
    wallet = on.node.folder / "regtest" / "wallets" / "cashier" / "wallet.dat"
    backup = on.node.folder / "backup.dat"
    on.node.cashier("backupwallet", str(backup))
    house.refill()
    before = {row.address for row in Address.select()}
    given = house.address("ann")
    house.node.close()  # a node that stops waits for open connections
    on.node.stop()
    wallet.write_bytes(backup.read_bytes())
    on.node.start()
    again = {each.address for each in house.node.new_addresses(5)}
    assert again == before, "the wallet was to hand out the same again"
    others = {house.address(name) for name in ("bob", "cy", "dan", "eve", "fay", "gus")}
    assert given not in others
    assert len(others) == 6


@on_a_node_of_its_own
def test_coins_of_an_imported_key_are_found_by_a_recount_and_held(
    house: House, on: LitecoindHarness
) -> None:
    """Case 53: they lie in blocks behind the cursor, where the follower does not look."""
    address = str(on.node.outside("getnewaddress"))
    on.pay(address, COIN)
    on.mine(5)
    house.settle()
    key = on.node.outside("dumpprivkey", address)
    on.node.cashier("importprivkey", key, "", True)
    house.step()
    assert house.deposits() == []
    found = _recount(house)
    payment = house.deposit()
    assert found == 1
    assert (payment.state, payment.reason) == ("held", rules.HELD_NOBODY)
    house.settle()


@fake_and_own_node
def test_a_recount_of_what_is_known_changes_nothing(house: House) -> None:
    """Case 53: history is never credited twice."""
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(4)
    house.on.pay(house.address("bob"), COIN)
    house.settle()
    before = rows_written()
    assert _recount(house) == 0
    assert rows_written() == before


def _recount(house: House) -> int:
    recount = Recount(house.config, house.symbol, lambda: house.node)
    return recount.run(house.lease, house.hook)


@everywhere
def test_larger_amounts_wait_for_more_confirmations(open_house: OpenHouse) -> None:
    house = open_house(confirmations=[[1, "1"], [3, "10"], [6]])
    for name, units in (("ann", COIN), ("bob", COIN + 1), ("cy", 10 * COIN + 1)):
        house.on.pay(house.address(name), units)
    credited = []
    for _ in range(6):
        house.on.mine()
        house.settle()
        credited.append({row.client for row in house.deposits() if row.state == "credited"})
    ann, both, all_three = {"ann"}, {"ann", "bob"}, {"ann", "bob", "cy"}
    assert credited == [ann, ann, both, both, both, all_three]


@on_the_fake
def test_the_risk_hook_may_hold_and_refuse(open_house: OpenHouse) -> None:
    desk = Desk({"2": {"answer": "hold", "reason": "ask the client"}, "3": "refuse"})
    house = open_house(hook=desk.hook, confirmations=1)
    for at, name in enumerate(("ann", "bob", "cy"), 1):
        house.on.pay(house.address(name), at * COIN)
    house.on.mine()
    house.settle()
    assert {row.client: row.state for row in house.deposits()} == {
        "ann": "credited",
        "bob": "held",
        "cy": "refused",
    }
    assert house.deposit("bob").reason == "ask the client"
    assert sorted(desk.asked) == ["1", "2", "3"]


@on_the_fake
def test_a_refused_coin_is_followed_like_any_other(open_house: OpenHouse, fake: FakeChain) -> None:
    desk = Desk({"1": "refuse"})
    house = open_house(hook=desk.hook, confirmations=1)
    txid = fake.pay(house.address("ann"), COIN)
    fake.mine()
    house.settle()
    assert house.states("ann") == ["refused"]
    fake.reorg(1, first=[fake.double_spend(txid)])
    house.settle()
    assert house.states("ann") == ["reversed"]
    assert desk.asked == ["1"]


@on_the_fake
def test_a_coin_that_the_risk_hook_holds_completes_no_sum(open_house: OpenHouse) -> None:
    """Otherwise its siblings would be credited because of a coin that is not."""
    desk = Desk({"0.0006": "hold"})
    house = open_house(
        hook=desk.hook, confirmations=1, deposit_minimum="0.001", below_minimum="accumulate"
    )
    address = house.address("ann")
    for units in (50_000, 60_000):
        house.on.pay(address, units)
        house.on.mine()
        house.settle()
    assert [(row.state, row.sub_state) for row in house.deposits("ann")] == [
        ("held", "accumulating"),
        ("held", ""),
    ]
    assert house.owed("ann") == 0
    house.on.pay(address, 50_000)
    house.on.mine()
    house.settle()
    assert house.states("ann") == ["credited", "held", "credited"]
    assert sorted(desk.asked) == ["0.0005", "0.0005", "0.0006"]


@on_the_fake
def test_a_hook_that_fails_holds_the_coin(open_house: OpenHouse) -> None:
    def broken(_: Mapping[str, object]) -> object:
        raise NodeError("whatever a site's code may raise")

    house = open_house(hook=RiskHook(broken, timeout_s=PATIENCE_S), confirmations=1)
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.settle()
    assert events_of(house.deposit("ann"))[-1] == "hold"


@on_the_fake
def test_a_hook_that_hangs_costs_a_round_one_time_out(open_house: OpenHouse) -> None:
    """The first coin is held; the others wait for a hook that answers, and are asked about then."""
    asked: list[object] = []
    answers = threading.Event()

    def hang(question: object) -> str:
        asked.append(question)
        answers.wait(PATIENCE_S)
        return "allow"

    hook = RiskHook(hang, timeout_s=0.1, again_after_s=PATIENCE_S)
    house = open_house(hook=hook, confirmations=1)
    address = house.address("ann")
    for _ in range(5):
        house.on.pay(address, COIN)
    house.on.mine()
    house.step()
    assert len(asked) == 1
    assert sorted(house.states("ann")) == ["confirmed"] * 4 + ["held"]
    assert {row.sub_state for row in house.deposits("ann")} == {"", "unchecked"}
    answers.set()
    hook._timeout_s, hook._silent_until_s = PATIENCE_S, None  # it is left alone no longer
    house.settle()
    assert sorted(house.states("ann")) == ["credited"] * 4 + ["held"]
    credited = [row for row in house.deposits("ann") if row.state == "credited"]
    assert {(row.sub_state, row.reason) for row in credited} == {("", "")}
