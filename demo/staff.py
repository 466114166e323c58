"""The demo's staff: one person of each kind, with keys that live as long as the demo."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROLES = {
    "ann": "payments",
    "ben": "approver",
    "cleo": "approver",
    "sue": "support",
    "aud": "auditor",
}
SITS = "ben"
"""Who sits at the demo's own console; the second approver is the one at another terminal."""
SECOND = "cleo"


def make_staff(folder: Path) -> list[dict[str, str]]:
    """Keys of everybody in `folder`, and their tables for cashier.toml. Without OpenSSH on this
    machine there are none: the console then only shows."""
    folder.mkdir(mode=0o700)
    try:
        return [_person(folder / name, role) for name, role in ROLES.items()]
    except FileNotFoundError:
        return []


def _person(key: Path, role: str) -> dict[str, str]:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key.name, "-f", str(key)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    public = key.with_suffix(".pub").read_text(encoding="utf-8").split()
    return {"name": key.name, "role": role, "key": " ".join(public[:2])}
