"""What load_config makes of cashier.toml: values in their final form, and every problem at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.config import Config, Role, load_config
from engine.errors import ConfigError
from tests.engine.toml_text import LTC_NODE, dump, minimal

Load = Callable[..., Config]

KEY_A = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
KEY_B = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA"
MAIN_LIMITS = {"approve_above": "5", "daily_limit": "50", "total_daily": "500"}
MAIN = {"network": "main", "node": "env:NODE", "withdrawal": MAIN_LIMITS}
ENVIRON = {"NODE": LTC_NODE, "SECRET": "s" * 32}


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a document (or a file's text) as cashier.toml in a folder of its own."""

    def load(
        document: Mapping[str, Any] | str,
        *,
        role: Role = "engine",
        environ: Mapping[str, str] = ENVIRON,
    ) -> Config:
        path = tmp_path / "cashier.toml"
        text = document if isinstance(document, str) else dump(dict(document))
        path.write_text(text, encoding="utf-8")
        return load_config(path, role=role, environ=environ)

    return load


def on_main(**changes: Any) -> dict[str, Any]:
    """A whole file for LTC's main network, with `changes` laid over its top tables."""
    document = minimal()
    document["site"]["handshake"]["secret"] = "env:SECRET"
    document["currency"]["LTC"] = copy.deepcopy(MAIN)
    return {**document, **changes}


def problems(load: Load, document: Mapping[str, Any] | str, **options: Any) -> dict[str, str]:
    """What loading finds wrong: problem and cure by key."""
    with pytest.raises(ConfigError) as caught:
        load(document, **options)
    return {found.key: f"{found.what}; {found.cure}" for found in caught.value.problems}


def test_the_smallest_file_loads_with_the_documented_defaults(load: Load) -> None:
    config = load(minimal())
    ltc = config.currencies["LTC"]
    assert config.sandbox
    assert (config.web.host, config.web.port, config.web.rate_limit) == ("127.0.0.1", 8700, 120)
    assert (ltc.name, ltc.family, ltc.chain, ltc.decimals) == ("Litecoin", "bitcoin", "LTC", 8)
    assert (ltc.poll, ltc.finality, ltc.address_pool) == (2, 100, 100)
    assert (ltc.tip_max_age, ltc.min_peers) == (None, 0)
    assert (ltc.deposit_minimum, ltc.below_minimum) == (0, "suspense")
    assert ltc.request_ttl == timedelta(days=30)
    assert (ltc.batch.max, ltc.batch.every) == (50, 30)
    assert (ltc.withdrawal.approve_above, ltc.withdrawal.gas_max) == (None, 100_000)
    assert ltc.confirmations.required(10**20) == 12
    assert ltc.top_up_from is None
    assert ltc.book_above is None


def test_a_main_network_has_stricter_defaults(load: Load) -> None:
    config = load(on_main())
    ltc = config.currencies["LTC"]
    assert not config.sandbox
    assert config.site.origins == ()
    assert (ltc.tip_max_age, ltc.min_peers, ltc.book_above) == (3600, 1, 0)
    assert ltc.top_up_from == ()


def test_amounts_become_units(load: Load) -> None:
    limits = {"minimum": "0.002", "fee": "0.0005", "fee_max_share": "0.05"}
    document = minimal(deposit_minimum="0.001", withdrawal=limits)
    document["site"]["credit_limit"] = {"LTC": "10"}
    config = load(document)
    ltc = config.currencies["LTC"]
    assert ltc.deposit_minimum == 100_000
    assert (ltc.withdrawal.minimum, ltc.withdrawal.fee) == (200_000, 50_000)
    assert ltc.withdrawal.fee_max_share == 50_000
    assert config.site.credit_limit == {"LTC": 10**9}


@pytest.mark.parametrize("amount", [0.001, 1, "1e-3", "-1", "0.000000001", "", "\uff10.1", " 1"])
def test_an_amount_of_any_other_form_is_refused(load: Load, amount: object) -> None:
    assert list(problems(load, minimal(deposit_minimum=amount))) == ["currency.LTC.deposit_minimum"]


def test_tiers_require_more_of_larger_amounts(load: Load) -> None:
    ltc = load(minimal(confirmations=[[1, "1"], [3, "10"], [6]])).currencies["LTC"]
    coin = 10**8
    assert [ltc.confirmations.required(units) for units in (0, coin, coin + 1)] == [1, 1, 3]
    assert [ltc.confirmations.required(units) for units in (10 * coin, 10 * coin + 1)] == [3, 6]
    assert ltc.confirmations.most == 6


