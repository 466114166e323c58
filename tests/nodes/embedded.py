"""The embedded EVM chain as a node of its own: all that anvil is for tests, but for what only a
node with an open heart can do (balances, code and base fees by decree, acting for anybody)."""

from __future__ import annotations

import sys

from tests.nodes.anvil import Anvil


class EmbeddedNode(Anvil):
    """One embedded chain in a process. It keeps its chain even when it is killed."""

    name = "embedded"

    def _command(self) -> list[str]:
        file = self.folder / "chain.jsonl"
        return [
            sys.executable,
            "-m",
            "demo.embedded_chain",
            f"--port={self.port}",
            f"--file={file}",
        ]
