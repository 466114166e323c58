"""Signing and verifying by OpenSSH's own program: we hold no cryptography of staff keys.

The message goes in by standard input, everything else lies in a directory that only this process
can read; no shell is involved, and every call has a time-out.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from engine.errors import ActRefused, SigningFailed

PROGRAM = "ssh-keygen"
VERIFY_TIMEOUT_S = 10
SIGN_TIMEOUT_S = 120  # a person types a passphrase, or touches a key
SIGNATURE_MAX = 8_192  # characters

_ARMOUR = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n(?:[A-Za-z0-9+/=]{1,76}\n)+-----END SSH SIGNATURE-----\n?",
    re.ASCII,
)


def namespace(installation: str) -> str:
    """What a signature is for: one made for another installation, or with the same key for
    anything else, is worth nothing here."""
    return f"cashier@{installation}"


def sign(message: bytes, *, key: Path, space: str, quiet: bool = False) -> str:
    """The armoured signature of `message` by `key`: a private key's file, or a public key's file
    whose private half an agent holds. `quiet` takes the terminal away, so that a key which wants a
    passphrase fails rather than asks on a screen that is somebody else's. Raises SigningFailed."""
    words = [PROGRAM, "-q", "-Y", "sign", "-f", str(key), "-n", space]
    try:
        done = subprocess.run(
            words,
            input=message,
            capture_output=True,
            timeout=SIGN_TIMEOUT_S,
            check=False,
            start_new_session=quiet,
        )
    except FileNotFoundError:
        raise SigningFailed(f"{PROGRAM} was not found; install OpenSSH's client") from None
    except subprocess.TimeoutExpired:
        raise SigningFailed(f"{PROGRAM} did not sign within {SIGN_TIMEOUT_S} s") from None
    signature = done.stdout.decode("ascii", "replace")
    if done.returncode != 0 or not is_armoured(signature):
        raise SigningFailed(f"{PROGRAM} did not sign: {_said(done.stderr)}")
    return signature


def sign_with_agent(message: bytes, *, keys: Iterable[str], space: str, quiet: bool = False) -> str:
    """The signature by the first of these public keys that an agent can use; `quiet` as above.
    Raises SigningFailed."""
    failure = SigningFailed("no key of this person is in force; give --key FILE")
    with tempfile.TemporaryDirectory(prefix="cashier-sign-") as folder:
        for number, public in enumerate(keys):
            path = Path(folder) / f"{number}.pub"
            path.write_text(f"{public}\n", encoding="ascii")
            try:
                return sign(message, key=path, space=space, quiet=quiet)
            except SigningFailed as error:
                failure = SigningFailed(f"{error}; is the key in your agent? else give --key FILE")
    raise failure


def verifies(message: bytes, signature: str, *, name: str, keys: Iterable[str], space: str) -> bool:
    """Whether `signature` is one of `message` by one of the public `keys` of person `name`.
    Raises ActRefused when OpenSSH cannot be asked."""
    allowed = "".join(f'{name} namespaces="{space}" {key}\n' for key in keys)
    if not allowed or not is_armoured(signature):
        return False
    with tempfile.TemporaryDirectory(prefix="cashier-verify-") as folder:
        signers, armour = Path(folder) / "allowed_signers", Path(folder) / "signature"
        signers.write_text(allowed, encoding="ascii")
        armour.write_text(signature, encoding="ascii")
        words = [PROGRAM, "-q", "-Y", "verify", "-f", str(signers), "-I", name]
        words += ["-n", space, "-s", str(armour)]
        return _run_verify(words, message)


def _run_verify(words: list[str], message: bytes) -> bool:
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            words,
            input=message,
            capture_output=True,
            timeout=VERIFY_TIMEOUT_S,
            check=False,
            env=environ,
        )
    except FileNotFoundError:
        raise ActRefused("the engine has no ssh-keygen; install OpenSSH's client there") from None
    except subprocess.TimeoutExpired:
        raise ActRefused("ssh-keygen did not answer in time; sign again") from None
    return done.returncode == 0


def is_armoured(signature: str) -> bool:
    """Whether the text has the form of an OpenSSH signature."""
    return len(signature) <= SIGNATURE_MAX and _ARMOUR.fullmatch(signature) is not None


def _said(stderr: bytes) -> str:
    """The last thing OpenSSH said, which names the cause."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    said = [line for line in lines if line.strip("@ ")]
    return said[-1] if said else "no reason given"
