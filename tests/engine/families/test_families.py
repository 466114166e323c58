"""The table of families: what is in it opens, and what nobody wrote is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine import config
from engine.chain import ByBalance, Chain
from engine.errors import NodeDown
from engine.families import FAMILIES, open_chain, open_followed
from engine.families.bitcoin import BitcoinChain
from engine.ours import NothingYet
from tests.nodes.anvil_hands import ether
from tests.nodes.currencies import currency_of


def test_every_family_that_a_configuration_may_name_is_in_the_table() -> None:
    assert set(FAMILIES) == set(config.FAMILIES)


@pytest.mark.parametrize("symbol", ["BTC", "LTC", "BCH", "DOGE"])
def test_a_coin_of_the_bitcoin_family_opens_by_its_table_alone(symbol: str, tmp_path: Path) -> None:
    chain = open_chain(currency_of(tmp_path, symbol), "http://u:p@127.0.0.1:1/wallet/x")
    assert isinstance(chain, BitcoinChain)
    assert chain.calls() == 0


def test_a_coin_of_the_evm_family_opens_with_its_tokens(tmp_path: Path) -> None:
    currency = ether(tmp_path, "http://127.0.0.1:1", {"USDT": "0x" + "ab" * 20})
    chain = open_followed(currency, "http://127.0.0.1:1", ours=NothingYet())
    assert isinstance(chain, ByBalance)
    assert not isinstance(chain, Chain)
    assert chain.calls() == 0


def test_an_address_that_is_none_is_a_node_that_is_down(tmp_path: Path) -> None:
    with pytest.raises(NodeDown, match="URL"):
        open_chain(currency_of(tmp_path, "LTC"), "nowhere")


def test_a_process_that_opens_no_chain_loads_no_nodes_client() -> None:
    program = "import sys, engine.families; print({'bitcoinrpc', 'web3'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
