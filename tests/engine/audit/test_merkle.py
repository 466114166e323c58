"""The trees are those of RFC 6962: checked against its own recursive definition."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audit import merkle


def _defined_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = _defined_root(leaves[:split]), _defined_root(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def _leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(b"%d" % number).digest() for number in range(count)]


@pytest.mark.parametrize("count", range(40))
def test_the_root_is_that_of_the_definition(count: int) -> None:
    assert merkle.root(_leaves(count)) == _defined_root(_leaves(count))


@pytest.mark.parametrize("count", range(1, 34))
def test_every_leaf_has_a_proof_that_verifies(count: int) -> None:
    leaves = _leaves(count)
    tree = merkle.Tree(leaves)
    for index, data in enumerate(leaves):
        path = tree.proof(index)
        assert path == merkle.proof(index, leaves)
        assert merkle.verify_proof(
            data, index=index, count=count, path=path, expected_root=tree.root
        )


@given(count=st.integers(1, 40), data=st.data())
def test_a_proof_fits_its_own_leaf_only(count: int, data: st.DataObject) -> None:
    leaves = _leaves(count)
    tree = merkle.Tree(leaves)
    index = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(-1, count + 1).filter(lambda value: value != index))
    path = tree.proof(index)
    assert not merkle.verify_proof(
        leaves[index], index=other, count=count, path=path, expected_root=tree.root
    )
    assert not merkle.verify_proof(
        b"\x00" * 32, index=index, count=count, path=path, expected_root=tree.root
    )


@given(count=st.integers(1, 40), data=st.data())
def test_a_changed_path_does_not_verify(count: int, data: st.DataObject) -> None:
    leaves = _leaves(count)
    tree = merkle.Tree(leaves)
    index = data.draw(st.integers(0, count - 1))
    path = tree.proof(index)
    longer = [*path, b"\x00" * 32]
    changed = [longer, path[:-1], path[::-1]] if len(path) > 1 else [longer]
    for wrong in changed:
        assert not merkle.verify_proof(
            leaves[index], index=index, count=count, path=wrong, expected_root=tree.root
        )


def test_there_is_no_proof_of_a_leaf_that_is_not_there() -> None:
    with pytest.raises(IndexError, match="no leaf 3"):
        merkle.proof(3, _leaves(3))
