"""Checks of Merkle proofs without the tree: RFC 6962, section 2.1, and RFC 9162, section 2.1.3.

A proof proves nothing by itself: it leads from leaves to a root, and that root has to be one that
whoever checks has from a signature or from their own memory, never from the proof's file. What
`root_of_...` and `roots_of_...` raise says what is wrong with a proof's form; `holds_...` is the
same as yes or no.
"""

from collections.abc import Sequence

from ledger.kernel.merkle import EMPTY, WIDTH, left_joined, node, root
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.tree_shape import (
    SIZE_MAX,
    beside,
    check_range,
    consistency_length,
    inclusion_length,
    left_of,
    trailing_zeros,
    turns,
)


def root_of_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bytes:
    """The root of the tree in which a proof puts a leaf; whoever checks compares it to theirs.

    Raises `BadProof` for a proof of a wrong length, or a leaf that a tree of that size has not.
    """
    check_hashes(proof, inclusion_length(index, size))
    _check_widths([leaf_hash])
    inner, _ = turns(index, size)
    return left_joined(_joined(leaf_hash, index, proof[:inner]), proof[inner:])


def holds_inclusion(
    index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], tree: bytes
) -> bool:
    """Whether a proof shows that a leaf is in the tree whose root is `tree`. Never raises."""
    try:
        return root_of_inclusion(index, size, leaf_hash, proof) == tree
    except BadProof:
        return False


def roots_of_consistency(
    first: int, second: int, first_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The roots that a proof of consistency leads to: of the first tree, and of the second.

    The first root is needed, because a proof leaves it out where the first tree is a subtree of
    the second. Raises `BadProof` for a proof of a wrong length, or sizes in the wrong order.
    """
    check_hashes(proof, consistency_length(first, second))
    _check_widths([first_root])
    if first == second:
        return first_root, first_root
    if not first:
        raise BadProof(
            "A tree without leaves is the beginning of every tree: there is nothing to prove.",
            "Name a checkpoint of a book that has events.",
        )
    full = trailing_zeros(first)
    start, rest = (first_root, proof) if first == 1 << full else (proof[0], proof[1:])
    index, inner = (first - 1) >> full, turns(first - 1, second)[0] - full
    within = [rest[level] for level in range(inner) if index >> level & 1]
    older = left_joined(left_joined(start, within), rest[inner:])
    return older, left_joined(_joined(start, index, rest[:inner]), rest[inner:])


def holds_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that the second tree is the first and more. Never raises.

    Every tree begins with the empty one, whose root is `EMPTY`, and with itself: such a proof is
    empty.
    """
    if first == 0 and not proof and 0 <= second <= SIZE_MAX:
        return first_root == EMPTY and (second > 0 or second_root == EMPTY)
    try:
        roots = roots_of_consistency(first, second, first_root, proof)
    except BadProof:
        return False
    return roots == (first_root, second_root)


def root_of_range(
    first: int, leaf_hashes: Sequence[bytes], size: int, proof: Sequence[bytes]
) -> bytes:
    """The root of the tree in which a proof puts consecutive leaves, beginning with leaf `first`.

    Raises `BadProof` for a proof of a wrong length, no leaves, or leaves beyond the tree.
    """
    last = first + len(leaf_hashes) - 1
    check_range(first, last, size)
    others = list(beside(0, size, first, last))
    check_hashes(proof, len(others))
    _check_widths(leaf_hashes)
    hashes = dict(zip(others, proof, strict=True))

    def joined(begin: int, end: int) -> bytes:
        if (begin, end) in hashes:
            return hashes[begin, end]
        if first <= begin and end <= last + 1:
            return root(leaf_hashes[begin - first : end - first])
        middle = begin + left_of(end - begin)
        return node(joined(begin, middle), joined(middle, end))

    return joined(0, size)


def check_hashes(proof: Sequence[bytes], expected: int) -> None:
    """Raises `BadProof` for another number of hashes than expected, or one of another length."""
    if len(proof) != expected:
        raise BadProof(f"The proof has {len(proof):,} hashes; expected {expected}.")
    _check_widths(proof)


def _joined(start: bytes, index: int, siblings: Sequence[bytes]) -> bytes:
    """A hash joined with its siblings level by level, each on the side that the index says."""
    for level, sibling in enumerate(siblings):
        start = node(sibling, start) if index >> level & 1 else node(start, sibling)
    return start


def _check_widths(hashes: Sequence[bytes]) -> None:
    for hash_ in hashes:
        if len(hash_) != WIDTH:
            raise BadProof(f"A hash of {len(hash_):,} bytes; expected {WIDTH}, as sha256 has.")
