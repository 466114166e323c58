"""`node = "embedded"` in cashier.toml is a chain that the family follows, whoever runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.config import Currency, load_config
from engine.config.currency_table import EMBEDDED_CHAIN_ID
from engine.families.evm import open_chain
from engine.families.evm.embedded import keeper
from engine.families.evm.embedded.genesis import CHAIN_ID
from tests.engine.toml_text import SITE_SECRET, dump
from tests.nodes.anvil import call
from tests.nodes.anvil_hands import WORDS, Memory

ETH = 10**18


def _ether(folder: Path) -> Currency:
    site = {"handshake": {"algorithm": "HS256", "secret": SITE_SECRET}}
    table = {"node": "embedded", "keys": {"mnemonic": WORDS}}
    path = folder / "cashier.toml"
    path.write_text(dump({"site": site, "currency": {"ETH": table}}))
    return load_config(path, role="engine", environ={}).currencies["ETH"]


@pytest.fixture
def ether(tmp_path: Path) -> Iterator[Currency]:
    yield _ether(tmp_path)
    keeper.close(tmp_path / "var" / "embedded-ETH")


def _url(currency: Currency) -> str:
    assert currency.node is not None
    return currency.node.reveal()


def test_its_chain_is_kept_beside_the_configuration(ether: Currency, tmp_path: Path) -> None:
    assert _url(ether) == f"embedded:{tmp_path}/var/embedded-ETH"
    assert ether.chain_id == EMBEDDED_CHAIN_ID == CHAIN_ID
    assert not (tmp_path / "var").exists()


def test_a_payment_through_its_door_is_an_arrival(ether: Currency, tmp_path: Path) -> None:
    ours = Memory()
    with closing(open_chain(ether, _url(ether), ours=ours)) as chain:
        start = chain.scan(None).tip_hash
        ours.made += chain.new_addresses(1)
        address = ours.made[0].address
        port = int(keeper.url_of(tmp_path / "var" / "embedded-ETH").rpartition(":")[2])
        people = call(port, "eth_accounts")
        call(port, "eth_sendTransaction", {"from": people[0], "to": address, "value": hex(ETH)})
        call(port, "evm_mine")
        (arrival,) = chain.scan(start).arrivals
        assert (arrival.address, arrival.units, arrival.currency) == (address, ETH, "ETH")


def test_a_chain_goes_on_in_this_process_when_the_one_that_ran_it_has_ended(
    ether: Currency, tmp_path: Path
) -> None:
    with closing(open_chain(ether, _url(ether), ours=Memory())) as chain:
        before = chain.identity()
        keeper.close(tmp_path / "var" / "embedded-ETH")
        assert chain.identity() == before
