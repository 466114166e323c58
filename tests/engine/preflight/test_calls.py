"""A node that forbids a call is found before coins arrive, with what to write into its file."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.families.bitcoin.calls import COLD, DEPOSITS, WITHDRAWALS
from engine.preflight.calls import check_calls
from engine.preflight.currency import check_currency
from engine.preflight.finding import Finding
from tests.engine.house import NOW, house
from tests.nodes.canned import CannedNode, raw
from tests.nodes.litecoind import Litecoind

ALL = DEPOSITS | WITHDRAWALS | COLD
FORBIDDEN = raw("", status=403, content_type="text/html")
NAMELESS = {"__error__": {"code": -8, "message": "Unknown named parameter"}}
SENDING = ("sendrawtransaction", "signrawtransactionwithwallet")
GUIDE = Path(__file__).parents[3] / "docs" / "nodes.md"


@pytest.fixture
def node() -> Iterator[CannedNode]:
    with CannedNode(dict.fromkeys(ALL, NAMELESS)) as canned:
        yield canned


def found(node_url: str, folder: Path) -> list[Finding]:
    return list(check_calls(house(folder, node=node_url).currencies["LTC"]))


def test_a_node_that_allows_all_is_one_line(node: CannedNode, tmp_path: Path) -> None:
    (line,) = found(node.url, tmp_path)
    assert (line.ok, line.name, line.what) == (
        True,
        "LTC calls",
        "every call is allowed that is needed for deposits and reconciliation, withdrawals",
    )


def test_what_is_forbidden_is_a_line_for_each_purpose(node: CannedNode, tmp_path: Path) -> None:
    node.replies |= dict.fromkeys((*SENDING, "listsinceblock"), FORBIDDEN)
    first, second = (line.problem for line in found(node.url, tmp_path))
    assert first.what == "it forbids listsinceblock: needed for deposits and reconciliation"
    assert str(second) == (
        "currency.LTC.node: it forbids sendrawtransaction, signrawtransactionwithwallet: needed for"
        " withdrawals; add sendrawtransaction,signrawtransactionwithwallet to rpcwhitelist of this"
        " user at the node, and start it again; docs/nodes.md has the whole line"
    )


def test_a_node_that_forbids_everything_is_one_line(node: CannedNode, tmp_path: Path) -> None:
    node.replies = dict.fromkeys(ALL, FORBIDDEN)
    (line,) = found(node.url, tmp_path)
    assert line.what == "it forbids every call"
    assert "rpcallowip" in line.cure


def test_a_call_that_the_node_does_not_know_has_a_cure_of_its_own(
    node: CannedNode, tmp_path: Path
) -> None:
    del node.replies["signrawtransactionwithwallet"]
    (line,) = found(node.url, tmp_path)
    assert line.what == "it does not know signrawtransactionwithwallet: needed for withdrawals"
    assert line.cure == "use a node that docs/nodes.md names"


def test_what_could_not_be_asked_is_said(node: CannedNode, tmp_path: Path) -> None:
    node.replies["getblockchaininfo"] = {}
    _, line = found(node.url, tmp_path)
    assert (line.ok, line.what) == (
        True,
        "not asked, because this node might carry it out: getnewaddress, getrawchangeaddress",
    )


def test_a_node_that_does_not_answer_is_another_checks_finding(tmp_path: Path) -> None:
    assert found("http://user:password@127.0.0.1:1/", tmp_path) == []


def _user(name: str, allowed: frozenset[str]) -> tuple[str, str]:
    """Flags for a user of this name, with its name for a password."""
    password = hmac.new(b"5a17", name.encode(), "sha256").hexdigest()
    return f"-rpcauth={name}:5a17${password}", f"-rpcwhitelist={name}:{','.join(sorted(allowed))}"


def _documented() -> frozenset[str]:
    (line,) = re.findall(r"^rpcwhitelist=cashier:(\S+)$", GUIDE.read_text(), re.MULTILINE)
    return frozenset(line.split(","))


@pytest.mark.node
@pytest.mark.parametrize(
    "own_litecoind",
    [
        (
            *_user("documented", _documented()),
            *_user("silenced", _documented() - frozenset(SENDING)),
            *_user("beside", _documented() | {"listwallets"}),
            "-rpcwhitelistdefault=0",
        )
    ],
    indirect=True,
)
def test_a_real_node_forbids_what_its_list_lacks_and_passes_with_the_documented_one(
    own_litecoind: Litecoind, tmp_path: Path
) -> None:
    def failed(user: str, **keys: Any) -> dict[str, str]:
        url = f"http://{user}:{user}@127.0.0.1:{own_litecoind.port}/wallet/cashier"
        currency = house(tmp_path, node=url, **keys).currencies["LTC"]
        checks = check_currency(currency, now=NOW, with_database=False)
        return {each.name: each.what for each in checks if not each.ok}

    assert failed("documented") == {}
    said = f"it forbids {', '.join(SENDING)}: needed for withdrawals"
    assert failed("silenced") == {"LTC calls": said}
    cold = {"address": own_litecoind.stranger()}
    own_litecoind.rpc("createwallet", "cold", True)
    own_litecoind.rpc("importaddress", cold["address"], "", False, wallet="cold")
    wrong = failed("documented", cold=cold)
    assert wrong.keys() == {"LTC calls", "LTC cold address"}
    assert wrong["LTC calls"] == "it forbids listwallets, scantxoutset: needed for the cold wallet"
    assert failed("beside", cold=cold) == {}
