"""Every way in which a real node fails: said plainly, and the next round works.

Each test asserts that its fault happened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.chain import Expectation, Standing, Trust
from engine.config import Currency
from engine.errors import NodeDown
from engine.families.bitcoin import BitcoinChain, open_chain
from engine.families.bitcoin.transport import TIMEOUT_S
from tests.engine.families.hung import Hung
from tests.nodes.currencies import currency_of
from tests.nodes.litecoind import Litecoind
from tests.nodes.ports import wait_until
from tests.nodes.proxy import (
    HTML_401,
    HTML_500_QUEUE,
    Breakage,
    Proxy,
    changed,
    cut_at,
    dripping,
    instead,
)

pytestmark = pytest.mark.node

Opener = Callable[..., BitcoinChain]

ANYTHING = Expectation(None, None, None, -1)


@pytest.fixture
def currency(tmp_path: Path) -> Currency:
    return currency_of(tmp_path, "LTC")


@pytest.fixture
def opened(currency: Currency) -> Iterator[Opener]:
    """Opens chains and closes them after the test."""
    chains: list[BitcoinChain] = []

    def open_one(url: str, timeout_s: int = TIMEOUT_S) -> BitcoinChain:
        chains.append(open_chain(currency, url, timeout_s=timeout_s))
        return chains[-1]

    yield open_one
    for chain in chains:
        chain.close()


@pytest.fixture
def proxy(litecoind: Litecoind) -> Iterator[Proxy]:
    made = Proxy(litecoind.port)
    yield made
    made.close()


@pytest.fixture
def hung(proxy: Proxy) -> Iterator[Hung]:  # noqa: ARG001 - which waits for the end of replies
    made = Hung()
    yield made
    made.end()


@pytest.fixture
def chain(litecoind: Litecoind, proxy: Proxy, opened: Opener) -> BitcoinChain:
    return opened(litecoind.url(port=proxy.port))


@pytest.fixture
def hasty(litecoind: Litecoind, proxy: Proxy, opened: Opener) -> BitcoinChain:
    """One that waits a second: for what never comes only, as a busy machine may be slower."""
    return opened(litecoind.url(port=proxy.port), 1)


def _be_patient(chain: BitcoinChain) -> None:
    """From the next connection on."""
    chain._transport._timeout_s = TIMEOUT_S
    chain._transport.close()


@pytest.mark.parametrize(
    ("breakage", "reason"),
    [
        (cut_at(0), "the connection to the node failed"),
        (cut_at(10), "the node's reply is malformed"),
        (cut_at(150), "the node's reply was cut off"),
        (instead(HTML_401), "401: the node refused our user and password"),
        (instead(HTML_500_QUEUE), "500: the node has more work than it takes"),
        (changed(b'"transactions":[', b'"transactions":{'), "the node's reply is malformed"),
        (changed(b'"lastblock":', b'"lastblack":'), "the node's reply is malformed"),
    ],
)
def test_a_broken_reply_is_one_lost_round(
    chain: BitcoinChain, proxy: Proxy, litecoind: Litecoind, breakage: Breakage, reason: str
) -> None:
    cursor = litecoind.tip()
    chain.scan(cursor)
    proxy.break_next(breakage)
    with pytest.raises(NodeDown, match=f"^({reason})"):
        chain.scan(cursor)
    assert proxy.broken == 1
    assert chain.scan(cursor).tip_hash == cursor
    assert proxy.connections == 2


@pytest.mark.parametrize("how", ["dripping", "hung"])
def test_a_reply_that_does_not_end_in_time_is_one_lost_round(
    hasty: BitcoinChain, proxy: Proxy, litecoind: Litecoind, hung: Hung, how: str
) -> None:
    cursor = litecoind.tip()
    proxy.break_next(dripping(0.02) if how == "dripping" else hung)
    with pytest.raises(NodeDown, match=r"^the node did not answer in time$"):
        hasty.scan(cursor)
    assert proxy.broken == 1
    _be_patient(hasty)
    assert hasty.scan(cursor).tip_hash == cursor
    assert proxy.connections == 2


@pytest.mark.parametrize("place", [1, 40, 120, 200, -60, -1])
def test_a_reply_cut_anywhere_is_never_taken_for_a_short_list(
    chain: BitcoinChain, proxy: Proxy, litecoind: Litecoind, place: int
) -> None:
    txid = litecoind.pay(litecoind.address(), "1")
    cursor = litecoind.tip()
    proxy.break_next(cut_at(place))
    with pytest.raises(NodeDown):
        chain.scan(cursor)
    assert proxy.broken == 1
    assert txid in chain.scan(cursor).unconfirmed


def test_a_late_reply_is_not_taken_for_the_next_ones(
    hasty: BitcoinChain, proxy: Proxy, litecoind: Litecoind, hung: Hung
) -> None:
    first, second = litecoind.mine(2)
    proxy.break_next(hung)
    with pytest.raises(NodeDown, match="in time"):
        hasty.block(first)
    assert proxy.broken == 1
    hung.end()
    _be_patient(hasty)
    block = hasty.block(second)
    assert block is not None
    assert block.hash == second


def test_a_frozen_node_is_down_within_the_time_given_and_works_when_thawed(
    own_litecoind: Litecoind, opened: Opener
) -> None:
    chain = opened(own_litecoind.url(), 1)
    own_litecoind.freeze()
    started = time.monotonic()
    with pytest.raises(NodeDown, match="the node did not answer in time"):
        chain.health(ANYTHING, now_s=0)
    assert 1 <= time.monotonic() - started < TIMEOUT_S
    own_litecoind.thaw()
    _be_patient(chain)
    assert chain.health(ANYTHING, now_s=0).trust is Trust.FULL


def test_a_killed_node_is_down_and_works_when_started_again(
    own_litecoind: Litecoind, opened: Opener
) -> None:
    chain = opened(own_litecoind.url())
    txid = own_litecoind.pay(chain.new_addresses(1)[0].address, "1")
    own_litecoind.mine()
    own_litecoind.kill()
    with pytest.raises(NodeDown, match=r"nothing answers|the connection to the node failed"):
        chain.facts([txid])
    with pytest.raises(NodeDown, match="nothing answers"):
        chain.scan(None)
    own_litecoind.start()
    assert chain.scan(None).tip_hash == own_litecoind.tip()


# The wallets announce nothing by themselves, or they would do so again after the restart.
@pytest.mark.parametrize(
    "own_litecoind", [("-persistmempool=0", "-walletbroadcast=0")], indirect=True
)
def test_a_restart_drops_what_the_mempool_did_not_keep(
    own_litecoind: Litecoind, opened: Opener
) -> None:
    chain = opened(own_litecoind.url())
    txid = own_litecoind.pay(chain.new_addresses(1)[0].address, "1")
    raw_tx = own_litecoind.raw(txid)
    own_litecoind.broadcast(raw_tx)
    assert chain.facts([txid])[txid].standing is Standing.MEMPOOL
    chain.close()  # a node that stops waits for connections that nobody uses
    own_litecoind.restart()
    assert own_litecoind.rpc("getrawmempool") == []
    assert chain.facts([txid])[txid].standing is Standing.ABSENT
    assert txid in chain.scan(None).unconfirmed
    own_litecoind.broadcast(raw_tx)
    assert chain.facts([txid])[txid].standing is Standing.MEMPOOL


@pytest.mark.parametrize("own_litecoind", [("-rpcservertimeout=2",)], indirect=True)
def test_an_idle_connection_that_the_node_closed_is_made_anew(
    own_litecoind: Litecoind, opened: Opener
) -> None:
    chain = opened(own_litecoind.url())
    cursor = chain.scan(None).tip_hash
    connection = chain._transport._connection
    wait_until(connection.is_dead, what="the node to close an idle connection")
    assert chain.scan(cursor).tip_hash == cursor


def test_a_connection_idle_for_long_is_not_used_again(
    litecoind: Litecoind, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = opened(litecoind.url())
    chain.scan(None)
    used = chain._transport._connection
    chain.scan(None)
    assert chain._transport._connection is used
    monkeypatch.setattr("engine.families.bitcoin.transport.IDLE_MAX_S", -1)
    chain.scan(None)
    assert chain._transport._connection is not used


def test_a_wrong_password_is_named(litecoind: Litecoind, opened: Opener) -> None:
    chain = opened(f"http://cashier:wrong-one@127.0.0.1:{litecoind.port}/")
    with pytest.raises(NodeDown, match="401: the node refused our user and password") as caught:
        chain.scan(None)
    assert "wrong-one" not in caught.value.detail


@pytest.mark.parametrize("own_litecoind", [("-rpcthreads=1", "-rpcworkqueue=1")], indirect=True)
def test_a_full_work_queue_is_named_and_the_next_round_works(
    own_litecoind: Litecoind, opened: Opener
) -> None:
    def ask(chain: BitcoinChain) -> str:
        try:
            chain._node.call("waitfornewblock", 300)
        except NodeDown as error:
            return str(error)
        return ""

    def are_too_many() -> bool:
        with ThreadPoolExecutor(len(callers)) as pool:
            return "500: the node has more work than it takes" in pool.map(ask, callers)

    callers = [opened(own_litecoind.url()) for _ in range(8)]
    wait_until(are_too_many, what="so many at a time that there is no place for all")
    assert callers[0].scan(None).tip_hash == own_litecoind.tip()


def test_a_wallet_that_is_missing_or_another_stops_everything(
    litecoind: Litecoind, opened: Opener
) -> None:
    def reason(url: str) -> str:
        health = opened(url).health(Expectation(None, None, litecoind.address(), 0), now_s=0)
        assert health.trust is Trust.NONE
        return health.reason

    assert reason(litecoind.url("nowhere")) == (
        "no wallet: the node has not loaded the wallet that its URL names"
    )
    assert reason(litecoind.url().replace("/wallet/cashier", "/")) == (
        "no wallet: the node has several wallets and its URL names none of them"
    )
    assert reason(litecoind.url("outside")) == (
        "another wallet: it does not own an address that we gave out"
    )


# It looks at every block as closely as it can, so that a start takes a second.
@pytest.mark.parametrize("own_litecoind", [("-checkblocks=0", "-checklevel=4")], indirect=True)
def test_a_node_that_is_starting_says_so_until_it_answers(
    own_litecoind: Litecoind, opened: Opener
) -> None:
    tip = own_litecoind.mine(100)[-1]
    own_litecoind.stop()
    chain = opened(own_litecoind.url())
    own_litecoind.launch()
    said: set[str] = set()

    def answers() -> bool:
        try:
            return chain.scan(None).tip_hash == tip
        except NodeDown as error:
            said.add(str(error))
            return False

    wait_until(answers, what="the node to start")
    assert any(reason.startswith("the node is still starting: ") for reason in said)
