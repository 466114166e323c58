"""What is asked of keys and tokens before coins arrive, of a real node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.preflight.currency import check_currency
from engine.preflight.evm import check_answers, check_sends
from engine.preflight.finding import Finding
from tests.engine.families.evm.life import EvmHouse
from tests.engine.house import NOW
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import WORDS, ether
from tests.nodes.canned import CannedNode
from tests.nodes.contracts import deploy
from tests.nodes.proxy import HTML_403, Breakage, Proxy, edited, instead

pytestmark = pytest.mark.node


@pytest.fixture
def house(database: str, anvil: Anvil, tmp_path: Path) -> Iterator[EvmHouse]:
    token = deploy(anvil, "Good")
    opened = EvmHouse.open(tmp_path, database, anvil, tokens={"USDT": token})
    opened.address("ann")
    yield opened
    opened.on.chain.close()


def found(house: EvmHouse, tmp_path: Path, **keys: Any) -> dict[str, Finding]:
    contracts = {each.symbol: str(each.token) for each in house.config.currencies["ETH"].tokens}
    currency = house.config.currencies["ETH"]
    if keys:
        currency = ether(tmp_path, house.node.url(), contracts, **keys)
    listed = check_currency(currency, now=NOW, with_database=True)
    return {finding.name: finding for finding in listed}


def test_a_well_chain_passes_every_check(house: EvmHouse, tmp_path: Path) -> None:
    findings = found(house, tmp_path)
    assert [name for name, each in findings.items() if not each.ok] == []
    assert "they make all 4 addresses" in findings["ETH keys"].what
    assert "has 6 decimals" in findings["USDT token"].what
    assert findings["ETH answers"].what == "it tells all that is needed"
    assert findings["ETH sending"].what == "it takes chain txs"
    assert findings["ETH version"].what.startswith("anvil/")


def test_other_keys_are_named_with_an_address_that_they_do_not_make(
    house: EvmHouse, tmp_path: Path
) -> None:
    findings = found(house, tmp_path, keys={"mnemonic": WORDS})
    assert not findings["ETH keys"].ok
    assert "do not make 4 of 4 addresses, such as 0x" in findings["ETH keys"].what
    assert not findings["ETH wallet"].ok


def test_words_that_are_none_are_said_to_be(house: EvmHouse, tmp_path: Path) -> None:
    findings = found(house, tmp_path, keys={"mnemonic": "no words at all"})
    assert any("no BIP-39" in each.what for each in findings.values() if not each.ok)


def test_a_token_without_a_contract_is_found(house: EvmHouse, anvil: Anvil) -> None:
    ground = house.config.currencies["ETH"]
    folder = Path(house.config.path).parent
    currency = ether(
        folder, house.node.url(), {"USDT": str(ground.tokens[0].token), "GONE": anvil.stranger()}
    )
    listed = check_currency(currency, now=NOW, with_database=False)
    by_name = {finding.name: finding for finding in listed}
    assert by_name["USDT token"].ok
    assert "there is no contract" in by_name["GONE token"].what
    assert by_name["GONE token"].key == "currency.GONE.token"


def test_a_contract_of_another_number_of_decimals_is_found(house: EvmHouse, tmp_path: Path) -> None:
    contract = str(house.config.currencies["ETH"].tokens[0].token)
    currency = ether(tmp_path, house.node.url(), {"USDT": contract}, decimals=8)
    listed = check_currency(currency, now=NOW, with_database=False)
    (finding,) = (each for each in listed if each.name == "USDT token")
    assert (finding.ok, finding.key) == (False, "currency.USDT.decimals")


def test_a_node_that_tells_too_little_is_named(tmp_path: Path) -> None:
    block = "0x" + "ab" * 32
    header = {"number": "0x0", "hash": block, "parentHash": block, "timestamp": "0x1"}
    with CannedNode({"eth_getBlockByNumber": {**header, "transactions": []}}) as canned:
        (finding,) = check_answers(ether(tmp_path, canned.url, {}))
    assert not finding.ok
    assert "estimates of gas" in finding.what
    assert "base fee" in finding.what
    assert "docs/nodes.md" in finding.cure


def test_a_node_that_does_not_answer_is_another_checks_finding(tmp_path: Path) -> None:
    currency = ether(tmp_path, "http://127.0.0.1:1", {})
    assert [*check_answers(currency), *check_sends(currency)] == []


def _refused(code: int) -> Breakage:
    error = {"code": code, "message": "the method does not exist/is not available"}
    return edited(lambda reply: {"jsonrpc": "2.0", "id": reply["id"], "error": error})


@pytest.mark.parametrize(
    "breakage",
    [_refused(-32601), _refused(-32004), instead(HTML_403)],
    ids=["-32601", "-32004", "403"],
)
def test_a_node_that_takes_no_chain_txs_is_named(
    anvil: Anvil, tmp_path: Path, breakage: Breakage
) -> None:
    """As a gateway that only lets through what tells something."""
    with closing(Proxy(anvil.port)) as proxy:
        proxy.break_all(breakage, method="eth_sendRawTransaction")
        currency = ether(tmp_path, f"http://127.0.0.1:{proxy.port}", {})
        found = check_currency(currency, now=NOW, with_database=False)
        failed = {each.name: each for each in found if not each.ok}
    assert [*failed] == ["ETH sending"]
    assert failed["ETH sending"].what == "it takes no chain txs: nothing is paid or swept"
    assert "allow eth_sendRawTransaction" in failed["ETH sending"].cure
