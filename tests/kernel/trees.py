"""Trees of a few leaves to prove things of: the whole of one by the RFC's recursion, in memory."""

from collections.abc import Sequence

from ledger.kernel.merkle import EMPTY, leaf, node


def defined_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root as RFC 6962, section 2.1, defines it, and as slowly."""
    if len(leaf_hashes) < 2:
        return leaf_hashes[0] if leaf_hashes else EMPTY
    middle = 1
    while middle * 2 < len(leaf_hashes):
        middle *= 2
    return node(defined_root(leaf_hashes[:middle]), defined_root(leaf_hashes[middle:]))


class Tree:
    """Leaves with their full subtrees, as storage has them, and nothing else."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self.leaves = list(leaf_hashes)
        self.levels = [self.leaves]
        while len(below := self.levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self.levels.append([node(left, right) for left, right in pairs])

    def subtree(self, level: int, index: int) -> bytes:
        return self.levels[level][index]


def grown(size: int) -> Tree:
    """A tree of that many leaves, each another."""
    return Tree([leaf(b"%d" % number) for number in range(size)])
