"""Every coin of the wallet counts, also those that `listunspent` keeps to itself."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.chain import Unspent
from engine.errors import NodeDown, TipMoved
from engine.families.bitcoin import BitcoinChain, open_chain
from engine.families.bitcoin.coins import CoinReader
from tests.nodes.canned import CannedNode
from tests.nodes.currencies import currency_of
from tests.nodes.litecoind import Litecoind

TIP, TXID, ADDRESS = "ab" * 32, "cd" * 32, "bchreg:qexample"
COIN = 10**8


@pytest.fixture
def chain(litecoind: Litecoind, tmp_path: Path) -> Iterator[BitcoinChain]:
    opened = open_chain(currency_of(tmp_path, "LTC"), litecoind.url())
    litecoind.mine()
    yield opened
    opened.close()


def coins_of(chain: BitcoinChain, node: Litecoind, txid: str) -> list[Unspent]:
    return [coin for coin in chain.coins(node.tip()) if coin.txid == txid]


@pytest.mark.node
def test_a_locked_coin_is_a_coin_whichever_way_it_is_listed(
    litecoind: Litecoind, chain: BitcoinChain
) -> None:
    txid = litecoind.pay(litecoind.address(), "2")
    litecoind.mine()
    free = coins_of(chain, litecoind, txid)
    place = {"txid": txid, "vout": int(free[0].index.removeprefix("vout:"))}
    litecoind.cashier("lockunspent", False, [place])
    try:
        assert coins_of(chain, litecoind, txid) == free
    finally:
        litecoind.cashier("lockunspent", True, [place])


@pytest.mark.node
def test_a_watched_address_has_coins_too(litecoind: Litecoind, chain: BitcoinChain) -> None:
    cold = litecoind.stranger()
    litecoind.cashier("importaddress", cold, "", False)
    txid = litecoind.pay(cold, "2")
    litecoind.mine()
    (coin,) = coins_of(chain, litecoind, txid)
    assert (coin.address, coin.units) == (cold, 2 * COIN)


@pytest.mark.node
def test_the_coins_are_what_the_wallets_balance_says(
    litecoind: Litecoind, chain: BitcoinChain
) -> None:
    litecoind.pay(litecoind.address(), "0.12345678")
    litecoind.mine()
    figures = litecoind.cashier("getbalances")
    total = sum(
        Decimal(str(part.get(key, 0)))
        for part in (figures["mine"], figures.get("watchonly", {}))
        for key in ("trusted", "immature")
    )
    found = chain.coins(litecoind.tip())
    assert sum(coin.units for coin in found) == int(total * COIN)
    assert len({coin.coin for coin in found}) == len(found)


@pytest.mark.node
def test_an_abandoned_chain_tx_spends_nothing(own_litecoind: Litecoind, tmp_path: Path) -> None:
    chain = open_chain(currency_of(tmp_path, "LTC"), own_litecoind.url())
    paid = own_litecoind.pay(own_litecoind.address(), "2")
    own_litecoind.mine()
    sent = own_litecoind.spend_ours(paid, own_litecoind.stranger(), "1")
    (coin,) = coins_of(chain, own_litecoind, paid)
    assert coin.spender == sent
    # An empty mempool at the next start: the wallet alone remembers what it sent.
    chain.close()  # a node that stops waits for its connections
    own_litecoind._flags = ("-walletbroadcast=0", "-persistmempool=0")
    own_litecoind.restart()
    own_litecoind.cashier("abandontransaction", sent)
    (coin,) = coins_of(chain, own_litecoind, paid)
    assert coin.spender is None
    chain.close()


CANNED: dict[str, Any] = {
    "getbestblockhash": TIP,
    "getblockheader": {"height": 200},
    "getblockhash": TIP,
    "getwalletinfo": {"txcount": 3, "balance": 2, "immature_balance": Decimal("1.5")},
    "listlockunspent": [],
    "listsinceblock": {"transactions": []},
    "listunspent": [
        {
            "txid": TXID,
            "vout": 1,
            "address": ADDRESS,
            "amount": Decimal("1.25"),
            "confirmations": 3,
        }
    ],
}


@pytest.fixture
def canned() -> Iterator[CannedNode]:
    with CannedNode(CANNED) as node:
        yield node


def open_canned(node: CannedNode, folder: Path, symbol: str) -> BitcoinChain:
    return open_chain(currency_of(folder, symbol), node.url)


@pytest.mark.parametrize(("symbol", "tokens"), [("BCH", True), ("BTC", False)])
def test_coins_that_carry_tokens_are_asked_for_where_there_are_any(
    canned: CannedNode, tmp_path: Path, symbol: str, tokens: bool
) -> None:
    chain = open_canned(canned, tmp_path, symbol)
    (coin,) = chain.coins(TIP)
    assert coin == Unspent(TXID, "vout:1", symbol, ADDRESS, 125_000_000, 198)
    (asked,) = [params for method, params in canned.asked if method == "listunspent"]
    assert ({"includeTokens": True} in asked) is tokens
    chain.close()


def test_a_tip_that_moves_while_coins_are_listed_ends_the_count(
    canned: CannedNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = open_canned(canned, tmp_path, "BTC")
    list_coins = CoinReader._listed

    def listed(self: CoinReader, height: int) -> Iterator[Unspent]:
        canned.replies["getbestblockhash"] = "ef" * 32
        return list_coins(self, height)

    monkeypatch.setattr(CoinReader, "_listed", listed)
    with pytest.raises(TipMoved):
        chain.coins(TIP)
    chain.close()


@pytest.mark.parametrize(
    "wrong", [{"amount": "many"}, {"txid": 7}, {"confirmations": 0}, {"vout": -1}]
)
def test_a_coin_that_cannot_be_read_is_no_count_at_all(
    canned: CannedNode, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    canned.replies["listunspent"] = [CANNED["listunspent"][0] | wrong]
    chain = open_canned(canned, tmp_path, "BTC")
    with pytest.raises(NodeDown, match="malformed"):
        chain.coins(TIP)
    chain.close()


def test_a_bare_script_is_named_by_its_bytes(canned: CannedNode, tmp_path: Path) -> None:
    bare = {"txid": TXID, "vout": 0, "scriptPubKey": "51", "amount": 1, "confirmations": 1}
    canned.replies["listunspent"] = [bare]
    chain = open_canned(canned, tmp_path, "BTC")
    assert [coin.address for coin in chain.coins(TIP)] == ["script:51"]
    chain.close()


def test_the_mark_follows_balances_and_not_how_rewards_age(
    canned: CannedNode, tmp_path: Path
) -> None:
    """A node without `getbalances`, which has the same figures elsewhere."""
    chain = open_canned(canned, tmp_path, "BTC")
    before = chain.coins_mark()
    canned.replies["getwalletinfo"] = {
        "txcount": 3,
        "balance": Decimal("3.5"),
        "immature_balance": 0,
    }
    assert chain.coins_mark() == before
    canned.replies["getwalletinfo"] = {"txcount": 3, "balance": 3, "immature_balance": 0}
    assert chain.coins_mark() != before
    chain.close()
