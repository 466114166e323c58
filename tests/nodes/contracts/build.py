"""Compiles the contracts of the tests into contracts.json, by the pinned solc: `make contracts`.

The compiled code is kept, so that tests need no compiler; the hashes of the sources beside it tell
when it was not made anew.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "contracts.json"
TOKEN = HERE.parents[2] / "demo" / "token.json"  # the one that the demo shows
# Small, the same on every machine, and of a fork that py-evm knows as well as anvil.
SETTINGS = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 1},
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "outputSelection": {
        "*": {"*": ["evm.bytecode.object", "evm.deployedBytecode.object", "evm.methodIdentifiers"]}
    },
}


def sources() -> dict[str, str]:
    """Every Solidity file here by its name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.sol"))}


def hashes() -> dict[str, str]:
    """SHA-256 of every source, and of what the compiler is told to do with it."""
    texts = {**sources(), "settings": json.dumps(SETTINGS, sort_keys=True)}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def compiled(solc: str) -> dict[str, Any]:
    """What solc makes of the sources. Raises ValueError with its complaints."""
    wanted = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources().items()},
        "settings": SETTINGS,
    }
    done = subprocess.run(
        ["node", solc, "--standard-json"],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=True,
    )
    # The compiler may say a word of its own before its answer.
    answer: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    errors = [each for each in answer.get("errors", ()) if each["severity"] == "error"]
    if errors:
        raise ValueError("\n".join(each["formattedMessage"] for each in errors))
    return answer


def kept(answer: dict[str, Any]) -> dict[str, Any]:
    """What the tests need of it: code by which a contract is made, its code, its functions."""
    contracts = {
        name: {
            "code": f"0x{made['evm']['bytecode']['object']}",
            "runtime": f"0x{made['evm']['deployedBytecode']['object']}",
            "functions": made["evm"]["methodIdentifiers"],
        }
        for made_of in answer["contracts"].values()
        for name, made in made_of.items()
    }
    return {"made_of": hashes(), "contracts": contracts}


def token(made: dict[str, Any]) -> dict[str, str]:
    """The code by which the demo makes its token."""
    return {"contract": "Good", "code": made["contracts"]["Good"]["code"]}


def main() -> None:
    """Compile with the solc.js that the command line names."""
    made = kept(compiled(sys.argv[1]))
    KEPT.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    TOKEN.write_text(json.dumps(token(made), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
