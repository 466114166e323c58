"""Every chain whose addresses count their sends keeps to engine.sending: one suite over a real
anvil, the embedded chain, and whatever else says that it is one.

Another chain is one maker of hands and one line in PAYERS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from engine.chain import BlockRef, Sending, Standing
from engine.errors import NodeDown, NodeRefused
from engine.sending import Offer, Payer, Send
from tests.nodes.fake_payer import FakePayerHands
from tests.nodes.payer_hands import EvmPayerHands, PayerHands, offer_for, outcome_of, signed

UNITS = 1_000_000
NOBODYS_HASH = "0x" + "ab" * 32


def _anvil(request: pytest.FixtureRequest) -> EvmPayerHands:
    return EvmPayerHands.open(request.getfixturevalue("anvil"), request.getfixturevalue("tmp_path"))


def _embedded(request: pytest.FixtureRequest) -> EvmPayerHands:
    return EvmPayerHands.open(
        request.getfixturevalue("embedded"), request.getfixturevalue("tmp_path")
    )


def _fake(_: pytest.FixtureRequest) -> FakePayerHands:
    return FakePayerHands()


PAYERS: dict[str, Callable[[pytest.FixtureRequest], EvmPayerHands | FakePayerHands]] = {
    "fake": _fake,
    "anvil": _anvil,
    "embedded": _embedded,
}
NEED_NO_NODE = {"embedded", "fake"}


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if name in NEED_NO_NODE else pytest.mark.node)
        for name in PAYERS
    ]
)
def on(request: pytest.FixtureRequest) -> Iterator[PayerHands]:
    with closing(PAYERS[request.param](request)) as hands:
        yield hands


def _coin(on: PayerHands, units: int = UNITS) -> Send:
    return Send(on.hot, on.coin, on.stranger(), units)


def _token(on: PayerHands, units: int = UNITS) -> Send:
    return Send(on.hot, on.token, on.stranger(), units)


def test_it_is_a_payer(on: PayerHands) -> None:
    assert isinstance(on.payer, Payer)
    assert on.payer.owns(on.hot)
    assert on.payer.owns(on.deposit)
    assert not on.payer.owns(on.stranger())


@pytest.mark.parametrize("make", [_coin, _token])
def test_what_is_signed_is_known_before_and_is_what_the_node_then_has(
    on: PayerHands, make: Callable[[PayerHands], Send]
) -> None:
    send = make(on)
    number, before = on.payer.mined_nonce(on.hot), on.held(send.to, send.currency)
    offer = offer_for(on, send)
    made = on.payer.sign(send, nonce=number, offer=offer)
    read = on.payer.read(made.raw)
    assert (read.txid, read.send, read.nonce, read.offer) == (made.txid, send, number, offer)
    assert made.size == offer.gas
    assert outcome_of(on, made, send).fact.standing is Standing.ABSENT
    assert on.payer.send(made.raw).outcome is Sending.ACCEPTED
    assert on.payer.in_mempool([made.txid]) == {made.txid}
    assert outcome_of(on, made, send).fact.standing is Standing.MEMPOOL
    (block_hash,) = on.mine()
    became = outcome_of(on, made, send)
    assert became.fact.block == BlockRef(on.tip().height, block_hash)
    assert (became.succeeded, became.left, became.arrived) == (True, UNITS, UNITS)
    assert became.proved
    assert 0 < became.fee <= offer.most
    assert on.held(send.to, send.currency) == before + UNITS
    assert on.payer.mined_nonce(on.hot) == number + 1


def test_what_leaves_is_the_amount_and_the_fee_to_the_last_unit(on: PayerHands) -> None:
    before, send = on.held(on.hot, on.coin), _coin(on)
    made = signed(on, send)
    on.payer.send(made.raw)
    on.mine()
    became = outcome_of(on, made, send)
    assert on.held(on.hot, on.coin) == before - UNITS - became.fee


def test_the_same_bytes_may_be_sent_again_whenever_and_nothing_follows(on: PayerHands) -> None:
    send = _coin(on)
    made, before = signed(on, send), on.held(on.stranger(), on.coin)
    on.payer.send(made.raw)
    assert on.payer.send(made.raw).outcome is Sending.ACCEPTED
    on.mine()
    assert on.payer.send(made.raw).outcome is Sending.MINED
    on.mine()
    assert on.held(on.stranger(), on.coin) == before + UNITS


def test_a_number_that_is_taken_is_refused_with_the_words_of_the_node(on: PayerHands) -> None:
    number = on.payer.mined_nonce(on.hot)
    on.payer.send(signed(on, _coin(on)).raw)
    on.mine()
    reply = on.payer.send(signed(on, _coin(on, 5), nonce=number).raw)
    assert reply.outcome is Sending.REFUSED
    assert "nonce" in reply.words


def test_a_number_before_which_one_is_missing_is_taken_and_not_mined(on: PayerHands) -> None:
    number, send = on.payer.mined_nonce(on.hot), _coin(on)
    later = signed(on, send, nonce=number + 1)
    assert on.payer.send(later.raw).outcome is Sending.ACCEPTED
    on.mine(2)
    assert outcome_of(on, later, send).fact.standing is Standing.MEMPOOL
    assert on.payer.mined_nonce(on.hot) == number
    gap = _coin(on, 7)
    on.payer.send(signed(on, gap, nonce=number).raw)
    on.mine(2)
    assert outcome_of(on, later, send).fact.standing is Standing.MINED


def test_one_of_the_same_number_takes_the_place_of_another_by_ten_percent_more(
    on: PayerHands,
) -> None:
    send = _coin(on)
    low = signed(on, send)
    on.payer.send(low.raw)
    reply = on.payer.send(signed(on, _coin(on, 5)).raw)
    assert (reply.outcome, "underpriced" in reply.words) == (Sending.REFUSED, True)
    high = signed(on, send, percent=113)
    assert on.payer.send(high.raw).outcome is Sending.ACCEPTED
    on.mine()
    assert outcome_of(on, high, send).fact.standing is Standing.MINED
    assert outcome_of(on, low, send).fact.standing is Standing.ABSENT


def test_a_dropped_one_is_absent_until_the_same_bytes_are_sent_again(on: PayerHands) -> None:
    send = _token(on)
    made = signed(on, send)
    on.payer.send(made.raw)
    on.drop(made.txid)
    assert outcome_of(on, made, send).fact.standing is Standing.ABSENT
    assert on.payer.send(made.raw).outcome is Sending.ACCEPTED
    on.mine()
    assert outcome_of(on, made, send).fact.standing is Standing.MINED


@pytest.mark.parametrize("make", [_coin, _token])
def test_what_a_reorg_takes_out_is_absent_and_mined_again_elsewhere_by_the_same_bytes(
    on: PayerHands, make: Callable[[PayerHands], Send]
) -> None:
    send = make(on)
    made = signed(on, send)
    on.payer.send(made.raw)
    on.mine(2)
    first = outcome_of(on, made, send).fact.block
    height = on.tip().height
    on.reorg(2)
    assert on.tip().height == height
    assert outcome_of(on, made, send).fact.standing is Standing.ABSENT
    assert on.payer.send(made.raw).outcome is Sending.ACCEPTED
    on.mine()
    again = outcome_of(on, made, send)
    assert again.fact.standing is Standing.MINED
    assert first is not None
    assert again.fact.block is not None
    assert again.fact.block.hash != first.hash
    assert again.left == UNITS


def test_what_is_in_a_block_above_the_tip_that_we_followed_is_in_the_mempool(
    on: PayerHands,
) -> None:
    send, followed = _coin(on), on.tip()
    made = signed(on, send)
    on.payer.send(made.raw)
    on.mine()
    became = on.payer.outcomes({made.txid: send}, tip=followed)[made.txid]
    assert (became.fact.standing, became.fact.block) == (Standing.MEMPOOL, None)


def test_a_tip_that_left_the_chain_is_answered_by_nothing(on: PayerHands) -> None:
    send = _coin(on)
    made = signed(on, send)
    on.payer.send(made.raw)
    on.mine()
    gone = on.tip()
    on.reorg(1)
    with pytest.raises(NodeDown):
        on.payer.outcomes({made.txid: send}, tip=gone)


def test_numbers_are_counted_up_to_the_block_that_is_named(on: PayerHands) -> None:
    number, before = on.payer.mined_nonce(on.hot), on.tip()
    on.payer.send(signed(on, _coin(on)).raw)
    on.mine()
    assert on.payer.mined_nonce(on.hot, at=before.hash) == number
    assert on.payer.mined_nonce(on.hot, at=on.tip().hash) == number + 1
    with pytest.raises(NodeRefused):
        on.payer.mined_nonce(on.hot, at=NOBODYS_HASH)


def test_whoever_took_a_number_is_named_and_nobody_before_it_is_taken(on: PayerHands) -> None:
    number = on.payer.mined_nonce(on.hot)
    made = [signed(on, _coin(on, 10 + each), nonce=number + each) for each in range(3)]
    for each in made:
        on.payer.send(each.raw)
        on.mine(3)
    takers = [on.payer.user_of(on.hot, number + at, tip=on.tip()) for at in range(3)]
    assert [each and each.txid for each in takers] == [each.txid for each in made]
    assert on.payer.user_of(on.hot, number + 3, tip=on.tip()) is None
    with pytest.raises(NodeDown):
        on.payer.user_of(on.hot, number, tip=BlockRef(on.tip().height, NOBODYS_HASH))


def test_our_other_addresses_send_by_numbers_of_their_own(on: PayerHands) -> None:
    first = on.payer.mined_nonce(on.deposit)
    send = Send(on.deposit, on.coin, on.hot, UNITS)
    made = signed(on, send)
    on.payer.send(made.raw)
    on.mine()
    assert on.payer.mined_nonce(on.deposit) == first + 1
    assert outcome_of(on, made, send).arrived == UNITS


def test_an_estimate_says_when_there_is_not_enough_of_a_token(on: PayerHands) -> None:
    assert on.payer.gas_of(_coin(on)) == 21_000
    assert on.payer.gas_of(_token(on)) > 21_000
    with pytest.raises(NodeRefused):
        on.payer.gas_of(Send(on.deposit, on.token, on.stranger(), 10**30))


def test_nothing_is_signed_for_an_address_that_our_keys_do_not_make(on: PayerHands) -> None:
    offer = offer_for(on, _coin(on))
    theirs = Send(on.stranger(), on.coin, on.stranger(2), UNITS)
    with pytest.raises(NodeRefused, match="keys"):
        on.payer.sign(theirs, nonce=0, offer=offer)


@pytest.mark.parametrize(
    "offer",
    [Offer(20_999, 10, 1), Offer(21_000, 1, 2), Offer(21_000, 0, 0), Offer(2**63, 10, 1)],
)
def test_nothing_is_signed_that_is_out_of_bounds(on: PayerHands, offer: Offer) -> None:
    with pytest.raises(NodeRefused, match="bounds"):
        on.payer.sign(_coin(on), nonce=0, offer=offer)
    with pytest.raises(NodeRefused):
        on.payer.sign(_coin(on, 0), nonce=0, offer=Offer(21_000, 10, 1))


def test_a_recipient_is_spelled_in_one_way_and_ours_are_known(on: PayerHands) -> None:
    address = on.stranger()
    for spelling in (address, address.lower()):
        found = on.payer.recipient(spelling)
        assert found is not None
        assert (found.address, found.ours) == (address, False)
    ours = on.payer.recipient(on.hot)
    assert ours is not None
    assert ours.ours
    letter = next(at for at in range(2, 42) if address[at].isalpha())
    wrong = address[:letter] + address[letter].swapcase() + address[letter + 1 :]
    for nobody in (wrong, "0x" + "00" * 20, address[2:], address + "0", "", " " + address):
        assert on.payer.recipient(nobody) is None


@pytest.mark.parametrize("raw", ["", "0x", "0x02", "nonsense"])
def test_bytes_that_we_did_not_sign_go_nowhere_and_hold_up_nobody(on: PayerHands, raw: str) -> None:
    assert on.payer.send(raw).outcome is Sending.REFUSED
    with pytest.raises(NodeRefused):
        on.payer.read(raw)


def test_an_unknown_chain_tx_is_absent(on: PayerHands) -> None:
    send = _coin(on)
    became = on.payer.outcomes({NOBODYS_HASH: send}, tip=on.tip())[NOBODYS_HASH]
    assert (became.fact.standing, became.left) == (Standing.ABSENT, None)
    assert on.payer.outcomes({}, tip=on.tip()) == {}
