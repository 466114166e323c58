"""The embedded chain in a process of its own keeps its blocks, however it ends."""

from __future__ import annotations

from pathlib import Path

from tests.nodes.embedded import EmbeddedNode

OURS = f"0x{'0d' * 20}"


def test_it_goes_on_where_it_was_after_an_orderly_end_and_after_a_power_cut(
    tmp_path: Path,
) -> None:
    node = EmbeddedNode(tmp_path)
    try:
        node.start()
        node.pay(OURS, 5)
        (block,) = node.mine()
        node.restart()
        assert (node.tip(), node.balance(OURS)) == (block, 5)
        (block,) = node.mine()
        node.kill()
        node.start()
        assert (node.tip(), node.balance(OURS)) == (block, 5)
    finally:
        node.kill()
