"""OpenSSH signs and verifies for us: by a file, by an agent, and never for what it should not."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.approvals.openssh import is_armoured, namespace, sign, sign_with_agent, verifies
from engine.errors import ActRefused, SigningFailed
from tests.engine.approvals.people import make_key
from tests.nodes.ports import PATIENCE_S, wait_until

SPACE = namespace("ab" * 16)
MESSAGE = b'{"act":"approve"}'


@pytest.fixture(params=["ed25519", "ecdsa"])
def key(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make_key(tmp_path / "key", request.param)
    return tmp_path / "key"


def public(key: Path) -> str:
    """Type and body of a public key, as cashier.toml keeps it."""
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def _given(key: Path) -> bool:
    """Whether the agent took the key."""
    words = ["ssh-add", "-q", str(key)]
    done = subprocess.run(words, check=False, capture_output=True, timeout=PATIENCE_S, input=b"")
    return done.returncode == 0


@pytest.fixture
def agent(key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An agent of this test that holds the key; the private file is gone."""
    socket = str(tmp_path / "agent.sock")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", socket)
    try:
        # Its socket is there before it listens.
        wait_until(lambda: _given(key), what="an agent that takes the key")
        key.unlink()
        yield public(key)
    finally:
        os.kill(agent.pid, signal.SIGTERM)
        agent.wait(PATIENCE_S)


def test_what_was_signed_verifies_and_nothing_else_does(key: Path, tmp_path: Path) -> None:
    signature = sign(MESSAGE, key=key, space=SPACE)
    assert is_armoured(signature)
    other = make_key(tmp_path / "other")
    mine = [public(key)]
    assert verifies(MESSAGE, signature, name="ben", keys=mine, space=SPACE)
    assert verifies(MESSAGE, signature, name="ben", keys=[other, *mine], space=SPACE)
    assert not verifies(MESSAGE + b" ", signature, name="ben", keys=mine, space=SPACE)
    assert not verifies(MESSAGE, signature, name="ben", keys=[other], space=SPACE)
    assert not verifies(MESSAGE, signature, name="ben", keys=[], space=SPACE)
    assert not verifies(MESSAGE, signature, name="ben", keys=mine, space=namespace("cd" * 16))
    assert not verifies(b"", signature, name="ben", keys=mine, space=SPACE)


def test_an_agent_signs_with_the_persons_key(agent: str, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    keys = [" ".join(other.split()[:2]), agent]
    signature = sign_with_agent(MESSAGE, keys=keys, space=SPACE)
    assert verifies(MESSAGE, signature, name="ben", keys=[agent], space=SPACE)


def test_without_agent_or_key_it_says_what_to_do(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(SigningFailed, match=r"in your agent\? else give --key FILE"):
        sign_with_agent(MESSAGE, keys=[public(key)], space=SPACE)
    with pytest.raises(SigningFailed, match="no key of this person"):
        sign_with_agent(MESSAGE, keys=[], space=SPACE)
    key.write_text("nonsense")
    with pytest.raises(SigningFailed, match="ssh-keygen did not sign: "):
        sign(MESSAGE, key=key, space=SPACE)


def test_a_key_that_others_can_read_signs_nothing(key: Path) -> None:
    key.chmod(0o644)
    with pytest.raises(SigningFailed, match="ssh-keygen did not sign: "):
        sign(MESSAGE, key=key, space=SPACE)


def test_a_machine_without_openssh_says_so(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(MESSAGE, key=key, space=SPACE)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SigningFailed, match="install OpenSSH"):
        sign(MESSAGE, key=key, space=SPACE)
    with pytest.raises(ActRefused, match="install OpenSSH"):
        verifies(MESSAGE, signature, name="ben", keys=[public(key)], space=SPACE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n" + "A" * 70 + "\n-----END SSH SIGNATURE-----\nmore",
        "-----BEGIN SSH SIGNATURE-----\né\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n" + ("A" * 70 + "\n") * 200 + "-----END SSH SIGNATURE-----",
    ],
)
def test_what_is_no_signature_is_not_given_to_openssh(text: str, key: Path) -> None:
    assert not is_armoured(text)
    assert not verifies(MESSAGE, text, name="ben", keys=[public(key)], space=SPACE)


def test_a_key_that_wants_a_passphrase_is_not_asked_for_when_quiet(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret words", "-f", str(locked)]
    subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE_S)
    with pytest.raises(SigningFailed, match="did not sign"):
        sign(MESSAGE, key=locked, space=SPACE, quiet=True)
