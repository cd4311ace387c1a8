"""The end of the log, the book that it is of, and the clock and lock timeout of its writers."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from ledger.store import chain
from ledger.store.schema import events

LOCK_SECONDS = 20
"""How long a writer waits for another one."""
ORIGIN = "duebook.book/"
ORIGIN_DIGITS = 32


class Head(NamedTuple):
    """The end of the log: its last position, hash and recorded_at."""

    position: int
    hash: bytes
    recorded_at: int

    @property
    def receipt(self) -> str:
        """What a writer keeps to prove later that the log still holds its write."""
        return f"{self.position}:{self.hash.hex()}"


EMPTY = Head(0, chain.GENESIS, 0)


def microseconds_now() -> int:
    """The clock of this machine, in microseconds since the epoch."""
    return time.time_ns() // 1000


def head_of(connection: Connection) -> Head:
    """The end of the log as this transaction sees it."""
    c = events.c
    last = select(c.position, c.hash, c.recorded_at).order_by(c.position.desc()).limit(1)
    row = connection.execute(last).first()
    return Head(row[0], bytes(row[1]), row[2]) if row else EMPTY


def hash_at(connection: Connection, position: int) -> bytes | None:
    """The hash of the event at a position; None without such an event, or where something else than
    a hash was put in its place."""
    query = select(events.c.hash).where(events.c.position == position)
    stored: object = connection.execute(query).scalar()
    return bytes(stored) if isinstance(stored, bytes | memoryview) else None


def origin_of(connection: Connection) -> str:
    """What tells a book from all others: the beginning of its first event's hash."""
    first = hash_at(connection, 1)
    assert first is not None, "a book begins with an event"
    return f"{ORIGIN}{first.hex()[:ORIGIN_DIGITS]}"


def max_versions(connection: Connection, streams: Sequence[str]) -> dict[str, int]:
    """The last version of each of the streams that exist."""
    c = events.c
    query = select(c.stream, func.max(c.version)).where(c.stream.in_(streams)).group_by(c.stream)
    return {stream: version for stream, version in connection.execute(query)}
