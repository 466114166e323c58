"""Fresh keys for chains whose nodes keep none, as a file that a passphrase opens."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PASSPHRASE_MIN = 12


@dataclass(frozen=True, slots=True)
class NewKeystore:
    """A file with fresh keys, and the first addresses that they make."""

    text: str
    hot: str
    deposit: str


def make_keystore(passphrase: str) -> NewKeystore:
    """Keys that nobody has seen. Encrypting takes about a second, on purpose."""
    from engine.families.evm.keys import DEPOSITS, HOT, Keys, new_keystore, read_keystore

    text = new_keystore(passphrase)
    keys = Keys(read_keystore(text, passphrase))  # a file that does not open again is no file
    return NewKeystore(text, keys.address(HOT), keys.address(f"{DEPOSITS}0"))


def write_new(path: Path, text: str) -> None:
    """Write a file that only its owner reads. Raises FileExistsError: keys are never replaced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