@pytest.mark.parametrize(
    "tiers",
    [
        *(0, -1, True, "3", 10_001, 1.5, "finalized"),
        *([], [[]], [[1, "1"]], [[1], [3]], [[1, "10"], [3, "1"], [6]], [[1, "1"], [3, "1"], [6]]),
        *([[3, "1"], [1, "10"], [6]], [[1, 1], [6]], [[1, "1", "2"], [6]], [1, 2]),
    ],
)
def test_confirmations_of_any_other_form_are_refused(load: Load, tiers: object) -> None:
    assert list(problems(load, minimal(confirmations=tiers))) == ["currency.LTC.confirmations"]


def test_finality_is_never_shallower_than_the_confirmations(load: Load) -> None:
    assert load(minimal(confirmations=150)).currencies["LTC"].finality == 150
    assert list(problems(load, minimal(confirmations=6, finality=5))) == ["currency.LTC.finality"]


def test_every_problem_is_named_at_once_with_a_cure(load: Load) -> None:
    document = minimal(nod="x", confirmations=0, network="regtset", finality="finalized")
    document |= {
        "wbe": 1,
        "web": {"listen": "here", "rate_limit": "many"},
        "staff": [{"name": "a"}],
    }
    del document["site"]["handshake"]["secret"]
    found = problems(load, document)
    assert set(found) == {
        "wbe",
        "web.listen",
        "web.rate_limit",
        "site.handshake",
        "currency.LTC.nod",
        "currency.LTC.confirmations",
        "currency.LTC.network",
        "currency.LTC.finality",
        "staff[0].role",
        "staff[0].key",
    }
    assert all(text.partition("; ")[2] for text in found.values())


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (("wbe",), "web"),
        (("web", "listne"), "listen"),
        (("site", "handshake", "algoritm"), "algorithm"),
        (("currency", "LTC", "confirmation"), "confirmations"),
        (("currency", "LTC", "withdrawal", "minimun"), "minimum"),
    ],
)
def test_an_unknown_key_suggests_the_one_that_was_meant(
    load: Load, path: tuple[str, ...], meant: str
) -> None:
    document = minimal(withdrawal={})
    document["web"] = {}
    place: dict[str, Any] = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "x"
    assert problems(load, document)[".".join(path)].endswith(f"did you mean {meant}?")


def test_a_syntax_error_is_one_line_with_its_place(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load("[web]\nlisten = \n")
    assert str(caught.value).count("\n") == 0
    assert "line 2" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*absent\.toml"):
        load_config(tmp_path / "absent.toml", role="web", environ={})


def test_a_file_without_currencies_is_refused(load: Load) -> None:
    assert "currency" in problems(load, {**minimal(), "currency": {}})


def test_a_relative_database_starts_at_the_folder_of_the_file(load: Load) -> None:
    config = load(minimal())
    assert config.database == f"sqlite:///{config.folder}/var/cashier.db"
    assert config.audit_key == config.folder / "var" / "cashier.audit-key"


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite://x", "mysql://h/d", "postgresql://h", "x"])
def test_another_database_is_refused(load: Load, url: str) -> None:
    assert "cashier.database" in problems(load, {**minimal(), "cashier": {"database": url}})


def test_the_database_may_come_from_the_environment(load: Load) -> None:
    url = "postgresql://user:password@host/books"
    document = {**minimal(), "cashier": {"database": "env:BOOKS"}}
    config = load(document, role="web", environ={"BOOKS": url})
    assert config.database == url
    assert config.audit_key == config.folder / "books.audit-key"
    assert "password" not in repr(config)


def test_hosts_that_a_browser_may_name_follow_from_the_public_url(load: Load) -> None:
    web = {"listen": "127.0.0.1:8700", "public_url": "https://Cashier.example/"}
    config = load({**minimal(), "web": web})
    assert config.web.public_url == "https://cashier.example"
    assert config.web.allowed_hosts == {"cashier.example", "localhost", "127.0.0.1", "::1"}
    open_to_all = load({**minimal(), "web": web | {"listen": "0.0.0.0:80"}})
    assert open_to_all.web.allowed_hosts == {"cashier.example"}


@pytest.mark.parametrize("url", ["http://cashier.example", "ftp://x", "https://x/path", "https://"])
def test_a_public_url_that_cannot_be_safe_is_refused(load: Load, url: str) -> None:
    assert "web.public_url" in problems(load, on_main(web={"public_url": url}))


@pytest.mark.parametrize("missing", list(MAIN_LIMITS))
def test_a_main_network_does_not_run_without_its_limits(load: Load, missing: str) -> None:
    document = on_main()
    del document["currency"]["LTC"]["withdrawal"][missing]
    for role in ("engine", "web", "check"):
        assert list(problems(load, document, role=role)) == [f"currency.LTC.withdrawal.{missing}"]
    assert not load(document, role="console").sandbox


def test_a_person_has_one_role_and_a_key_one_person(load: Load) -> None:
    def staff(*rows: tuple[str, str, str]) -> dict[str, Any]:
        named = [dict(zip(("name", "role", "key"), row, strict=True)) for row in rows]
        return {**minimal(), "staff": named}

    assert "staff[1]" in problems(
        load, staff(("ann", "payments", KEY_A), ("bob", "auditor", KEY_A))
    )
    assert "staff[1]" in problems(
        load, staff(("ann", "payments", KEY_A), ("ann", "auditor", KEY_B))
    )
    both = load(staff(("ann", "payments", f"{KEY_A} ann@desk"), ("ann", "payments", KEY_B)))
    assert [person.key for person in both.staff] == [KEY_A, KEY_B]


def test_a_staff_key_counts_between_its_dates(load: Load) -> None:
    row = "[[staff]]\nname = 'ann'\nrole = 'payments'\nkey = '" + KEY_A + "'\n"
    dates = "from = 2026-01-01\nuntil = 2026-02-01T12:00:00+02:00\n"
    (ann,) = load(dump(minimal()) + row + dates).staff
    assert (ann.from_, ann.until) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 1, 10, tzinfo=UTC),
    )
    assert ann.current(datetime(2026, 1, 15, tzinfo=UTC))
    assert not ann.current(datetime(2026, 2, 1, 10, tzinfo=UTC))
    backwards = "from = 2026-02-01\nuntil = 2026-01-01\n"
    assert "staff[0]" in problems(load, dump(minimal()) + row + backwards)


