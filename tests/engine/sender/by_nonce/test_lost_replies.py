"""A node whose replies are lost, cut or late: whichever call it hits, one chain tx pays (cases 61,
62, 66), on anvil and on the embedded chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.errors import NodeDown
from engine.sender.settle import NOT_TAKEN
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import MILLION, EvmDesk
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy
from tests.nodes.embedded import EmbeddedNode
from tests.nodes.proxy import Proxy, cut_at, instead

SENDING = "eth_sendRawTransaction"

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

Between = Callable[[Anvil], tuple[EvmDesk, Proxy]]


@pytest.fixture
def between(open_evm: OpenDesk) -> Iterator[Between]:
    """A desk that reaches its node through a proxy."""
    proxies: list[Proxy] = []

    def make(node: Anvil) -> tuple[EvmDesk, Proxy]:
        proxies.append(Proxy(node.port))
        desk = open_evm(on=node, node_url=f"http://127.0.0.1:{proxies[-1].port}")
        desk.fund_house()
        desk.credit("ann", 5 * ETHER)
        return desk, proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()


def test_a_reply_that_is_lost_after_the_broadcast_changes_nothing(
    between: Between, own_anvil: Anvil
) -> None:
    """Case 61: the node has it, and nobody knows; the next round finds it."""
    desk, proxy = between(own_anvil)
    paid = desk.withdraw("ann", ETHER)
    proxy.break_next(cut_at(0), method=SENDING)
    assert isinstance(desk.failing_step(), NodeDown)
    assert desk.shown(paid)[:2] == ("requested", "sending")
    desk.settle()
    assert (desk.state_of(paid), desk.attempt().sends) == ("pending", 0)
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    desk.assert_paid_once(paid)


def test_a_request_that_never_arrives_is_made_again_with_the_same_bytes(
    between: Between, own_anvil: Anvil
) -> None:
    desk, proxy = between(own_anvil)
    paid = desk.withdraw("ann", ETHER)
    proxy.lose_next(method=SENDING)
    desk.failing_step()
    desk.settle()
    assert (desk.state_of(paid), desk.attempt().sends) == ("pending", 1)
    desk.mine(3)
    desk.assert_paid_once(paid)


def test_a_round_cut_off_at_any_call_pays_once(between: Between, own_anvil: Anvil) -> None:
    desk, proxy = between(own_anvil)
    paid, hit = [], 0
    for at in range(16):
        paid.append(desk.withdraw("ann", ETHER // 10))
        for _ in range(at):
            proxy.break_next(lambda reply: iter([reply]))
        proxy.break_next(cut_at(at))
        try:
            desk.step()
        except NodeDown:
            hit += 1
        proxy.mend()
        if at % 3 == 0:
            desk.node.mine()
    assert hit >= 8, "too few calls were hit"
    desk.settle()
    desk.mine(6)
    assert {desk.state_of(each) for each in paid} == {"credited"}
    desk.assert_paid_once(*paid)


def test_bytes_that_the_node_refuses_are_sent_until_it_takes_them(
    between: Between, own_anvil: Anvil
) -> None:
    """Case 66: a refusal proves nothing; no refund, no second number."""
    desk, proxy = between(own_anvil)
    paid = desk.withdraw("ann", ETHER)
    proxy.break_next(instead(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), method=SENDING)
    own_anvil.set_next_base_fee(10**15)
    desk.failing_step()
    own_anvil.rpc("anvil_dropAllTransactions")
    own_anvil.mine(1)
    desk.settle()
    assert desk.shown(paid) == ("requested", "sending", NOT_TAKEN)
    own_anvil.set_next_base_fee(10**9)
    desk.mine(1)
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert len(desk.attempts()) == 1
    desk.assert_paid_once(paid)


def test_the_embedded_chain_pays_coin_and_token(open_evm: OpenDesk, embedded: EmbeddedNode) -> None:
    token = deploy(embedded, "Good")
    desk = open_evm(on=embedded, tokens={"USDT": token})
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 2 * ETHER)
    desk.credit("ann", 5 * MILLION, token)
    coin = desk.withdraw("ann", ETHER)
    paid = desk.withdraw("ann", 2 * MILLION, currency="USDT", fee=0)
    desk.settle()
    desk.mine(3)
    assert [desk.state_of(each) for each in (coin, paid)] == ["credited"] * 2
    assert [row.nonce for row in desk.attempts()] == [0, 1]
    assert token.read("balanceOf", str(paid.address)) == 2 * MILLION
    desk.assert_paid_once(coin)
