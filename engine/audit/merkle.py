"""Merkle trees with the hashing of RFC 6962: leaves under 0x00, nodes under 0x01.

A leaf's data is the 32 bytes of a history row's hash. Everything is iterative: a level at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf with this data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A whole tree in memory: 64 bytes a leaf and Python's own weight."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """`leaves` are the leaves' data, in order."""
        self._levels = [[leaf_hash(data) for data in leaves]]
        while len(self._levels[-1]) > 1:
            self._levels.append(_level_above(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """The root; of an empty tree the hash of nothing."""
        top = self._levels[-1]
        return top[0] if top else EMPTY_ROOT

    def proof(self, index: int) -> list[bytes]:
        """The hashes that lead from leaf `index` to the root, lowest first."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(f"no leaf {index}")
        path = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            index >>= 1
        return path


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    """An odd last hash rises unchanged: the split of RFC 6962 at the largest power of two."""
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [node_hash(left, right) for left, right in pairs]
    if len(level) % 2:
        above.append(level[-1])
    return above


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over the leaves' data, in order."""
    return Tree(leaves).root


def proof(index: int, leaves: Iterable[bytes]) -> list[bytes]:
    """The path of one leaf; for several leaves of the same tree make a `Tree` once."""
    return Tree(leaves).proof(index)


def verify_proof(
    data: bytes, *, index: int, count: int, path: Sequence[bytes], expected_root: bytes
) -> bool:
    """Whether `path` shows that leaf `index` of `count` has this data under `expected_root`."""
    if not 0 <= index < count:
        return False
    at, last, found = index, count - 1, leaf_hash(data)
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while at and not at & 1:  # levels on which this odd last hash rose unchanged
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == expected_root