@pytest.mark.parametrize("key", ["ssh-rsa AAAA", "ssh-ed25519 AAAA", "AAAA", KEY_A[:-4], ""])
def test_another_staff_key_is_refused(load: Load, key: str) -> None:
    document = {**minimal(), "staff": [{"name": "ann", "role": "payments", "key": key}]}
    assert list(problems(load, document)) == ["staff[0].key"]


def test_rules_apply_to_their_currency_and_are_in_its_fingerprint(load: Load) -> None:
    rule = {"name": "big", "kind": "withdrawal", "then": "hold", "currency": "LTC", "above": "2"}
    plain, ruled = load(minimal()), load({**minimal(), "rule": [rule]})
    ltc = ruled.currencies["LTC"]
    assert ltc.limits == ruled.rules
    assert ltc.limits[0].above == 2 * 10**8
    assert ltc.rule_version != plain.currencies["LTC"].rule_version


def test_a_rule_must_name_its_currency_and_stand_there_once(load: Load) -> None:
    rule = {"name": "big", "kind": "withdrawal", "then": "hold"}
    rows = [rule | {"above": "2"}, rule, rule | {"currency": "XMR"}]
    assert set(problems(load, {**minimal(), "rule": rows})) == {
        "rule[0]",
        "rule[2].name",
        "rule[2].currency",
    }


def test_the_fingerprint_changes_with_the_rules_and_with_nothing_else(load: Load) -> None:
    version = load(minimal()).currencies["LTC"].rule_version
    assert load(minimal(poll=9, address_pool=7)).currencies["LTC"].rule_version == version
    assert load(minimal(), role="web").currencies["LTC"].rule_version == version
    for change in (
        {"confirmations": 2},
        {"deposit_minimum": "1"},
        {"below_minimum": "accumulate"},
        {"finality": 101},
        {"withdrawal": {"daily_limit": "1"}},
    ):
        assert load(minimal(**change)).currencies["LTC"].rule_version != version


def test_the_risk_hook_is_one_of_two_kinds(load: Load) -> None:
    risk = load({**minimal(), "risk": {"python": "risk:decide"}}).risk
    assert risk is not None
    assert (risk.python, risk.timeout) == ("risk:decide", 5)
    for wrong in ({}, {"python": "a:b", "url": "https://x.example"}, {"python": "no function"}):
        assert "risk" in problems(load, {**minimal(), "risk": wrong})


def test_seal_heads_are_published_where_the_file_says(load: Load) -> None:
    config = load({**minimal(), "audit": {"publish": ["webhook", "file:seals", "command:push it"]}})
    assert [tuple(target) for target in config.audit.publish] == [
        ("webhook", ""),
        ("file", str(config.folder / "seals")),
        ("command", "push it"),
    ]
