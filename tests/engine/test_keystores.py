"""Fresh keys in a file: it opens again, and it is never written over another."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.families.evm.keys import HOT, Keys, read_keystore
from engine.keystores import make_keystore, write_new


def test_a_new_keystore_makes_the_addresses_that_it_shows() -> None:
    made, other = make_keystore("a long passphrase"), make_keystore("a long passphrase")
    keys = Keys(read_keystore(made.text, "a long passphrase"))
    assert keys.address(HOT) == made.hot
    assert len({made.hot, made.deposit, other.hot, other.deposit}) == 4


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    write_new(path, "first")
    with pytest.raises(FileExistsError):
        write_new(path, "second")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("first", 0o600)
