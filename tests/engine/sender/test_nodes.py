"""A real node that hangs, cuts its replies, is restarted or locked in the middle of a payment.

Cases 61, 63, 66, 86 and 87; facts 2.2a, 2.2c, 2.2d and 2.2e.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from db.models import Payment
from engine.chain import Sending
from engine.config import load_config
from engine.errors import NodeDown
from engine.families.bitcoin.chain import BitcoinChain
from engine.families.bitcoin.transport import TIMEOUT_S, Transport
from tests.engine.deposits.worlds import on_a_node_of_its_own, on_litecoind
from tests.engine.sender.conftest import OpenDesk
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.harness import Harness, LitecoindHarness
from tests.nodes.litecoind import Litecoind
from tests.nodes.proxy import Breakage, Proxy, cut_at, instead, silent

HASTY_S = 1
PASSPHRASE = "correct horse"
BREAKAGES: dict[str, Breakage] = {
    "hung": silent(HASTY_S + 1),
    "closed": cut_at(0),
    "cut": cut_at(-10),
    "replaced": instead(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
}


class Behind(Transport):
    """A transport through a proxy that breaks the reply to `method`, once. It is that reply only
    for which it does not wait long: on a busy machine the others take their time."""

    def __init__(self, url: str, proxy: Proxy) -> None:
        super().__init__(url)
        self._through = proxy
        self.method = ""
        self.how = ""

    def call(self, method: str, *params: object) -> object:
        if method != self.method:
            return super().call(method, *params)
        self.method = ""
        self._through.break_next(BREAKAGES[self.how])
        self._wait_for(HASTY_S if self.how == "hung" else TIMEOUT_S)
        try:
            return super().call(method, *params)
        finally:
            self._wait_for(TIMEOUT_S)

    def _wait_for(self, timeout_s: int) -> None:
        self._timeout_s = timeout_s
        self.close()


@pytest.fixture
def behind(on: Harness, open_desk: OpenDesk) -> Iterator[Callable[[], tuple[Desk, Behind, Proxy]]]:
    proxies: list[Proxy] = []

    def make() -> tuple[Desk, Behind, Proxy]:
        assert isinstance(on, LitecoindHarness)
        proxies.append(Proxy(on.node.port))
        desk = open_desk()
        on.chain.close()
        transport = Behind(on.node.url(port=proxies[0].port), proxies[0])
        on.chain = BitcoinChain(desk.currency, transport)
        desk.restart()
        return desk, transport, proxies[0]

    yield make
    on.chain.close()
    for proxy in proxies:
        proxy.close()


@on_litecoind
@pytest.mark.parametrize("method", ["sendrawtransaction", "signrawtransactionwithwallet"])
@pytest.mark.parametrize("how", sorted(BREAKAGES))
def test_a_broken_reply_pays_once(
    behind: Callable[[], tuple[Desk, Behind, Proxy]], method: str, how: str
) -> None:
    """Case 61: it is unknown what happened, and the node is asked before anything else is done."""
    desk, transport, proxy = behind()
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    broken = proxy.broken
    transport.method, transport.how = method, how
    desk.failing_step()
    assert proxy.broken == broken + 1
    signed = method == "sendrawtransaction"
    assert len(desk.attempts()) == (1 if signed else 0)
    desk.finish(paid)
    assert len(desk.attempts()) == 1


@on_a_node_of_its_own
def test_a_node_that_forgot_its_mempool_gets_the_same_bytes(
    desk: Desk, own_litecoind: Litecoind
) -> None:
    """Cases 63, 87: the wallet knows it, the mempool does not, and the node's locks are gone."""
    desk.fund("ann", 5 * COIN, 6 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    txid = desk.attempt().txid
    desk.on.chain.close()  # a node that stops waits for its connections
    own_litecoind._flags = ("-persistmempool=0", "-walletbroadcast=0")
    own_litecoind.restart()
    assert own_litecoind.rpc("getrawmempool") == []
    another = desk.withdraw("ann", COIN)
    desk.step(after=timedelta(minutes=1))
    assert txid in own_litecoind.rpc("getrawmempool")
    assert desk.now_of(paid).txid == txid
    desk.finish(paid, another)
    assert len(desk.attempts()) == 2


@on_litecoind
def test_bytes_that_are_mined_already_are_no_failure(desk: Desk) -> None:
    """2.2c: -27, and then what the chain says."""
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    desk.on.mine(1)
    assert desk.node.send(desk.attempt().signed).outcome is Sending.MINED
    desk.finish(paid)


@on_a_node_of_its_own
def test_a_locked_wallet_waits_and_goes_on_when_it_can_be_opened(
    open_desk: OpenDesk, own_litecoind: Litecoind, tmp_path: Path
) -> None:
    """Case 86: in the middle of a queue; and it is open for the moment of signing only."""
    desk = open_desk(**{"batch.max": 1})
    desk.fund("ann", 4 * COIN, 5 * COIN, 6 * COIN)
    first = desk.withdraw("ann", COIN)
    desk.settle()
    own_litecoind.cashier("encryptwallet", PASSPHRASE)
    rest = [desk.withdraw("ann", COIN) for _ in range(2)]
    desk.settle()
    rows = [desk.now_of(each) for each in rest]
    assert [(row.state, row.sub_state) for row in rows] == [("requested", "waiting")] * 2
    assert rows[0].reason == "waiting: the node's wallet is locked"
    assert len(desk.attempts()) == 1
    _give_passphrase(desk, tmp_path / "cashier.toml", "wrong")
    desk.settle()
    assert desk.now_of(rest[0]).reason == "waiting: the wallet's passphrase is wrong"
    _give_passphrase(desk, tmp_path / "cashier.toml", PASSPHRASE)
    desk.finish(first, *rest)
    assert own_litecoind.cashier("getwalletinfo")["unlocked_until"] == 0


def _give_passphrase(desk: Desk, path: Path, passphrase: str) -> None:
    """The engine is started again with `keys = { passphrase = … }` in its currency's table."""
    text = path.read_text().partition("keys.passphrase")[0]
    path.write_text(f'{text}keys.passphrase = "{passphrase}"\n')
    desk.config = load_config(path, role="engine")
    desk.currency = desk.config.currencies["LTC"]
    desk.restart()


@on_a_node_of_its_own
def test_a_frozen_node_holds_nothing_but_time(desk: Desk, own_litecoind: Litecoind) -> None:
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    slow = BitcoinChain(desk.currency, Transport(own_litecoind.url(), timeout_s=1))
    real, desk.on.chain = desk.on.chain, slow
    real.close()
    desk.restart()
    own_litecoind.freeze()
    assert isinstance(desk.failing_step(), NodeDown)
    own_litecoind.thaw()
    slow.close()
    desk.on.chain = real
    desk.restart()
    desk.finish(paid)
    assert Payment.select().where(Payment.kind == "withdrawal").count() == 1
