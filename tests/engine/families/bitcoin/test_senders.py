"""Whose coins a chain tx spends: what a node knows, and what one without an index forgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.families import open_chain
from engine.families.bitcoin import BitcoinChain
from tests.engine.moves.vaults import FEE, NodeVault
from tests.nodes.currencies import currency_of
from tests.nodes.litecoind import Litecoind

pytestmark = pytest.mark.node
COIN = 100_000_000


@pytest.fixture
def vault(litecoind: Litecoind) -> NodeVault:
    return NodeVault(litecoind, 8)


@pytest.fixture
def chain(litecoind: Litecoind, tmp_path: Path, vault: NodeVault) -> Iterator[BitcoinChain]:
    """A node whose cold address is that of the vault."""
    keys = {"cold.address": vault.address}
    opened = open_chain(currency_of(tmp_path, "LTC", **keys), litecoind.url())
    assert isinstance(opened, BitcoinChain)
    yield opened
    opened.close()


def _spent(litecoind: Litecoind, vault: NodeVault) -> tuple[str, str]:
    """A coin of the vault in a block, and the chain tx that pays it to us."""
    funding = litecoind.pay(vault.address, "2")
    litecoind.mine()
    return funding, vault.spend(funding, {litecoind.address(): 2 * COIN - FEE})


def test_the_sender_is_known_while_it_is_in_the_mempool(
    litecoind: Litecoind, chain: BitcoinChain, vault: NodeVault
) -> None:
    funding, txid = _spent(litecoind, vault)
    found = chain.senders(txid)
    assert found is not None
    (coin,) = found.coins
    assert (coin.txid, coin.address, coin.units) == (funding, vault.address, 2 * COIN)
    assert (found.addresses, found.known, found.paid) == (
        frozenset({vault.address}),
        True,
        2 * COIN - FEE,
    )


def test_a_node_without_an_index_forgets_strangers_and_not_those_it_watches(
    litecoind: Litecoind, chain: BitcoinChain, vault: NodeVault
) -> None:
    _, txid = _spent(litecoind, vault)
    litecoind.mine()
    late = chain.senders(txid)
    assert late is not None
    assert (late.known, late.addresses) == (False, frozenset())
    vault.watch()
    funding, txid = _spent(litecoind, vault)
    litecoind.mine()
    watched = chain.senders(txid)
    assert watched is not None
    assert (watched.known, watched.coins[0].txid) == (True, funding)


def test_a_reward_has_no_sender_and_a_stranger_no_answer(
    litecoind: Litecoind, chain: BitcoinChain
) -> None:
    block_hash = litecoind.mine(to=litecoind.address())[0]
    reward = str(litecoind.rpc("getblock", block_hash)["tx"][0])
    found = chain.senders(reward)
    assert found is not None
    assert (found.coins, found.known) == ((), False)
    assert chain.senders("00" * 32) is None


def test_a_watched_address_is_listed_and_what_it_sends_is_not_ours_to_skip(
    litecoind: Litecoind, chain: BitcoinChain, vault: NodeVault
) -> None:
    assert not chain.owns(vault.address)
    hint = chain.watch_hint(vault.address)
    assert hint.startswith(f"importaddress {vault.address} ")
    vault.watch()
    assert chain.owns(vault.address)
    cursor = litecoind.tip()
    funding = litecoind.pay(vault.address, "2")
    litecoind.mine()
    ours = litecoind.address()
    txid = vault.spend(funding, {ours: COIN, vault.address: COIN - FEE})
    arrivals = [each for each in chain.scan(cursor).arrivals if each.txid in {funding, txid}]
    assert {(each.txid, each.address, each.own) for each in arrivals} == {
        (funding, vault.address, False),
        (txid, ours, False),
        (txid, vault.address, False),
    }


def test_a_coin_of_the_cold_address_that_waits_in_the_mempool_to_be_spent_counts(
    litecoind: Litecoind, chain: BitcoinChain, vault: NodeVault
) -> None:
    vault.watch()
    funding, txid = _spent(litecoind, vault)
    (coin,) = [each for each in chain.coins(litecoind.tip()) if each.txid == funding]
    assert (coin.units, coin.spender) == (2 * COIN, txid)
