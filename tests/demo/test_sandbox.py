"""The demo's configuration: valid, on loopback, and nobody else's secrets in it."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from demo.guard import Guard
from demo.sandbox import TOP, Run, wants_embedded, write_config
from demo.trouble import DemoTrouble
from engine.config import load_config

WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
NODE = "http://cashier:secret@127.0.0.1:19443/wallet/cashier"
SITE = "http://127.0.0.1:4000"


LTC = {"network": "regtest", "node": NODE, "poll": 1, "batch": {"every": 2}}
ETH = {"chain_id": 31337, "node": "http://127.0.0.1:8545", "keys": {"mnemonic": WORDS}}
USDT = {"chain": "ETH", "token": f"0x{'0a' * 20}", "decimals": 6}


def _written(folder: Path, template: Path = TOP / "cashier.toml") -> Path:
    return write_config(folder, {"LTC": LTC}, template=template, page_port=4001, site_url=SITE)


def test_it_holds_the_values_of_the_repository_and_the_ports_of_the_demo(tmp_path: Path) -> None:
    shipped = load_config(TOP / "cashier.toml", role="web")
    config = load_config(_written(tmp_path), role="engine")
    ours, theirs = config.currencies["LTC"], shipped.currencies["LTC"]
    assert ours.node is not None
    assert ours.node.reveal() == NODE
    assert ours.rules() == theirs.rules()
    assert config.site.name == shipped.site.name
    assert config.site.origins == (SITE,)
    assert config.web.url == "http://127.0.0.1:4001"
    assert config.sandbox


def test_ether_and_its_token_are_there_with_their_keys_in_a_file(tmp_path: Path) -> None:
    tables = {"LTC": LTC, "ETH": ETH, "USDT": USDT}
    template = TOP / "cashier.toml"
    path = write_config(tmp_path, tables, template=template, page_port=4001, site_url=SITE)
    config = load_config(path, role="engine")
    assert list(config.currencies) == ["LTC", "ETH", "USDT"]
    assert config.sandbox
    assert config.currencies["USDT"].token == USDT["token"]
    assert "legal winner" not in path.read_text()
    assert stat.S_IMODE((tmp_path / "ETH.mnemonic").stat().st_mode) == 0o600


def test_each_demo_has_a_site_secret_of_its_own(tmp_path: Path) -> None:
    keys = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        keys.append(load_config(_written(folder), role="web").site.handshake.verification_keys)
    assert keys[0] != keys[1]


def test_secrets_are_in_files_of_their_owner_alone(tmp_path: Path) -> None:
    text = _written(tmp_path).read_text()
    assert "secret@" not in text
    for name in ("LTC.node", "site.secret"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_template_of_a_main_network_becomes_a_sandbox_without_its_secrets(
    tmp_path: Path,
) -> None:
    template = tmp_path / "main.toml"
    template.write_text(
        '[site]\nname = "Real \\"Site\\""\nhandshake = { algorithm = "HS256", secret = "env:NO" }\n'
        '[[site.webhooks]]\nurl = "https://real.example"\nsecret = "env:NO"\n'
        '[currency.LTC]\nnetwork = "main"\nnode = "env:NO"\nwitness = "env:NO"\nconfirmations = 6\n'
        '[currency.BTC]\nnetwork = "main"\nnode = "env:NO"\n'
    )
    config = load_config(_written(tmp_path, template), role="engine", environ={})
    assert config.sandbox
    assert list(config.currencies) == ["LTC"]
    assert config.currencies["LTC"].confirmations.most == 6
    assert config.site.name == 'Real "Site"'
    assert not config.site.webhooks


def test_a_template_may_ask_for_the_embedded_chain(tmp_path: Path) -> None:
    template = tmp_path / "own.toml"
    template.write_text('[currency.ETH]\nnode = "embedded"\n[currency.LTC]\nnode = "env:N"\n')
    assert wants_embedded(template, "ETH")
    assert not wants_embedded(template, "LTC")
    assert not wants_embedded(template, "BTC")
    assert not wants_embedded(TOP / "cashier.toml", "ETH")


@pytest.mark.parametrize("content", [None, b"[site", b"\xff\xfe"])
def test_a_template_that_cannot_be_read_is_one_clear_trouble(
    tmp_path: Path, content: bytes | None
) -> None:
    template = tmp_path / "broken.toml"
    if content is not None:
        template.write_bytes(content)
    with pytest.raises(DemoTrouble, match=r"broken\.toml cannot be read"):
        _written(tmp_path, template)


def test_a_cashier_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    path = folder / "cashier.toml"
    path.write_text("[web]\nlisten = 1\n")
    with Guard(folder) as guard, pytest.raises(DemoTrouble, match=r"cashier\.toml: web\.listen"):
        asyncio.run(_start(path, guard))


async def _start(path: Path, guard: Guard) -> None:
    await Run.start(path, guard)
