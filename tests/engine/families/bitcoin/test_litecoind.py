"""What a real litecoind does and the family relies on, beyond the suite that all chains share."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.chain import Arrival, Expectation, Pay, Sending, Spend, Standing, Trust
from engine.errors import NodeDown, NodeRefused, UnknownCursor
from engine.families.bitcoin import BitcoinChain, open_chain
from engine.families.bitcoin.calls import DEPOSITS, WITHDRAWALS
from tests.nodes.currencies import currency_of
from tests.nodes.litecoind import Litecoind

pytestmark = pytest.mark.node

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
OLD_SCRIPT_VERSION = 196  # 2…, which Bitcoin's test networks use too


@pytest.fixture
def chain(litecoind: Litecoind, tmp_path: Path) -> Iterator[BitcoinChain]:
    opened = open_chain(currency_of(tmp_path, "LTC"), litecoind.url())
    litecoind.mine()
    yield opened
    opened.close()


@pytest.fixture
def own(own_litecoind: Litecoind, tmp_path: Path) -> Iterator[BitcoinChain]:
    opened = open_chain(currency_of(tmp_path, "LTC"), own_litecoind.url())
    yield opened
    opened.close()


def _arrivals(chain: BitcoinChain, cursor: str | None, txid: str) -> list[Arrival]:
    return [each for each in chain.scan(cursor).arrivals if each.txid == txid]


def test_a_reward_is_generated_before_and_after_it_matures(
    own_litecoind: Litecoind, own: BitcoinChain
) -> None:
    cursor = own_litecoind.tip()
    block_hash = own_litecoind.mine(to=own.new_addresses(1)[0].address)[0]
    txid = own_litecoind.rpc("getblock", block_hash)["tx"][0]
    (young,) = _arrivals(own, cursor, txid)
    own_litecoind.mine(100)
    (mature,) = _arrivals(own, cursor, txid)
    assert young == mature
    assert mature.generated
    assert own.facts([txid])[txid].standing is Standing.MINED


def test_one_chain_tx_may_pay_one_address_twice_beside_outputs_that_pay_nobody(
    litecoind: Litecoind, chain: BitcoinChain
) -> None:
    cursor = litecoind.tip()
    ours = chain.new_addresses(1)[0].address
    hint = {"data": "00ff"}
    paid = litecoind.double_spend(litecoind.pay(litecoind.stranger(), "3"), {ours: "1"})
    decoded = litecoind.rpc("decoderawtransaction", paid)
    inputs = [{"txid": each["txid"], "vout": each["vout"]} for each in decoded["vin"]]
    change = {litecoind.stranger(): str(max(out["value"] for out in decoded["vout"]) - 1)}
    bare = litecoind.rpc("createrawtransaction", inputs, [{ours: "1"}, hint, change])
    twice = _with_first_output_doubled(bare)
    signed = litecoind.outside("signrawtransactionwithwallet", twice)["hex"]
    litecoind.mine_only(signed)
    txid = litecoind.rpc("decoderawtransaction", signed)["txid"]
    found = _arrivals(chain, cursor, txid)
    assert [(each.address, each.units) for each in found] == [(ours, 100_000_000)] * 2
    assert {each.index for each in found} == {"vout:0", "vout:1"}


def _with_first_output_doubled(raw_tx: str) -> str:
    """The unsigned bytes with their first output (value, 22-byte script) twice in a row."""
    outputs = raw_tx.index("03" + "00e1f505")  # three outputs, the first of one coin
    first = raw_tx[outputs + 2 : outputs + 2 + 2 * (8 + 1 + 22)]
    return raw_tx[:outputs] + "04" + first + raw_tx[outputs + 2 :]


def test_an_address_is_reported_in_its_one_form_however_it_was_written(
    litecoind: Litecoind, chain: BitcoinChain
) -> None:
    cursor = litecoind.tip()
    ours = chain.new_addresses(1)[0]
    upper = litecoind.pay(ours.address.upper(), "1")
    assert [each.address for each in _arrivals(chain, cursor, upper)] == [ours.address]
    assert litecoind.rpc("validateaddress", ours.address.upper())["scriptPubKey"] == ours.script
    modern = litecoind.cashier("getnewaddress", "", "p2sh-segwit")
    old_form = _with_version(modern, OLD_SCRIPT_VERSION)
    assert (modern[0], old_form[0]) == ("Q", "2")
    older = litecoind.pay(old_form, "1")
    assert [each.address for each in _arrivals(chain, cursor, older)] == [modern]


def _with_version(address: str, version: int) -> str:
    """The same script address under another version byte."""
    number = 0
    for letter in address:
        number = number * 58 + BASE58.index(letter)
    payload = bytes([version]) + number.to_bytes(25, "big")[1:21]
    check = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(payload + check, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return text


def test_a_wallet_restored_from_a_backup_hands_out_old_addresses_again(
    own_litecoind: Litecoind, own: BitcoinChain
) -> None:
    backup = own_litecoind.folder / "backup"
    own_litecoind.cashier("backupwallet", str(backup))
    before = own.new_addresses(3)
    own.close()
    own_litecoind.stop()
    backup.replace(own_litecoind.folder / "regtest" / "wallets" / "cashier" / "wallet.dat")
    own_litecoind.start()
    assert own.new_addresses(3) == before


def test_our_chain_tx_that_a_dead_deposit_funded_dies_with_it(
    litecoind: Litecoind, chain: BitcoinChain
) -> None:
    deposit = litecoind.pay(chain.new_addresses(1)[0].address, "2")
    cheat = litecoind.double_spend(deposit)
    dead = litecoind.mine(1)[0]
    coin = next(each for each in chain.scan(None).arrivals if each.txid == deposit)
    inputs = [{"txid": deposit, "vout": int(coin.index.removeprefix("vout:"))}]
    bare = litecoind.rpc("createrawtransaction", inputs, {litecoind.stranger(): "1.99"})
    paid = litecoind.broadcast(litecoind.cashier("signrawtransactionwithwallet", bare)["hex"])
    litecoind.reorg(1, first=[cheat])
    facts = chain.facts([deposit, paid])
    assert [facts[txid].standing for txid in (deposit, paid)] == [Standing.GONE] * 2
    assert [facts[txid].conflict_depth for txid in (deposit, paid)] == [2, 2]
    # Unlike a dead receive, a dead send stays listed, with its figures.
    sends = litecoind.cashier("listsinceblock", dead)["transactions"]
    assert paid in {row["txid"] for row in sends if row["confirmations"] < 0}
    assert not {deposit, paid} & chain.scan(dead).unconfirmed


def test_what_the_node_calls_removed_may_be_mined_elsewhere(
    litecoind: Litecoind, chain: BitcoinChain
) -> None:
    txid = litecoind.pay(chain.new_addresses(1)[0].address, "1")
    raw_tx = litecoind.raw(txid)
    dead = litecoind.mine()[0]
    litecoind.reorg(1, first=[raw_tx])
    removed = litecoind.cashier("listsinceblock", dead)["removed"]
    assert [row["confirmations"] for row in removed if row["txid"] == txid] == [2]
    (arrival,) = _arrivals(chain, dead, txid)
    assert arrival.block is not None
    assert arrival.block.hash != dead


def test_an_abandoned_chain_tx_of_ours_is_absent(
    own_litecoind: Litecoind, own: BitcoinChain
) -> None:
    own_litecoind.pay(own.new_addresses(1)[0].address, "2")
    own_litecoind.mine()
    txid = own_litecoind.cashier("sendtoaddress", own_litecoind.stranger(), "1")
    own.close()
    own_litecoind.stop()
    (own_litecoind.folder / "regtest" / "mempool.dat").unlink()
    quiet = Litecoind(own_litecoind.folder, flags=("-walletbroadcast=0",))
    try:
        quiet.start()
        quiet.cashier("abandontransaction", txid)
        opened = open_chain(own._currency, quiet.url())
        assert opened.facts([txid])[txid].standing is Standing.ABSENT
        opened.close()
    finally:
        quiet.kill()


@pytest.mark.parametrize("cursor", ["zz", "00" * 32, "Z" * 64])
def test_a_cursor_that_the_node_does_not_know_is_an_error_of_its_own(
    chain: BitcoinChain, cursor: str
) -> None:
    with pytest.raises(UnknownCursor):
        chain.scan(cursor)
    assert chain.block(cursor) is None


def test_watched_addresses_count_too(own_litecoind: Litecoind, tmp_path: Path) -> None:
    own_litecoind.rpc("createwallet", "watching", True, True)
    watched = own_litecoind.stranger()
    own_litecoind.rpc("importaddress", watched, "cold", False, wallet="watching")
    chain = open_chain(currency_of(tmp_path, "LTC"), own_litecoind.url("watching"))
    health = chain.health(Expectation(None, None, watched, 0), now_s=0)
    txid = own_litecoind.pay(watched, "1")
    assert health.trust is Trust.FULL
    assert [each.address for each in _arrivals(chain, None, txid)] == [watched]
    with pytest.raises(NodeRefused, match="refused a call"):
        chain.new_addresses(1)
    chain.close()


def test_a_locked_wallet_gives_what_it_has_and_then_says_so(
    own_litecoind: Litecoind, own: BitcoinChain
) -> None:
    own_litecoind.cashier("encryptwallet", "secret")
    made = own.new_addresses(100)
    assert 0 < len(made) < 100
    with pytest.raises(NodeRefused, match="has no fresh address ready") as caught:
        own.new_addresses(1)
    assert caught.value.rpc_code == -12


# A second user, password "only-asks", who may call what docs/nodes.md lists and nothing else.
WATCHER = "watcher:5a17$" + hmac.new(b"5a17", b"only-asks", "sha256").hexdigest()


@pytest.mark.parametrize(
    "own_litecoind",
    [
        (
            f"-rpcauth={WATCHER}",
            f"-rpcwhitelist=watcher:{','.join(sorted(DEPOSITS | WITHDRAWALS))}",
            "-rpcwhitelistdefault=0",
        )
    ],
    indirect=True,
)
def test_the_documented_whitelist_is_enough_and_binds(
    own_litecoind: Litecoind, tmp_path: Path
) -> None:
    url = f"http://watcher:only-asks@127.0.0.1:{own_litecoind.port}/wallet/cashier"
    chain = open_chain(currency_of(tmp_path, "LTC"), url)
    address = chain.new_addresses(1)[0].address
    txid = own_litecoind.pay(address, "1")
    assert chain.health(Expectation(None, None, address, 0), now_s=0).well
    assert txid in chain.scan(None).unconfirmed
    assert chain.facts([txid])[txid].standing is Standing.MEMPOOL
    own_litecoind.mine()
    (coin,) = _arrivals(chain, None, txid)
    spend = Spend(txid, coin.index, coin.units, address)
    assert chain.fee_floor() > 0
    chain.fee_rate(blocks=6)
    change = chain.change_address().address
    signed = chain.sign([spend], [Pay(change, coin.units - 10_000)], passphrase=None)
    assert chain.send(signed.raw).outcome is Sending.ACCEPTED
    told = chain.senders(signed.txid)
    assert told is not None
    assert told.known
    with pytest.raises(NodeDown, match="403: the node does not allow us a call"):
        chain._node.call("getbalance")
    assert chain.scan(None).tip_hash == own_litecoind.tip()
    chain.close()


def test_an_old_tip_pauses_where_age_matters(
    litecoind: Litecoind, chain: BitcoinChain, tmp_path: Path
) -> None:
    block = chain.block(litecoind.mine()[0])
    assert block is not None
    strict = open_chain(currency_of(tmp_path, "LTC", tip_max_age=3600), litecoind.url())
    expected = Expectation(None, None, None, 0)
    assert strict.health(expected, now_s=block.time + 3600).well
    old = strict.health(expected, now_s=block.time + 3720)
    assert (old.trust, old.reason) == (Trust.SHOW, "its newest block is 62 minutes old")
    strict.close()


def test_a_node_without_peers_pauses_where_peers_matter(
    litecoind: Litecoind, tmp_path: Path
) -> None:
    chain = open_chain(currency_of(tmp_path, "LTC", min_peers=2), litecoind.url())
    health = chain.health(Expectation(None, None, None, 0), now_s=0)
    assert (health.trust, health.reason) == (Trust.SHOW, "too few peers: 0 of 2")
    chain.close()


def test_a_node_of_another_network_is_believed_in_nothing(
    litecoind: Litecoind, tmp_path: Path
) -> None:
    chain = open_chain(currency_of(tmp_path, "BTC", network="regtest"), litecoind.url())
    health = chain.health(Expectation(None, None, None, 0), now_s=0)
    assert health.trust is Trust.NONE
    expected = "another network: the node's first block is not that of Bitcoin regtest"
    assert health.reason == expected
    chain.close()
