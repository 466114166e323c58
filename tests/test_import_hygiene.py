"""What importing a layer really loads: a static graph cannot see an import that runs at start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
NODES = ("bitcoinrpc", "web3")

# Nothing of the left may load anything of the right, whichever of its modules is imported.
MUST_NOT_LOAD = {
    "cashier": (*NODES, "textual", "demo", "tests"),
    "commands": (*NODES, "textual", "demo", "tests"),
    "console": (*NODES, "tornado", "web", "demo", "tests"),
    "db": (*NODES, "textual", "tornado", "cashier", "commands", "console", "engine", "web", "demo"),
    "web": (*NODES, "textual", "console", "demo", "tests"),
}

PROBE = """
import importlib, json, pkgutil, sys
top = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(getattr(top, "__path__", []), top.__name__ + "."):
    importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def _loaded_by(layer: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, layer], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("layer", MUST_NOT_LOAD)
def test_a_layer_loads_nothing_it_has_no_business_with(layer: str) -> None:
    assert not _loaded_by(layer).intersection(MUST_NOT_LOAD[layer])


def test_opening_the_engine_package_needs_no_client_of_a_node() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import engine, json, sys; print(json.dumps(sorted(sys.modules)))"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not set(json.loads(done.stdout)).intersection(NODES)


def test_the_probe_sees_what_a_module_loads() -> None:
    assert "json.decoder" in _loaded_by("json")
