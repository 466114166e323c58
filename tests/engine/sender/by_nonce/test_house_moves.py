"""Coins of ours that move between our own addresses, and rows that somebody forged to lead them
elsewhere: only what our keys make and staff accepted is ever paid.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from db.models import Coin, Payment
from engine import ledger
from engine.chain import BlockRef
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT
from engine.lifecycle import Batch
from engine.sender.by_nonce import checks
from engine.sender.by_nonce.funds import Purse
from engine.sender.due import NOT_COLD
from tests.engine.deposits.life import events_of
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import MILLION, EvmDesk
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy, runtime

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def token(own_anvil: Anvil) -> Contract:
    return deploy(own_anvil, "Good")


@pytest.fixture
def desk(open_evm: OpenDesk, own_anvil: Anvil, token: Contract) -> EvmDesk:
    desk = open_evm(on=own_anvil, tokens={"USDT": token})
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    desk.credit("ann", 5 * MILLION, token)
    return desk


def move(
    desk: EvmDesk,
    units: int,
    *,
    to: str,
    source: str | None = None,
    purpose: str | None = None,
    currency: str = "ETH",
) -> Payment:
    told = {"address": to, "fee_units": "0", "source": source, "purpose": purpose}
    with Batch(desk.config, actor="engine", now=desk.now) as batch:
        return batch.open(
            kind="transfer",
            client=None,
            currency=currency,
            chain="ETH",
            units=units,
            address=to,
            source=source,
            purpose=purpose,
            required=3,
            evidence={key: value for key, value in told.items() if value is not None},
        )


def assert_as_booked(desk: EvmDesk, token: Contract, address: str) -> None:
    """Hot address and client's address hold what books and rows say."""
    held: dict[str, Callable[[str], int]] = {
        "ETH": desk.node.balance,
        "USDT": partial(token.read, "balanceOf"),
    }
    purse = Purse("ETH", height=desk.node.height())
    for symbol, balance in held.items():
        assert balance(desk.hot) == desk.account(WALLET_HOT, symbol)
        assert balance(address) == desk.account(WALLET_DEPOSITS, symbol)
        assert purse.available(symbol, desk.hot) == balance(desk.hot)
        assert purse.available(symbol, address) == balance(address)


def test_a_sweep_brings_a_clients_coins_to_the_hot_address(desk: EvmDesk, token: Contract) -> None:
    address = desk.address("ann")
    swept = move(desk, ETHER, to=desk.hot, source=address, purpose="sweep")
    desk.settle()
    desk.mine(3)
    row, attempt = desk.now_of(swept), desk.attempt()
    assert (row.state, row.idx) == ("credited", "tx")
    assert events_of(row) == ["request", "sign", "send", "confirm", "credit", "chain_fee"]
    assert (attempt.address, attempt.nonce) == (address, 0)
    assert desk.owed("ann") == 2 * ETHER
    assert desk.account(WALLET_HOT) == 11 * ETHER
    assert desk.account(WALLET_DEPOSITS) == ETHER - int(attempt.paid_units or 0)
    coin = Coin.get(Coin.txid == attempt.txid)
    assert (coin.units, coin.account, coin.payment) == (ETHER, WALLET_HOT, swept.id)
    assert_as_booked(desk, token, address)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert_as_booked(desk, token, address)


