"""The Merkle tree over the log's hashes (RFC 6962): what is kept of it, and how it is read.

The leaves are the hashes of the chain, in the order of the log. The root of each full subtree of
256 leaves, of 256 of those, and so on is kept: a row per 255 events. All else is worked out from
them and from the events. Rows are only ever added, in the transaction that completes a subtree;
they are derived from the log, recomputed by `verify`, and made in one pass for older books.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert, select

from ledger.kernel.merkle import leaves_of, subtree_of
from ledger.store.head import head_of
from ledger.store.log import fetch
from ledger.store.schema import TREE, events, merkle, meta

WIDTH = 256
"""Leaves of the smallest subtree that is kept, and how many of a level make one of the next."""
BITS = 8
Kept = tuple[int, int, bytes]
"""The level of a subtree of 256 ** level leaves, its number from the left, its root."""


class Growing:
    """The subtrees that a write completes. Takes every hash in the order of the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._holds: bool | None = None
        self._new: list[Kept] = []

    def complete(self, position: int, hashes: list[bytes]) -> None:
        """Takes the hashes that end at a position that completes a subtree of 256 leaves; those
        before them in that subtree are in the log."""
        if self._holds is None:
            self._holds = _may_keep(self._connection)
        if not self._holds:
            return
        number = position // WIDTH - 1
        missing = WIDTH - len(hashes)
        before = _hashes(self._connection, number * WIDTH, missing) if missing else []
        self._new.append((1, number, subtree_of(leaves_of([*before, *hashes]))))
        self._climb(1, number)

    def keep(self) -> None:
        """Keeps what was completed since."""
        if self._new:
            rows = [dict(zip(("level", "number", "hash"), row, strict=True)) for row in self._new]
            self._connection.execute(insert(merkle), rows)
            self._new.clear()

    def _climb(self, level: int, number: int) -> None:
        """The subtree of the next level, where this one was the last of its 256."""
        if number % WIDTH != WIDTH - 1:
            return
        self.keep()
        above = number // WIDTH
        roots = _kept(self._connection, level, above * WIDTH, WIDTH)
        if len(roots) < WIDTH:  # a version that keeps no tree wrote some of them
            return
        self._new.append((level + 1, above, subtree_of(roots)))
        self._climb(level + 1, above)


class LogTree:
    """The tree as proofs read it. A subtree that is not kept is worked out from the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._size = head_of(connection).position
        self._holds = holds_tree(connection)
        self._blocks: dict[tuple[int, int], list[bytes]] = {}

    def subtree(self, level: int, index: int) -> bytes:
        """The root of the full subtree of 2 ** level leaves that begins at leaf index * 2 ** level,
        counted from zero. The log must have all of its leaves."""
        step, within = divmod(level, BITS)
        count = 1 << within
        first = index * count
        block = self._block(step, first // WIDTH)
        own = block[first % WIDTH : first % WIDTH + count]
        assert len(own) == count, f"subtree {index} of level {level} is not full"
        return subtree_of(own)

    def _block(self, level: int, number: int) -> list[bytes]:
        """Up to 256 neighbours of a level, of which the log may have fewer; the last is kept in
        memory, since a proof asks for several subtrees of it."""
        key = (level, number)
        if key not in self._blocks:
            self._blocks = {**dict(islice(self._blocks.items(), WIDTH)), key: self._read(*key)}
        return self._blocks[key]

    def _read(self, level: int, number: int) -> list[bytes]:
        if level == 0:
            return leaves_of(_hashes(self._connection, number * WIDTH, WIDTH))
        first = number * WIDTH
        full = min(WIDTH, max(0, self._size // WIDTH**level - first))
        kept = _kept(self._connection, level, first, WIDTH) if self._holds else []
        if len(kept) == full:
            return kept
        return [subtree_of(self._read(level - 1, each)) for each in range(first, first + full)]


def holds_tree(connection: Connection) -> bool:
    """Whether the book keeps its tree: older ones that nobody has opened for writing do not."""
    query = select(meta.c.value).where(meta.c.key == TREE)
    return connection.execute(query).first() is not None


def _may_keep(connection: Connection) -> bool:
    """Whether this writer may add to the tree: it may be one who was given the log and its indexes
    alone, and then the next reader works it out."""
    if connection.dialect.name == "sqlite":
        return holds_tree(connection)
    query = f"SELECT has_table_privilege('{merkle.name}', 'INSERT') FROM {meta.name} WHERE key = %s"
    return connection.exec_driver_sql(query, (TREE,)).scalar() is True


def make_tree(connection: Connection, size: int) -> int:
    """Keeps the tree of a log that has none yet, in one pass. Returns how many subtrees it has."""
    count = 0
    for row in subtrees(connection, size):
        names = ("level", "number", "hash")
        connection.execute(insert(merkle), [dict(zip(names, row, strict=True))])
        count += 1
    return count


def subtrees(connection: Connection, size: int) -> Iterator[Kept]:
    """Every subtree that a log of a size keeps, from the events alone."""
    c = events.c
    query = select(c.hash).where(c.position <= size).order_by(c.position)
    hashes = (bytes(row[0]) for row in fetch(connection, query))
    open_: list[list[bytes]] = [[]]
    number = 0
    while len(block := list(islice(hashes, WIDTH))) == WIDTH:
        root = subtree_of(leaves_of(block))
        yield from _taken(open_, 1, number, root)
        number += 1


def _taken(open_: list[list[bytes]], level: int, number: int, root: bytes) -> Iterator[Kept]:
    """A subtree, and those above that it completes; `open_`: per level those not yet covered."""
    yield level, number, root
    if len(open_) < level:
        open_.append([])
    row = open_[level - 1]
    row.append(root)
    if len(row) == WIDTH:
        above = subtree_of(row)
        row.clear()
        yield from _taken(open_, level + 1, number // WIDTH, above)


def stored(connection: Connection) -> dict[tuple[int, int], bytes]:
    """What is kept, by level and number."""
    m = merkle.c
    return {
        (level, number): bytes(root)
        for level, number, root in fetch(connection, select(m.level, m.number, m.hash))
    }


def _hashes(connection: Connection, after: int, count: int) -> list[bytes]:
    """The hashes of events from position after + 1 on."""
    c = events.c
    query = select(c.hash).where(c.position > after, c.position <= after + count)
    return [bytes(row[0]) for row in fetch(connection, query.order_by(c.position))]


def _kept(connection: Connection, level: int, first: int, count: int) -> list[bytes]:
    """The kept roots of a level from a number on, as far as there is no gap."""
    m = merkle.c
    within = (m.level == level, m.number >= first, m.number < first + count)
    query = select(m.number, m.hash).where(*within).order_by(m.number)
    rows: Sequence[Any] = connection.execute(query).all()
    return [bytes(root) for at, (number, root) in enumerate(rows, first) if number == at]
