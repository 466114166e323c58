"""What became of our sends is what balances of the same block prove, whatever a contract logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from engine.chain import SignedTx, Standing
from engine.errors import NodeDown, NodeRefused
from engine.sending import REVERTED, Outcome, Send
from tests.engine.families.evm.conftest import OpenHands
from tests.engine.families.evm.doctored import Change, doctored, refused, with_field
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy, runtime
from tests.nodes.payer_hands import (
    EvmPayerHands,
    offer_for,
    outcome_of,
    signed,
)
from tests.nodes.proxy import Proxy, cut_at, silent

pytestmark = pytest.mark.node
UNITS = 1_000_000


def _sent(on: EvmPayerHands, send: Send, *, gas: int = 0) -> SignedTx:
    made = signed(on, send, gas=gas)
    on.payer.send(made.raw)
    on.mine()
    return made


def _became(on: EvmPayerHands, send: Send, *, gas: int = 0) -> Outcome:
    return outcome_of(on, _sent(on, send, gas=gas), send)


@pytest.mark.parametrize(
    ("kind", "left", "at_stranger", "at_ours"),
    [
        ("GOOD", UNITS, UNITS, UNITS),
        ("NONE", UNITS, UNITS, UNITS),
        ("FEE", UNITS, UNITS, UNITS * 98 // 100),
        ("FALSE", 0, 0, 0),
        ("LIAR", None, None, 0),
        ("REBASE", UNITS, UNITS, UNITS),
    ],
)
def test_what_a_token_moved_is_what_balances_prove(
    hands: OpenHands, kind: str, left: int | None, at_stranger: int | None, at_ours: int
) -> None:
    """Case 79."""
    on = hands(kind)
    for target, arrived in ((on.stranger(), at_stranger), (on.deposit, at_ours)):
        became = _became(on, Send(on.hot, kind, target, UNITS))
        assert (became.succeeded, became.left, became.arrived) == (True, left, arrived)
        assert became.proved
        assert became.fee > 0


def test_a_balance_that_changes_beside_the_logs_contradicts_them(hands: OpenHands) -> None:
    on = hands("REBASE")
    send = Send(on.hot, "REBASE", on.stranger(), UNITS)
    made = signed(on, send)
    on.payer.send(made.raw)
    on.tokens["REBASE"].send("rebase", 50)
    on.mine()
    became = outcome_of(on, made, send)
    assert (became.fact.standing, became.left) == (Standing.MINED, None)


def test_what_else_comes_and_goes_in_the_same_block_confuses_nobody(hands: OpenHands) -> None:
    on = hands()
    number = on.payer.mined_nonce(on.hot)
    sends = [
        Send(on.hot, "GOOD", on.stranger(), UNITS),
        Send(on.hot, "GOOD", on.deposit, 2 * UNITS),
        Send(on.hot, "ETH", on.deposit, 3 * UNITS),
        Send(on.hot, "GOOD", on.stranger(), UNITS),
    ]
    made = {}
    for at, send in enumerate(sends):
        chain_tx = signed(on, send, nonce=number + at)
        on.payer.send(chain_tx.raw)
        made[chain_tx.txid] = send
    on.tokens["GOOD"].send("transfer", on.hot, 77)
    on.tokens["GOOD"].send("transferMany", [on.deposit, on.stranger()], 5)
    on.mine()
    outcomes = on.payer.outcomes(made, tip=on.tip())
    assert [outcomes[txid].left for txid in made] == [each.units for each in sends]
    assert [outcomes[txid].arrived for txid in made] == [each.units for each in sends]


def test_the_arrival_is_named_as_whoever_follows_the_target_names_it(hands: OpenHands) -> None:
    on = hands()
    start = on.node.tip()
    for symbol in ("GOOD", "ETH"):
        send = Send(on.hot, symbol, on.deposit, UNITS)
        made = _sent(on, send)
        (seen,) = (each for each in on.payer.scan(start).arrivals if each.txid == made.txid)
        assert (seen.index, seen.own) == (outcome_of(on, made, send).place, True)


def test_a_receiver_that_takes_nothing_is_told_by_the_estimate_and_fails_if_it_is_sent(
    hands: OpenHands, anvil: Anvil
) -> None:
    """Case 78."""
    on = hands()
    send = Send(on.hot, "ETH", deploy(anvil, "Refuser").address, UNITS)
    with pytest.raises(NodeRefused, match="would not be carried out") as caught:
        on.payer.gas_of(send)
    assert caught.value.rpc_code == REVERTED
    assert "no ETH here" in caught.value.detail
    before = on.held(on.hot, "ETH")
    became = _became(on, send, gas=21_000)
    assert (became.succeeded, became.left, became.arrived) == (False, 0, 0)
    assert on.held(on.hot, "ETH") == before - became.fee


def test_a_hungry_receiver_gets_the_gas_that_it_takes(hands: OpenHands, anvil: Anvil) -> None:
    on = hands()
    hungry = deploy(anvil, "Hungry").address
    assert on.payer.has_code(hungry)
    send = Send(on.hot, "ETH", hungry, UNITS)
    assert on.payer.gas_of(send) > 50_000
    became = _became(on, send)
    assert (became.succeeded, became.left) == (True, UNITS)
    assert not _became(on, send, gas=21_000).succeeded


def test_a_token_that_fails_moved_nothing_and_burnt_its_gas(hands: OpenHands) -> None:
    on = hands()
    send = Send(on.deposit, "GOOD", on.hot, UNITS)
    became = _became(on, send, gas=60_000)
    assert (became.succeeded, became.left, became.arrived) == (False, 0, 0)
    assert became.fee > 0


@pytest.mark.parametrize("breakage", [cut_at(0), cut_at(30), silent(3)])
def test_a_reply_that_is_lost_means_nothing_and_the_node_has_it_once(
    hands: OpenHands, anvil: Anvil, breakage: Callable[[bytes], Iterator[bytes]]
) -> None:
    proxy = Proxy(anvil.port)
    on = hands(url=f"http://127.0.0.1:{proxy.port}")
    send = Send(on.hot, "ETH", on.stranger(), UNITS)
    made, before = signed(on, send), on.held(on.stranger(), "ETH")
    proxy.break_next(breakage, method="eth_sendRawTransaction")
    with pytest.raises(NodeDown):
        on.payer.send(made.raw)
    assert proxy.broken == 1
    assert outcome_of(on, made, send).fact.standing is Standing.MEMPOOL
    on.mine()
    assert on.held(on.stranger(), "ETH") == before + UNITS
    on.close()
    proxy.close()


def test_a_request_that_is_lost_means_nothing_either(hands: OpenHands, anvil: Anvil) -> None:
    proxy = Proxy(anvil.port)
    on = hands(url=f"http://127.0.0.1:{proxy.port}")
    send = Send(on.hot, "ETH", on.stranger(), UNITS)
    made = signed(on, send)
    proxy.lose_next(method="eth_sendRawTransaction")
    with pytest.raises(NodeDown):
        on.payer.send(made.raw)
    assert outcome_of(on, made, send).fact.standing is Standing.ABSENT
    on.close()
    proxy.close()


def test_a_reply_that_is_lost_after_a_refusal_is_not_a_refusal(
    hands: OpenHands, anvil: Anvil
) -> None:
    proxy = Proxy(anvil.port)
    on = hands(url=f"http://127.0.0.1:{proxy.port}")
    send = Send(on.hot, "ETH", on.stranger(), UNITS)
    made = _sent(on, send)
    proxy.break_next(cut_at(0), method="eth_getTransactionByHash")
    with pytest.raises(NodeDown):
        on.payer.send(made.raw)
    on.close()
    proxy.close()


def test_receipts_of_one_branch_and_blocks_of_another_are_not_mixed(
    hands: OpenHands, anvil: Anvil, own_anvil: Anvil
) -> None:
    """Case 59."""
    proxy = Proxy(anvil.port)
    on = hands(url=f"http://127.0.0.1:{proxy.port}")
    send = Send(on.hot, "ETH", on.stranger(), UNITS)
    made = _sent(on, send)
    own_anvil.rpc("anvil_mine", hex(on.tip().height + 1))
    proxy.divert("eth_getBlockByNumber", own_anvil.port)
    with pytest.raises(NodeDown):
        outcome_of(on, made, send)
    proxy.mend()
    assert outcome_of(on, made, send).fact.standing is Standing.MINED
    proxy.divert("eth_getTransactionReceipt", own_anvil.port)
    assert outcome_of(on, made, send).fact.standing is Standing.MEMPOOL
    on.close()
    proxy.close()


def test_what_a_block_did_is_asked_once(hands: OpenHands) -> None:
    on = hands()
    send = Send(on.hot, "GOOD", on.deposit, UNITS)
    made = _sent(on, send)
    first = outcome_of(on, made, send)
    chain, node = doctored(on)
    with closing(chain):
        for _ in range(2):
            assert chain.outcomes({made.txid: send}, tip=on.tip()) == {made.txid: first}
    assert node.asked.count("eth_getLogs") == 1
    assert node.asked.count("eth_getTransactionReceipt") == 2


def test_a_contradiction_is_asked_again_and_a_changed_row_does_not_find_the_old_answer(
    hands: OpenHands,
) -> None:
    on = hands()
    send = Send(on.hot, "GOOD", on.deposit, UNITS)
    made = _sent(on, send)
    chain, node = doctored(on)
    with closing(chain):
        node.changes["eth_call"] = lambda answer: f"0x{int(answer, 16) // 2:064x}"
        assert chain.outcomes({made.txid: send}, tip=on.tip())[made.txid].left is None
        node.changes.clear()
        assert chain.outcomes({made.txid: send}, tip=on.tip())[made.txid].left == UNITS
        for altered in (
            replace(send, source=on.deposit),
            replace(send, to="garbage"),
            replace(send, to=on.stranger()),
            replace(send, currency="ETH"),
            replace(send, currency="GONE"),
        ):
            became = chain.outcomes({made.txid: altered}, tip=on.tip())[made.txid]
            unread = became.fact.standing is Standing.UNREADABLE
            assert unread or became.left is None, altered


@pytest.mark.parametrize(("symbol", "left"), [("ETH", None), ("GOOD", UNITS)])
def test_an_altered_row_does_not_make_more_leave_than_the_chain_tx_says(
    hands: OpenHands, symbol: str, left: int | None
) -> None:
    on = hands()
    send = Send(on.hot, symbol, on.deposit, UNITS)
    made = _sent(on, send)
    altered = replace(send, units=10 * UNITS)
    became = on.payer.outcomes({made.txid: altered}, tip=on.tip())[made.txid]
    assert (became.left, became.arrived) == (left, left)


@pytest.mark.parametrize(
    ("symbol", "method"), [("GOOD", "eth_call"), ("ETH", "eth_getCode"), ("ETH", "eth_getBalance")]
)
def test_states_that_the_node_forgot_prove_nothing_and_are_asked_again(
    hands: OpenHands, anvil: Anvil, symbol: str, method: str
) -> None:
    on = hands()
    if method == "eth_getBalance":
        anvil.set_code(on.deposit, runtime("Hungry"))
    send = Send(on.hot, symbol, on.deposit, UNITS)
    made = _sent(on, send)
    chain, node = doctored(on)
    with closing(chain):
        node.changes[method] = refused()
        became = chain.outcomes({made.txid: send}, tip=on.tip())[made.txid]
        assert (became.left, became.arrived, became.proved) == (UNITS, UNITS, False)
        node.changes.clear()
        assert chain.outcomes({made.txid: send}, tip=on.tip())[made.txid].proved


def test_without_a_log_and_without_states_nothing_is_said_of_what_left(hands: OpenHands) -> None:
    on = hands("FALSE")
    send = Send(on.hot, "FALSE", on.deposit, UNITS)
    made = _sent(on, send)
    chain, node = doctored(on)
    node.changes["eth_call"] = refused()
    with closing(chain):
        became = chain.outcomes({made.txid: send}, tip=on.tip())[made.txid]
        assert (became.left, became.proved) == (None, False)
        node.changes.clear()
        assert chain.outcomes({made.txid: send}, tip=on.tip())[made.txid].left == 0


@pytest.mark.parametrize("name", ["status", "gasUsed", "effectiveGasPrice", "from", "to", "logs"])
@pytest.mark.parametrize("value", [..., None, "", "0x", "zz", -1, {}, [1], "0x" + "f" * 65])
def test_one_receipt_of_nonsense_holds_up_no_other(
    hands: OpenHands, name: str, value: object
) -> None:
    on = hands()
    number = on.payer.mined_nonce(on.hot)
    send = Send(on.hot, "GOOD", on.deposit, UNITS)
    sick, well = (signed(on, send, nonce=number + at) for at in range(2))
    for each in (sick, well):
        on.payer.send(each.raw)
    on.mine()
    chain, node = doctored(on)

    def change(row: dict[str, object]) -> object:
        ill = row["transactionHash"] == sick.txid
        return with_field(name, value)(row) if ill else row

    node.changes["eth_getTransactionReceipt"] = change
    with closing(chain):
        found = chain.outcomes({sick.txid: send, well.txid: send}, tip=on.tip())
    assert found[sick.txid].fact.standing is Standing.UNREADABLE
    assert found[sick.txid].fact.words
    assert found[well.txid].left == UNITS


def _answer(value: object) -> Change:
    return lambda _answer: value


@pytest.mark.parametrize(
    "method", ["eth_getBlockByNumber", "eth_getTransactionReceipt", "eth_getLogs"]
)
@pytest.mark.parametrize("value", [7, "0x", [], {}, [[]], {"hash": 5}])
def test_answers_of_nonsense_are_a_node_that_is_down_or_one_that_cannot_be_read(
    hands: OpenHands, method: str, value: object
) -> None:
    on = hands()
    send = Send(on.hot, "GOOD", on.deposit, UNITS)
    made = _sent(on, send)
    chain, node = doctored(on)
    node.changes[method] = _answer(value)
    with closing(chain):
        try:
            found = chain.outcomes({made.txid: send}, tip=on.tip())[made.txid]
        except NodeDown:
            return
        honest = found.fact.standing is Standing.UNREADABLE
        assert honest or (method, value, found.left) == ("eth_getLogs", [], None)


def test_a_chain_above_another_names_its_share_apart(hands: OpenHands) -> None:
    on = hands()
    send = Send(on.hot, "ETH", on.stranger(), UNITS)
    made = _sent(on, send)
    plain = outcome_of(on, made, send).fee
    chain, node = doctored(on)
    node.changes["eth_getTransactionReceipt"] = with_field("l1Fee", "0x64")
    with closing(chain):
        assert chain.outcomes({made.txid: send}, tip=on.tip())[made.txid].fee == plain + 100


def test_offers_follow_what_the_network_asks(hands: OpenHands, anvil: Anvil) -> None:
    on = hands()
    before = on.payer.rates()
    anvil.set_next_base_fee(500 * 10**9)
    on.mine()
    after = on.payer.rates()
    assert (after.base, before.base < 10**11) == (500 * 10**9, True)
    send = Send(on.hot, "ETH", on.stranger(), UNITS)
    assert offer_for(on, send).most > 21_000 * 10**12


def test_tokens_that_come_while_others_are_paid_are_no_doubtful_ones(hands: OpenHands) -> None:
    on = hands()
    start = on.node.tip()
    on.payer.send(signed(on, Send(on.hot, "GOOD", on.stranger(), UNITS)).raw)
    txid = on.tokens["GOOD"].send("transfer", on.hot, 77)
    on.mine()
    (seen,) = on.payer.scan(start).arrivals
    assert (seen.txid, seen.address, seen.units, seen.doubt) == (txid, on.hot, 77, "")
