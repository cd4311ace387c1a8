"""Verifying the tree over the log: each subtree that is kept is what the events give."""

from ledger.kernel.counted import counted
from ledger.kernel.merkle import root_at
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.tree import LogTree, holds_tree, stored, subtrees
from ledger.usecases.verifying.verify import Check

NAME = "tree"


def verify_tree(book: Book) -> Check:
    """Recomputes every subtree from the events' hashes, which the chain has verified before."""
    with book.reading() as connection:
        size = head_of(connection).position
        kept = stored(connection) if holds_tree(connection) else {}
        count = len(kept)
        for level, number, root in subtrees(connection, size):
            if kept.pop((level, number), root) != root:
                said = f"subtree {number} of level {level} is not what the log gives"
                return Check(NAME, False, said)
        if kept:
            level, number = min(kept)
            return Check(NAME, False, f"subtree {number} of level {level} is beyond the log")
        root = root_at(size, LogTree(connection))
    return Check(NAME, True, f"{counted(count, 'subtree')} recomputed, root {root.hex()}")
