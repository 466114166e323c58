"""A finding is one line for people, and the same for programs."""

from __future__ import annotations

from engine.preflight.finding import Finding


def test_a_finding_names_its_place_what_is_wrong_and_the_cure() -> None:
    found = Finding(
        check="node",
        ok=False,
        what="connection refused",
        cure="is litecoind running?",
        currency="LTC",
        key="currency.LTC.node",
    )
    assert str(found.problem) == "currency.LTC.node: connection refused; is litecoind running?"
    assert found.name == "LTC node"
    assert found.as_json() == {
        "check": "node",
        "currency": "LTC",
        "ok": False,
        "what": "connection refused",
        "cure": "is litecoind running?",
    }


def test_a_finding_of_the_house_has_no_currency() -> None:
    found = Finding(check="database", ok=True, what="fine")
    assert (found.name, found.as_json()["currency"], found.as_json()["cure"]) == (
        *("database", None, None),
    )
