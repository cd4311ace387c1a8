"""The one recorder, on SQLite and PostgreSQL: positions without gaps, a chain, idempotent keys.

It implements the `ApplicationRecorder` of the `eventsourcing` package and passes that package's
own published test cases. One writer at a time: the lock is taken at the start of the write and
held until the commit, so that positions are assigned in commit order and no reader ever sees a
gap that is filled later.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
    Subscription,
)
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy import exc as sa_exc

from ledger.kernel.errors import BookLocked, ReadOnlyBook
from ledger.store import chain
from ledger.store.head import LOCK_SECONDS, Head, head_of, microseconds_now
from ledger.store.schema import events

BATCH = 2000
COPY_FROM = 200
"""From so many rows on PostgreSQL is fed by COPY."""

Row = tuple[str, int, str, bytes, int, str, int, int, bytes | None]
"""stream, version, topic, state, at, by, batch, row, key: what a writer hands over."""

_INSERT = (
    'INSERT INTO events (position, stream, version, topic, state, at, recorded_at, "by",'
    ' batch, "row", key, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'
)
_COPY = (
    'COPY events (position, stream, version, topic, state, at, recorded_at, "by",'
    ' batch, "row", key, hash) FROM STDIN (FORMAT BINARY)'
)
_COPY_TYPES = [
    *("int8", "text", "int8", "text", "bytea", "int8"),
    *("int8", "text", "int8", "int8", "bytea", "bytea"),
]


class Writer:
    """An open write transaction, holding the lock. `recorded_at` never runs backwards."""

    def __init__(self, connection: Connection, head: Head, now: int) -> None:
        self.connection = connection
        self.head = head
        self.recorded_at = max(now, head.recorded_at)

    def append(self, rows: Iterable[Row]) -> Head:
        """Chains and inserts rows at the head; the head after them."""
        chained = self._chained(rows)
        if self.connection.dialect.name == "sqlite":
            while batch := list(islice(chained, BATCH)):
                self.connection.exec_driver_sql(_INSERT, batch)
        else:
            while batch := list(islice(chained, BATCH * 5)):
                self._insert_postgres(batch)
        return self.head

    def _chained(self, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
        position, digest, known = self.head.position, self.head.hash, self.recorded_at
        link = chain.link
        for stream, version, topic, state, at, by, batch, row, key in rows:
            position += 1
            digest = link(
                digest, position, stream, version, topic, state, at, known, by, batch, row, key
            )
            yield (
                position, stream, version, topic, state, at, known, by, batch, row, key, digest
            )  # fmt: skip
        self.head = Head(position, digest, known)

    def _insert_postgres(self, batch: list[tuple[Any, ...]]) -> None:
        if len(batch) < COPY_FROM:
            names = [column.name for column in events.columns]
            self.connection.execute(insert(events), [dict(zip(names, row)) for row in batch])  # noqa: B905
            return
        driver: Any = self.connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for row in batch:
                copy.write_row(row)


class LogRecorder(ApplicationRecorder):
    """Events in, events out, over one SQLAlchemy engine."""

    def __init__(self, engine: Engine, *, writable: bool = True) -> None:
        self.engine = engine
        self.writable = writable

    # -- our own interface -------------------------------------------------------------------

    @contextmanager
    def writing(self, now: int | None = None) -> Iterator[Writer]:
        """A write transaction under the lock; everything in it is recorded, or nothing.

        Raises `ReadOnlyBook`, or `BookLocked` when the lock is not had within 20 seconds.
        """
        if not self.writable:
            raise ReadOnlyBook("This book may only be read.", "Ask whoever keeps it to record.")
        try:
            with (
                self.engine.connect().execution_options(duebook_write=True) as connection,
                connection.begin(),
            ):
                if connection.dialect.name != "sqlite":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                    connection.exec_driver_sql("LOCK TABLE events IN EXCLUSIVE MODE")
                yield Writer(connection, head_of(connection), now or microseconds_now())
        except sa_exc.OperationalError as error:
            if _is_lock(error):
                raise BookLocked(
                    f"Somebody else has been writing for more than {LOCK_SECONDS} seconds.",
                    "Nothing was recorded. Run the same command again.",
                ) from error
            raise

    def head(self) -> Head:
        """The end of the log as it is now."""
        with self.engine.connect() as connection:
            return head_of(connection)

    # -- the interface of the `eventsourcing` package ----------------------------------------

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Writes stored events in one transaction and answers their positions.

        Raises the package's `IntegrityError` for a version that is already recorded, and its
        `OperationalError` when the lock is not had.
        """
        now = microseconds_now()
        rows: list[Row] = [
            (str(e.originator_id), e.originator_version, e.topic, e.state, now, "", 0, 0, None)
            for e in stored_events
        ]
        try:
            with self.writing(now) as writer:
                first = writer.head.position + 1
                last = writer.append(rows).position
        except sa_exc.IntegrityError as error:
            raise IntegrityError(str(error.orig)) from error
        except BookLocked as error:
            raise OperationalError(str(error)) from error
        except sa_exc.DBAPIError as error:
            if _is_duplicate(error):
                raise IntegrityError(str(error.orig)) from error
            raise
        return list(range(first, last + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """One stream's events by version."""
        c = events.c
        query = select(c.version, c.topic, c.state).where(c.stream == str(originator_id))
        if gt is not None:
            query = query.where(c.version > gt)
        if lte is not None:
            query = query.where(c.version <= lte)
        query = query.order_by(c.version.desc() if desc else c.version).limit(limit)
        with self.engine.connect() as connection:
            return [
                StoredEvent(originator_id, version, topic, bytes(state))
                for version, topic, state in connection.execute(query)
            ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in the order of the log; the id of a notification is its position."""
        c = events.c
        query = select(c.stream, c.version, c.topic, c.state, c.position).order_by(c.position)
        if start is not None:
            query = query.where(c.position >= start if inclusive_of_start else c.position > start)
        if stop is not None:
            query = query.where(c.position <= stop)
        if topics:
            query = query.where(c.topic.in_(list(topics)))
        with self.engine.connect() as connection:
            return [
                Notification(_identity(stream), version, topic, bytes(state), position)
                for stream, version, topic, state, position in connection.execute(
                    query.limit(limit)
                )
            ]

    def max_notification_id(self) -> int | None:
        """The last position, None for an empty log."""
        return self.head().position or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Not offered: SQLite has no notification, and readers here catch up by position."""
        raise NotImplementedError("poll select_notifications(start=...) instead")


def _identity(stream: str) -> UUID | str:
    """Streams of the library's own aggregates are UUIDs; ours are readable."""
    if len(stream) == 36 and ":" not in stream:
        try:
            return UUID(stream)
        except ValueError:
            return stream
    return stream


def _is_lock(error: sa_exc.OperationalError) -> bool:
    text = str(error.orig).lower()
    return "locked" in text or "busy" in text or "lock timeout" in text


def _is_duplicate(error: sa_exc.DBAPIError) -> bool:
    return "never changed" in str(error.orig) or "duplicate key" in str(error.orig)
