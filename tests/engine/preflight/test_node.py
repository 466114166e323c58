"""What is wrong with a node is named for what it is, with what to do about it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from engine.chain import Chain, Expectation, NewAddress
from engine.config import Currency
from engine.errors import NodeDown, NodeRefused
from engine.preflight.finding import Finding
from engine.preflight.node import NodeCheck
from tests.engine.house import NOW, house
from tests.nodes.fake import FakeChain

NOTHING_KNOWN = Expectation(None, None, None, -1)
HASH = "ab" * 20
# BIP-173's own example of a P2WPKH address, on regtest LTC's prefix in `currency` below.
OURS = NewAddress("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0014" + HASH)


class Counted(FakeChain):
    """A fake whose new addresses look like addresses."""

    def new_addresses(self, count: int) -> list[NewAddress]:
        self._call()
        return [OURS] * count


@pytest.fixture
def currency(tmp_path: Path) -> Currency:
    config = house(tmp_path, bech32_hrp="bc", min_peers=2)
    return config.currencies["LTC"]


@pytest.fixture
def node() -> FakeChain:
    fake = Counted()
    fake.mine(5)
    return fake


def findings(
    currency: Currency, node: Chain, expected: Expectation = NOTHING_KNOWN
) -> dict[str, Finding]:
    check = NodeCheck(currency, expected, NOW, lambda _: node)
    return {found.check: found for found in check.everything(None)}


def wrong(found: dict[str, Finding]) -> dict[str, str]:
    return {check: finding.what for check, finding in found.items() if not finding.ok}


def test_a_well_node_has_every_check_in_order(currency: Currency, node: FakeChain) -> None:
    found = findings(currency, node)
    assert list(found) == [
        *("node", "network", "wallet", "synced", "peers", "version", "address"),
    ]
    assert not wrong(found)
    assert found["synced"].what == "block 5"
    assert node.closed == 1


@pytest.mark.parametrize(
    ("change", "check", "what"),
    [
        ({"other_genesis": "cd" * 32}, "network", "another network"),
        ({"other_wallet": True}, "wallet", "another wallet"),
        ({"syncing": True}, "synced", "catching up"),
        ({"lag": 3}, "synced", "behind what it showed before"),
        ({"tip_max_age_s": 60}, "synced", "too old"),
        ({"peers": 0}, "peers", "no peers"),
    ],
)
def test_a_sick_node_fails_the_check_that_it_is_about(
    currency: Currency, node: FakeChain, change: dict[str, object], check: str, what: str
) -> None:
    expected = Expectation(node.active[0], None, None, 5)
    for name, value in change.items():
        setattr(node, name, value)
    found = findings(currency, node, expected)
    assert list(wrong(found)) == [check]
    assert what in wrong(found)[check]
    assert found[check].cure
    assert found[check].key == "currency.LTC.node"
    assert node.closed == 1


def test_what_a_fault_hides_is_not_called_ok(currency: Currency, node: FakeChain) -> None:
    node.other_wallet = True
    found = findings(currency, node)
    assert "address" not in found
    assert "synced" not in found


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (NodeDown("401: the node refused our user and password"), "rpcauth"),
        (NodeDown("the node is still starting: Loading block index…"), "wait"),
        (NodeDown("the node did not answer in time"), "log of litecoind"),
    ],
)
def test_a_silent_node_is_one_line_with_a_cure(
    currency: Currency, node: FakeChain, error: NodeDown, cure: str
) -> None:
    node.fail(error)
    found = findings(currency, node)
    assert list(found) == ["node"]
    assert str(error) in found["node"].what
    assert "127.0.0.1:19443" in found["node"].what
    assert cure in found["node"].cure


def test_no_finding_tells_the_password(currency: Currency, node: FakeChain) -> None:
    node.fail(NodeDown("the connection to the node failed"))
    texts = [str(found.problem) for found in findings(currency, node).values()]
    texts += [str(found.problem) for found in findings(currency, node).values()]
    assert texts
    assert not [text for text in texts if "password@" in text]


def test_a_node_that_nobody_runs_is_said_so(currency: Currency) -> None:
    check = NodeCheck(currency, NOTHING_KNOWN, NOW)
    (found,) = check.health()
    assert found.what == "connection refused at 127.0.0.1:19443"
    assert found.cure == "is litecoind running?"


def test_a_wallet_without_fresh_addresses_is_found(currency: Currency) -> None:
    class Dry(FakeChain):
        def new_addresses(self, count: int) -> list[NewAddress]:  # noqa: ARG002
            raise NodeRefused("the node's wallet has no fresh address ready", rpc_code=-12)

    found = findings(currency, Dry())
    assert list(wrong(found)) == ["address"]
    assert "keypoolrefill" in found["address"].cure


def test_an_address_that_the_node_reads_otherwise_is_found(
    currency: Currency, node: FakeChain
) -> None:
    check = NodeCheck(currency, NOTHING_KNOWN, NOW, lambda _: node)
    odd = dataclasses.replace(OURS, script=f"76a914{HASH}88ac")
    assert [f.check for f in check.everything(odd) if not f.ok] == ["address"]
    assert [f.check for f in check.everything(OURS) if not f.ok] == []
