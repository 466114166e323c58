"""Check names everything that is wrong in one run, each with a cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.desk import Desk
from tests.nodes.litecoind import Litecoind


@pytest.fixture
def ready(new_desk: Desk) -> Desk:
    new_desk.type("migrate")
    return new_desk


def failed(desk: Desk, *currencies: str) -> dict[str, str]:
    """What failed, with its cure."""
    items = desk.json("check", *currencies)["items"]
    return {item["check"]: item["cure"] for item in items if not item["ok"]}


def test_a_node_that_is_down_fails_and_the_rest_is_still_checked(ready: Desk) -> None:
    assert failed(ready) == {"node": "is litecoind running?"}
    result = ready.type("check")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines].count("FAILED") == 1
    assert "connection refused at 127.0.0.1:1; is litecoind running?" in result.stdout
    assert result.stderr.startswith("cashier.toml: currency.LTC.node: connection refused")
    assert "hunter2" not in result.output


def test_a_database_that_was_not_migrated_is_named_before_the_node(new_desk: Desk) -> None:
    wrong = failed(new_desk)
    assert wrong["database"] == "run `cashier migrate`"
    assert wrong["audit key"] == "`cashier migrate` makes it"
    assert "node" in wrong


def test_a_configuration_that_cannot_be_used_is_said_in_json_too(new_desk: Desk) -> None:
    new_desk.write(confirmations=-1)
    result = new_desk.type("check", "--json")
    assert result.exit_code == 2
    assert '"check": "configuration"' in result.stdout
    assert result.stderr.count("\n") == 1


def test_a_currency_that_is_not_there_is_wrong_use(ready: Desk) -> None:
    result = ready.type("check", "XXX")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no currency XXX is configured, known: LTC" in result.stderr


@pytest.mark.node
def test_a_real_node_passes_every_check(ready: Desk, litecoind: Litecoind) -> None:
    ready.write(node=litecoind.url(), witness=litecoind.url())
    result = ready.type("check", "LTC")
    assert result.exit_code == 0, result.output
    names = [line[8:30].strip() for line in result.stdout.splitlines()]
    assert names == [
        *("configuration", "database", "configuration file", "database file", "audit key"),
        *("LTC node", "LTC network", "LTC wallet", "LTC synced", "LTC peers", "LTC version"),
        *("LTC address", "LTC calls", "LTC witness", "LTC address pool"),
    ]
    assert "LitecoinCore:0.21.2" in result.stdout


@pytest.mark.node
@pytest.mark.parametrize(
    ("change", "check", "cure"),
    [
        (("/wallet/cashier", "/wallet/nix"), "wallet", "loadwallet"),
        (("cashier:", "nobody:"), "node", "rpcauth"),
        (("/wallet/cashier", "/wallet/"), "wallet", "loadwallet"),
    ],
)
def test_what_is_wrong_with_the_url_of_a_real_node_is_named(
    ready: Desk, litecoind: Litecoind, change: tuple[str, str], check: str, cure: str
) -> None:
    ready.write(node=litecoind.url().replace(*change, 1))
    wrong = failed(ready)
    assert list(wrong) == [check]
    assert cure in wrong[check]


@pytest.mark.node
def test_another_network_than_the_configured_one_is_named(
    ready: Desk, litecoind: Litecoind
) -> None:
    (ready.folder / "secret").write_text("x" * 40)
    (ready.folder / "node").write_text(litecoind.url())
    for name in ("secret", "node"):
        (ready.folder / name).chmod(0o600)
    site = {"handshake": {"algorithm": "HS256", "secret": "file:secret"}}
    ready.write(node="file:node", network="test", tables={"site": site})
    assert list(failed(ready)) == ["network"]


@pytest.mark.node
def test_a_witness_that_is_down_is_named(ready: Desk, litecoind: Litecoind) -> None:
    ready.write(node=litecoind.url(), witness="http://user:password@127.0.0.1:1/")
    assert list(failed(ready)) == ["witness"]


def test_staff_are_told_only_when_asked_for(ready: Desk, tmp_path: Path) -> None:
    told = tmp_path / "told"
    ready.write(tables={"alerts": {"command": ["/bin/sh", "-c", f"cat > {told}"]}})
    assert "alerts command" in ready.type("check").stdout
    assert not told.exists()
    assert "/bin/sh: it took a test" in ready.type("check", "--alerts").stdout
    assert "alert.test" in told.read_text()