def test_a_token_is_swept_by_gas_that_the_house_gave(
    open_evm: OpenDesk, own_anvil: Anvil, token: Contract
) -> None:
    desk = open_evm(on=own_anvil, tokens={"USDT": token})
    desk.fund_house()
    desk.credit("ann", 5 * MILLION, token)
    address = desk.address("ann", "USDT")
    swept = move(desk, 5 * MILLION, to=desk.hot, source=address, purpose="sweep", currency="USDT")
    desk.settle()
    assert desk.shown(swept) == (
        "requested",
        "waiting",
        "waiting for ETH to pay the network's fee",
    )
    gas = move(desk, ETHER // 10_000, to=address, purpose="gas")
    desk.settle()
    desk.mine(2)
    assert desk.state_of(swept) == "requested"  # what is not settled yet is not spent
    desk.mine(1)
    assert desk.state_of(gas) == "credited"
    desk.mine(3)
    assert desk.state_of(swept) == "credited"
    assert desk.account(WALLET_DEPOSITS, "USDT") == 0
    assert desk.deposits()[-1].currency == "USDT", "what the house sends itself is no deposit"
    assert_as_booked(desk, token, address)


def test_what_a_token_keeps_of_a_sweep_is_a_loss_by_name(desk: EvmDesk, token: Contract) -> None:
    address = desk.address("ann")
    desk.node.set_code(token.address, runtime("FeeToken"))
    swept = move(desk, 5 * MILLION, to=desk.hot, source=address, purpose="sweep", currency="USDT")
    desk.settle()
    desk.mine(3)
    assert desk.state_of(swept) == "credited"
    assert ledger.balance("loss", "USDT") == 5 * MILLION // 50
    assert_as_booked(desk, token, address)


def test_a_sweep_that_failed_costs_its_gas_and_moves_nothing(
    desk: EvmDesk, token: Contract
) -> None:
    address = desk.address("ann")
    swept = move(desk, 5 * MILLION, to=desk.hot, source=address, purpose="sweep", currency="USDT")
    desk.settle()
    desk.node.set_code(token.address, runtime("FalseToken"))
    desk.mine(6)
    assert desk.state_of(swept) == "failed"
    assert desk.account(WALLET_DEPOSITS, "USDT") == 5 * MILLION
    assert desk.account("fees:network") == desk.attempt().paid_units
    assert_as_booked(desk, token, address)


def test_a_top_up_that_leaves_its_block_is_gone_from_the_rows_and_comes_again(
    desk: EvmDesk, token: Contract
) -> None:
    address = desk.address("ann")
    before = desk.node.balance(address)
    gas = move(desk, ETHER // 10_000, to=address, purpose="gas")
    desk.settle()
    desk.mine(3)
    assert desk.state_of(gas) == "credited"
    desk.node.reorg(4, forget=True)
    desk.step()
    assert desk.now_of(gas).unsettled
    purse = Purse("ETH", height=desk.node.height())
    assert purse.available("ETH", address) == before
    desk.settle()
    desk.mine(3)
    assert not desk.now_of(gas).unsettled
    assert_as_booked(desk, token, address)


@pytest.mark.parametrize(
    ("purpose", "to", "source", "flaw"),
    [
        ("sweep", "stranger", "deposit", checks.NOT_SWEPT_HERE),
        ("sweep", "hot", "hot", checks.NOT_OURS),
        ("sweep", "hot", "stranger", checks.NOT_OURS),
        ("sweep", "hot", None, checks.NOT_OURS),
        ("gas", "stranger", None, checks.NOT_OURS),
        ("gas", "hot", None, checks.NOT_OURS),
        ("gas", "deposit", "deposit", checks.NOT_HOT),
        (None, "stranger", None, NOT_COLD),
        (None, "deposit", None, NOT_COLD),
    ],
)
def test_what_leads_elsewhere_is_held(
    desk: EvmDesk, purpose: str | None, to: str, source: str | None, flaw: str
) -> None:
    known = {"hot": desk.hot, "deposit": desk.address("ann"), "stranger": desk.stranger()}
    start = None if source is None else known[source]
    moved = move(desk, 10**12, to=known[to], source=start, purpose=purpose)
    desk.settle()
    assert desk.shown(moved) == ("held", "", flaw)
    assert desk.attempts() == []


def test_a_top_up_of_more_than_gas_may_cost_is_held(desk: EvmDesk) -> None:
    moved = move(desk, ETHER, to=desk.address("ann"), purpose="gas")
    desk.settle()
    assert desk.shown(moved) == ("held", "", checks.NO_TOP_UP)


def test_a_withdrawal_whose_row_names_another_source_is_held(desk: EvmDesk) -> None:
    paid = desk.withdraw("ann", ETHER // 2)
    Payment.update(source=desk.address("ann")).where(Payment.id == paid.id).execute()
    desk.settle()
    assert desk.shown(paid) == ("held", "", checks.NOT_HOT)


def test_a_withdrawal_that_a_row_turned_into_a_sweep_is_held(desk: EvmDesk) -> None:
    paid = desk.withdraw("ann", ETHER // 2)
    Payment.update(purpose="gas").where(Payment.id == paid.id).execute()
    desk.settle()
    assert desk.state_of(paid) == "held"


def test_coins_that_are_somebodys_question_are_not_sent(desk: EvmDesk) -> None:
    """A deposit that waits for its confirmations lies on an address of ours, and is not ours."""
    address = desk.address("ann")
    desk.node.pay(address, ETHER)
    desk.mine(1)
    purse = Purse("ETH", height=desk.node.height())
    assert purse.available("ETH", address) == 2 * ETHER
    assert BlockRef(desk.node.height(), desk.node.tip()) == desk.tip()
