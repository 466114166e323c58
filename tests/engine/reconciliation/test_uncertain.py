"""A send that the node neither has nor refuses is named, until it is known where it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.families.bitcoin.chain import BitcoinChain
from engine.reconciliation.uncertain import AGE_MIN
from tests.engine.deposits.worlds import on_a_node_of_its_own, on_the_fake
from tests.engine.reconciliation.against import assert_reconciles, reconcile
from tests.engine.sender.desk import COIN, Desk
from tests.engine.sender.test_nodes import Behind
from tests.nodes.fake import FakeChain
from tests.nodes.harness import Harness, LitecoindHarness
from tests.nodes.litecoind import Litecoind
from tests.nodes.proxy import Proxy

LONG = AGE_MIN + timedelta(minutes=1)


def names(desk: Desk) -> list[str]:
    return [each.kind for each in reconcile(desk)[1]]


@on_the_fake
def test_a_node_that_takes_a_send_and_forgets_it_leaves_it_uncertain(
    desk: Desk, fake: FakeChain
) -> None:
    desk.fund("ann", 5 * COIN)
    fake.swallows = 100
    paid = desk.withdraw("ann", 2 * COIN)
    desk.step()
    assert names(desk) == []  # young
    desk.step(after=LONG)
    found, (only,) = reconcile(desk)
    attempt = desk.attempt()
    assert (only.kind, only.subject) == ("uncertain_send", attempt.family)
    assert (only.units, only.owner, found.residual) == (-2 * COIN, "staff", 0)
    assert only.evidence["payments"] == [paid.id]
    assert only.evidence["last_reply"] == "taken, and not there"
    assert attempt.txid in {txid for _, txid, _ in only.evidence["attempts"]}
    assert "no other way" in only.cure
    fake.swallows = 0
    desk.step(after=timedelta(minutes=1))
    desk.finish(paid)
    assert names(desk) == []


@on_the_fake
def test_a_send_without_any_reply_is_uncertain_until_the_node_is_seen_to_have_it(
    desk: Desk, fake: FakeChain
) -> None:
    desk.fund("ann", 5 * COIN)
    fake.loses = 1
    paid = desk.withdraw("ann", 2 * COIN)
    desk.failing_step()
    fake.drop(desk.attempt().txid)
    desk.now += LONG
    (only,) = reconcile(desk)[1]
    assert (only.kind, only.evidence["last_reply"]) == ("uncertain_send", "none is known")
    desk.finish(paid)
    assert names(desk) == []


@on_the_fake
def test_a_refused_send_is_not_uncertain(desk: Desk, fake: FakeChain) -> None:
    desk.fund("ann", 5 * COIN)
    fake.refuses = "-26 mempool full"
    desk.withdraw("ann", 2 * COIN)
    desk.step()
    desk.step(after=LONG)
    assert desk.attempt().last_error
    assert names(desk) == []


@pytest.fixture
def proxy(own_litecoind: Litecoind) -> Iterator[Proxy]:
    opened = Proxy(own_litecoind.port)
    yield opened
    opened.close()


@on_a_node_of_its_own
def test_a_real_node_that_took_bytes_without_a_reply_and_forgot_them(
    desk: Desk, on: Harness, own_litecoind: Litecoind, proxy: Proxy
) -> None:
    """The reply to the broadcast is lost, and the node starts again without its mempool: nobody
    knows whether the bytes are out, until the same ones are mined."""
    assert isinstance(on, LitecoindHarness)
    desk.fund("ann", 5 * COIN)
    on.chain.close()
    transport = Behind(own_litecoind.url(port=proxy.port), proxy)
    on.chain = BitcoinChain(desk.currency, transport)
    desk.restart()
    paid = desk.withdraw("ann", 2 * COIN)
    transport.method, transport.how = "sendrawtransaction", "closed"
    desk.failing_step()
    txid = desk.attempt().txid
    assert own_litecoind.rpc("getrawmempool") == [txid]
    on.chain.close()  # a node that stops waits for its connections
    own_litecoind._flags = ("-persistmempool=0", "-walletbroadcast=0")
    own_litecoind.restart()
    assert own_litecoind.rpc("getrawmempool") == []
    assert names(desk) == []  # young
    desk.now += LONG
    found, (only,) = reconcile(desk)
    assert (only.kind, only.subject) == ("uncertain_send", desk.attempt().family)
    assert (only.units, found.residual) == (-2 * COIN, 0)
    assert only.evidence["last_reply"] == "none is known"
    assert only.evidence["payments"] == [paid.id]
    assert not only.fixable
    desk.finish(paid)
    assert_reconciles(desk)
    assert desk.attempt().txid == txid
    on.chain.close()
