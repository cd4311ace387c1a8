"""The shape of a Merkle tree, from numbers alone: which hashes a proof has, and how many.

A tree of n leaves has on its left the largest power of two below n, and the rest on its right
(RFC 6962, section 2.1); indexes count from 0. Sizes are bounded here, before anything is built of
them, so that no proof costs more than a few hundred steps besides its own leaves.
"""

from collections.abc import Iterator

from ledger.kernel.proof_errors import BadProof

SIZE_MAX = 2**63 - 1
"""The most leaves of a tree: as many as a log has positions."""
HASHES_MAX = 64
"""The most hashes of a proof of inclusion or consistency: one a level, and one more."""


def full_subtrees(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The full aligned subtrees that make up the leaves from `begin` up to `end`, by level, index.

    They come from left to right. For `begin` 0 these are all that an appender has to keep of a
    tree of `end` leaves: a hash for each bit of its size that is set.
    """
    while begin < end:
        fits = (end - begin).bit_length() - 1
        level = min(fits, (begin & -begin).bit_length() - 1) if begin else fits
        yield level, begin >> level
        begin += 1 << level


def inclusion_length(index: int, size: int) -> int:
    """How many hashes the proof of inclusion of a leaf has. Raises `BadProof` as `inclusion`."""
    check_range(index, index, size)
    return sum(turns(index, size))


def consistency_length(first: int, second: int) -> int:
    """How many hashes a proof of consistency has. Raises `BadProof` as `consistency`."""
    check_sizes(first, second)
    if first in (0, second):
        return 0
    full = trailing_zeros(first)
    return sum(turns(first - 1, second)) - full + (first != 1 << full)


def turns(index: int, size: int) -> tuple[int, int]:
    """How many siblings a leaf has below the right edge of the tree, and how many left of it.

    Up to where its way meets the last leaf's, each level has a sibling; from there on only those
    on the left do, since on the right there is nothing.
    """
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def beside(begin: int, end: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The largest nodes, as begin and end, that have no leaf between first and last."""
    if last < begin or end <= first:
        yield begin, end
    elif begin < first or last + 1 < end:
        middle = begin + left_of(end - begin)
        yield from beside(begin, middle, first, last)
        yield from beside(middle, end, first, last)


def left_of(size: int) -> int:
    """The largest power of two below a size of at least two."""
    return 1 << (size - 1).bit_length() - 1


def trailing_zeros(number: int) -> int:
    """How often a number above zero can be halved."""
    return (number & -number).bit_length() - 1


def check_size(size: int) -> None:
    """Raises `BadProof` for a size that no tree has."""
    if not 0 <= size <= SIZE_MAX:
        raise BadProof(f"A tree of {_shown(size)} leaves: expected from 0 up to 2^63 - 1.")


def check_sizes(first: int, second: int) -> None:
    """Raises `BadProof` for sizes of which the first is the larger, or that no tree has."""
    check_size(first)
    check_size(second)
    if first > second:
        raise BadProof(
            f"A tree of {first:,} leaves cannot have grown into a tree of {second:,}.",
            "Name the checkpoint of the smaller size first.",
        )


def check_range(first: int, last: int, size: int) -> None:
    """Raises `BadProof` for leaves that a tree of that size does not have."""
    check_size(size)
    if not 0 <= first <= last < size:
        leaves = f"leaf {_shown(first)}"
        if first != last:
            leaves = f"leaves {_shown(first)} to {_shown(last)}"
        raise BadProof(f"A tree of {size:,} leaves has no {leaves}; the first one is 0.")


def _shown(number: int) -> str:
    """A number, or that it is huge: what somebody made up may have millions of digits."""
    if abs(number) < 1 << 72:
        return f"{number:,}"
    return f"{'-' if number < 0 else ''}2^{abs(number).bit_length() - 1} or more"
