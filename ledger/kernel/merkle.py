"""A Merkle tree by RFC 6962 and 9162: what a root says of leaves, and proofs that it does.

A leaf's hash is sha256(0x00 + data), a node's is sha256(0x01 + left + right), so that no node can
pass for a leaf. A tree of n leaves has on its left the largest power of two below n, and the rest
on its right; the root of no leaves is the sha256 of nothing. Every hash is 32 bytes long, every
index counts from 0.

Whoever stores a tree keeps hashes of full aligned subtrees, which never change when leaves are
added, and answers `Source.subtree`; what is not full is combined from these when it is asked for.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from ledger.kernel.tree_shape import (
    beside,
    check_range,
    check_size,
    check_sizes,
    full_subtrees,
    left_of,
)

WIDTH = 32
"""Bytes of a hash."""
EMPTY = sha256().digest()
"""The root of a tree without leaves."""


class Source(Protocol):
    """Whatever can answer for the full subtrees of a tree."""

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of the 2**level leaves from leaf index * 2**level on; all of them are there."""


def leaf(data: bytes) -> bytes:
    """The hash of a leaf: sha256(0x00 + data)."""
    return sha256(b"\0" + data).digest()


def leaves_of(data: Sequence[bytes]) -> list[bytes]:
    """The hashes of many leaves, as `leaf` would give them."""
    hashed = sha256
    return [hashed(b"\0" + content).digest() for content in data]


def node(left: bytes, right: bytes) -> bytes:
    """The hash of a node: sha256(0x01 + left + right)."""
    return sha256(b"\1" + left + right).digest()


def subtree_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The hash of a full subtree, from the hashes of its leaves; their number is a power of two.

    Raises ValueError for any other number: that is a mistake of the caller's.
    """
    count = len(leaf_hashes)
    if count == 0 or count & (count - 1):
        raise ValueError(f"{count} leaves are not a full subtree")
    return root(leaf_hashes)


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of a tree, from the hashes of all of its leaves in order.

    Pairs are joined level by level, and a node without a partner rises as it is: that gives the
    same tree as the RFC's division at the largest power of two, without recursion.
    """
    if not leaf_hashes:
        return EMPTY
    hashed, level = sha256, leaf_hashes
    while len(level) > 1:
        above = [
            hashed(b"\1" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def root_at(size: int, source: Source) -> bytes:
    """The root of the first `size` leaves; of none, the sha256 of nothing."""
    check_size(size)
    return _hash_of(0, size, source) if size else EMPTY


def inclusion(index: int, size: int, source: Source) -> list[bytes]:
    """The proof that a leaf is in the tree of `size` leaves: RFC 6962, section 2.1.1.

    From the leaf's sibling up to the child of the root: the hashes that the leaf's own has to be
    joined with. Raises `BadProof` where the tree has no such leaf.
    """
    check_range(index, index, size)
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + left_of(end - begin)
        if index < middle:
            path.append(_hash_of(middle, end, source))
            end = middle
        else:
            path.append(_hash_of(begin, middle, source))
            begin = middle
    return path[::-1]


def consistency(first: int, second: int, source: Source) -> list[bytes]:
    """The proof that the tree of `second` leaves begins with that of `first`: RFC 6962, 2.1.2.

    Empty where there is nothing to prove: both sizes are the same, or the first tree is empty.
    Raises `BadProof` where the first is the larger.
    """
    check_sizes(first, second)
    if not first:
        return []
    begin, end, path = 0, second, []
    while end != first:
        middle = begin + left_of(end - begin)
        if first <= middle:
            path.append(_hash_of(middle, end, source))
            end = middle
        else:
            path.append(_hash_of(begin, middle, source))
            begin = middle
    if begin:
        # The first tree's own right edge; where it is the whole of that tree, its root is known.
        path.append(_hash_of(begin, end, source))
    return path[::-1]


def range_proof(first: int, last: int, size: int, source: Source) -> list[bytes]:
    """The proof that the leaves from `first` to `last`, both included, are in the tree together.

    The hashes of the largest subtrees that touch none of them, from left to right: at most two a
    level, however many leaves there are, and nothing that depends on a single other leaf.
    Raises `BadProof` where the tree has no such leaves.
    """
    check_range(first, last, size)
    return [_hash_of(begin, end, source) for begin, end in beside(0, size, first, last)]


def left_joined(start: bytes, siblings: Sequence[bytes]) -> bytes:
    """A hash joined with what stands left of it, the nearest first."""
    for sibling in siblings:
        start = node(sibling, start)
    return start


def _hash_of(begin: int, end: int, source: Source) -> bytes:
    """The hash of a node of the tree, from the full subtrees below it: the smallest joins first."""
    hashes = [source.subtree(level, index) for level, index in full_subtrees(begin, end)]
    return left_joined(hashes[-1], hashes[-2::-1])
