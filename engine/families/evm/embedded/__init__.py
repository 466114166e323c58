"""An EVM chain without a node: py-evm behind a JSON-RPC door on loopback, for sandboxes only.

`node = "embedded"` in cashier.toml means the chain that `url_of` opens. Nothing here is fit to hold
money: its ten rich accounts have keys that everybody knows.
"""

from __future__ import annotations

from engine.families.evm.embedded.keeper import url_of

__all__ = ["url_of"]
