"""The seal key: made once, private, refused when others can read it, never shown."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from engine.audit import keys
from engine.errors import AuditError, ConfigError
from tests.engine.audit.histories import KEY, OTHER_KEY, raw_key


def _write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_missing_key_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "cashier.audit-key"
    made = keys.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.load(path).public == made.public == keys.load_or_create(path).public
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "audit-key"
    found: list[str] = []

    def start() -> None:
        found.append(keys.load_or_create(path).public)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = _write(tmp_path / "audit-key", raw_key(1), mode)
    with pytest.raises(ConfigError, match="can be read by others; chmod 600"):
        keys.load(path)


def test_a_key_may_be_the_base64_of_its_bytes(tmp_path: Path) -> None:
    path = _write(tmp_path / "audit-key", raw_key(0) + b"\n")
    assert keys.load(path).public == OTHER_KEY.public


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"AAAA", b"-----BEGIN NONSENSE-----\n"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = _write(tmp_path / "audit-key", content)
    with pytest.raises(ConfigError, match="holds no Ed25519 private key"):
        keys.load(path)


def _pem(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    encryption: serialization.KeySerializationEncryption,
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


@pytest.mark.parametrize(
    "pem",
    [
        _pem(ec.generate_private_key(ec.SECP256R1()), serialization.NoEncryption()),
        _pem(ed25519.Ed25519PrivateKey.generate(), serialization.BestAvailableEncryption(b"x")),
    ],
    ids=["another curve", "encrypted"],
)
def test_another_kind_of_key_is_refused(tmp_path: Path, pem: bytes) -> None:
    with pytest.raises(ConfigError, match="holds no Ed25519 private key"):
        keys.load(_write(tmp_path / "audit-key", pem))


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist; `cashier migrate` makes it"):
        keys.load(tmp_path / "audit-key")


def test_a_key_that_cannot_be_made_is_a_problem_not_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be made"):
        keys.load_or_create(tmp_path / "file" / "audit-key")


def test_the_private_key_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "audit-key"
    keys.load_or_create(path)
    key = keys.load(path)
    secret = path.read_text().splitlines()[1]
    assert secret not in repr(key) + str(key)
    assert key.public in repr(key)


def test_a_signature_holds_for_its_message_and_key_only() -> None:
    signature = KEY.sign(b"message")
    assert keys.is_signed(b"message", signature=signature, public=KEY.public)
    assert not keys.is_signed(b"another", signature=signature, public=KEY.public)
    assert not keys.is_signed(b"message", signature=signature, public=OTHER_KEY.public)


@pytest.mark.parametrize("wrong", ["", "é", "AAAA", "ed25519:", "ed25519:AAAA", "ssh-ed25519 AA"])
def test_what_is_no_key_or_signature_never_verifies(wrong: str) -> None:
    assert not keys.is_signed(b"message", signature=wrong, public=KEY.public)
    assert not keys.is_signed(b"message", signature=KEY.sign(b"message"), public=wrong)
    with pytest.raises(AuditError, match="a public key looks like ed25519"):
        keys.parse_public(wrong)


def test_a_key_in_a_folder_that_is_closed_to_us_is_a_problem(tmp_path: Path) -> None:
    closed = tmp_path / "audit-key"
    closed.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        keys.load(closed)
    assert os.path.isdir(closed)
