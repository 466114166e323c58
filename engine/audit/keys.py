"""The key that signs seals: an Ed25519 private key in a file that nobody else may read.

In text, everywhere, the public key is `ed25519:` and the base64 of its 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from engine.errors import AuditError, ConfigError, Problem

PREFIX = "ed25519:"
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_FILE_BYTES_MAX = 65_536


class SealKey:
    """A private key that is never shown; `public` is its public half as text."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = public_text(private.public_key())

    def __repr__(self) -> str:
        return f"SealKey({self.public})"

    def sign(self, message: bytes) -> str:
        """The signature of `message`, base64."""
        return base64.b64encode(self._private.sign(message)).decode("ascii")


def public_text(public: Ed25519PublicKey) -> str:
    """`ed25519:<base64>` of a public key."""
    return PREFIX + base64.b64encode(public.public_bytes_raw()).decode("ascii")


def parse_public(text: str) -> Ed25519PublicKey:
    """The public key that `text` means. Raises AuditError."""
    raw = _from_base64(text.strip().removeprefix(PREFIX))
    if not text.strip().startswith(PREFIX) or raw is None or len(raw) != _KEY_BYTES:
        raise AuditError(f"a public key looks like {PREFIX}<base64 of 32 bytes>")
    return Ed25519PublicKey.from_public_bytes(raw)


def is_signed(message: bytes, *, signature: str, public: str) -> bool:
    """Whether `signature` (base64) is that of `message` under the public key text `public`."""
    raw = _from_base64(signature)
    if raw is None or len(raw) != _SIGNATURE_BYTES:
        return False
    try:
        parse_public(public).verify(raw, message)
    except (AuditError, InvalidSignature):
        return False
    return True


def load_or_create(path: Path) -> SealKey:
    """The key in `path`, made with mode 0600 if the file is missing. Raises ConfigError."""
    if not os.path.exists(path):  # False, not an error, where we may not look
        _create(path)
    return load(path)


def load(path: Path) -> SealKey:
    """The key in `path`: PKCS8 PEM, or the base64 of its 32 bytes. Raises ConfigError when it is
    missing, readable by others, or no Ed25519 key."""
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX)
    except FileNotFoundError:
        raise _problem(path, "does not exist", "`cashier migrate` makes it") from None
    except OSError as error:
        raise _problem(path, f"cannot be read ({error.strerror})", "check its owner") from error
    if os.name == "posix" and mode & 0o077:
        raise _problem(path, "can be read by others", f"chmod 600 {path}")
    private = _parse_private(content)
    if private is None:
        cure = "give a PKCS8 PEM file, or the base64 of 32 bytes"
        raise _problem(path, "holds no Ed25519 private key", cure)
    return SealKey(private)


def _create(path: Path) -> None:
    """Write a new key beside `path` and link it there, so that it appears whole or not at all and
    two processes that start together agree on one."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_and_link(pem, beside, path)
    except OSError as error:
        raise _problem(path, f"cannot be made ({error.strerror})", "check its folder") from error


def _write_and_link(pem: bytes, beside: Path, path: Path) -> None:
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        return  # another process made it first: its key is the key
    finally:
        with suppress(OSError):
            beside.unlink()


def _parse_private(content: bytes) -> Ed25519PrivateKey | None:
    if b"-----BEGIN" in content:
        try:
            key = serialization.load_pem_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return None
        return key if isinstance(key, Ed25519PrivateKey) else None
    raw = _from_base64(content.decode("ascii", errors="replace").strip())
    if raw is None or len(raw) != _KEY_BYTES:
        return None
    return Ed25519PrivateKey.from_private_bytes(raw)


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _problem(path: Path, what: str, cure: str) -> ConfigError:
    return ConfigError((Problem("audit.key", f"{path} {what}", cure),))
