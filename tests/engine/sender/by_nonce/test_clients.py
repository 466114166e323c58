"""What clients ask of an EVM chain, from their words until the chain has paid them (cases 35, 49,
55, 76, 80 and 84).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.models import Payment
from engine.errors import CashierError, TooLate
from engine.money import format_amount
from engine.queries import PaymentView
from engine.sending import Payer
from engine.withdrawals.cancel import cancel_withdrawal
from engine.withdrawals.request import request_withdrawal
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.desk import MILLION, EvmDesk
from tests.engine.sender.by_nonce.truth import Truth
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy

FEE = ETHER // 1000
AHEAD_S = 7200

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def token(own_anvil: Anvil) -> Contract:
    return deploy(own_anvil, "Good")


@pytest.fixture
def desk(database: str, own_anvil: Anvil, token: Contract, tmp_path: Path) -> Iterator[EvmDesk]:
    desk = EvmDesk.open(
        tmp_path,
        database,
        own_anvil,
        tokens={"USDT": token},
        for_tokens={"withdrawal": {"fee": "0.5"}},
        finality=6,
        withdrawal={"fee": format_amount(FEE, 18)},
    )
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 2 * ETHER)
    desk.credit("ann", 5 * MILLION, token)
    yield desk
    desk.on.chain.close()


def _ask(desk: EvmDesk, address: str, amount: str, currency: str = "ETH") -> PaymentView:
    return request_withdrawal(
        desk.config,
        client="ann",
        currency=currency,
        address=address,
        amount=amount,
        now=desk.now,
    )


def _finish(desk: EvmDesk, token: Contract) -> None:
    desk.settle()
    for _ in range(2):
        desk.mine(4)
    Truth(desk.node, {"USDT": token}, since=0).assert_holds()
    desk.assert_reconciles()


def test_the_whole_balance_goes_out_and_nobody_is_owed_or_owes(
    desk: EvmDesk, token: Contract
) -> None:
    """Case 76: the service's fee is debited with it, the network's is the house's."""
    coin = _ask(desk, desk.stranger(), format_amount(2 * ETHER - FEE, 18))
    paid = _ask(desk, desk.stranger(), "4.5", "USDT")
    with pytest.raises(CashierError, match="are available"):
        _ask(desk, desk.stranger(), format_amount(1, 18))
    _finish(desk, token)
    assert [desk.state_of(Payment.get_by_id(each.id)) for each in (coin, paid)] == ["credited"] * 2
    assert (desk.owed("ann"), desk.owed("ann", "USDT")) == (0, 0)


def test_nobody_is_debited_for_what_leads_nowhere(desk: EvmDesk, token: Contract) -> None:
    """Case 80."""
    good = desk.stranger()
    swapped = good[:2] + "".join(each.swapcase() for each in good[2:])
    nowhere = [
        *("0x" + "00" * 20, token.address, desk.hot, desk.address("ann"), desk.address("bob")),
        *(good + " ", good[2:], good[:-1], swapped, "0x" + good[2:] + "0", "", "ann.eth"),
        *("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"),
    ]
    for address in nowhere:
        for currency in ("ETH", "USDT"):
            with pytest.raises(CashierError):
                _ask(desk, address, "1", currency)
    assert (desk.owed("ann"), desk.owed("ann", "USDT")) == (2 * ETHER, 5 * MILLION)
    assert not Payment.select().where(Payment.kind == "withdrawal").exists()


def test_an_address_in_another_form_is_the_same_address(desk: EvmDesk, token: Contract) -> None:
    """Case 35: whoever pays may write it as they like."""
    address = desk.address("ann")
    for form in (address.lower(), "0x" + address[2:].upper()):
        desk.node.pay(form, ETHER)
        token.send("transfer", form, MILLION)
    desk.mine(3)
    assert (desk.owed("ann"), desk.owed("ann", "USDT")) == (4 * ETHER, 7 * MILLION)


class _Between:
    """The sender's chain, on which `act` happens right after something was signed."""

    def __init__(self, payer: Payer, act: Any) -> None:
        self._payer = payer
        self._act = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._payer, name)

    def sign(self, send: Any, **offered: Any) -> Any:
        signed = self._payer.sign(send, **offered)
        self._act(send)
        return signed


def test_of_a_sender_and_a_client_who_takes_it_back_one_wins_and_no_number_is_left_out(
    desk: EvmDesk, token: Contract
) -> None:
    """Case 84: taken back between signature and commit."""
    asked = [_ask(desk, desk.stranger(), "0.1") for _ in range(3)]

    def take_back(send: Any) -> None:
        if send.to == asked[1].address:
            cancel_withdrawal(desk.config, asked[1].id, client="ann", now=desk.now)

    node = desk.on.chain
    assert isinstance(node, Payer)
    desk.on.chain = _Between(node, take_back)
    sender = desk.make_sender(desk.lease)
    desk.on.chain = node
    assert sender.pay(desk.tip(), desk.now) == 0
    assert desk.attempts() == []
    _finish(desk, token)
    states = [str(Payment.get_by_id(each.id).state) for each in asked]
    assert states == ["credited", "cancelled", "credited"]
    assert [row.nonce for row in desk.attempts()] == [0, 1]
    with pytest.raises(TooLate):
        cancel_withdrawal(desk.config, asked[0].id, client="ann", now=desk.now)
    assert desk.owed("ann") == 2 * ETHER - 2 * (ETHER // 10 + FEE)


def test_what_is_signed_cannot_be_taken_back(desk: EvmDesk, token: Contract) -> None:
    asked = _ask(desk, desk.stranger(), "0.1")
    desk.step()
    with pytest.raises(TooLate):
        cancel_withdrawal(desk.config, asked.id, client="ann", now=desk.now)
    _finish(desk, token)


def test_ages_follow_heights_whatever_blocks_say_of_time(desk: EvmDesk, token: Contract) -> None:
    """Case 55: two hours ahead, and what we book carries our own clock."""
    asked = _ask(desk, desk.stranger(), "0.1")
    desk.settle()
    time_s = int(desk.node.block("latest")["timestamp"], 16)
    desk.node.set_next_time(time_s + AHEAD_S)
    desk.node.pay(desk.address("ann"), ETHER)
    _finish(desk, token)
    row = Payment.get_by_id(asked.id)
    assert row.state == "credited"
    assert row.updated_at[:13] == desk.now.strftime("%Y-%m-%dT%H")
    assert desk.owed("ann") == 3 * ETHER - ETHER // 10 - FEE


def test_a_node_of_another_chain_is_paid_by_nobody(desk: EvmDesk, token: Contract) -> None:
    """Case 49."""
    asked = _ask(desk, desk.stranger(), "0.1")
    desk.node.rpc("anvil_setChainId", 5)
    desk.node.mine()
    desk.step()
    assert desk.is_paused("another network")
    assert (desk.attempts(), desk.state_of(Payment.get_by_id(asked.id))) == ([], "requested")
    desk.node.rpc("anvil_setChainId", 31337)
    _finish(desk, token)
    assert desk.state_of(Payment.get_by_id(asked.id)) == "credited"
