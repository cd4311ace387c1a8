"""The only recorder, on SQLite and PostgreSQL: positions without gaps, a chain, idempotent keys.

One writer at a time: the lock is taken at the start of the write and held until the commit, so
that positions are assigned in commit order and no reader ever sees a gap that is filled later.
`Writer.append` is the only way into the log; `ledger.store.library` shows the log to those who
follow it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NoReturn, TypeVar

from sqlalchemy import Connection, Engine, insert
from sqlalchemy import exc as sa_exc

from ledger.aggregates.base import OwnEvent
from ledger.aggregates.writing import Actor, ClockTrusted
from ledger.kernel.errors import BookLocked, OlderBook
from ledger.store import chain
from ledger.store.actor import actor_on
from ledger.store.clock import trusted
from ledger.store.head import LOCK_SECONDS, Head, head_of, microseconds_now
from ledger.store.rights import Lacking, read_only, told
from ledger.store.schema import FORMAT, events
from ledger.store.tree import WIDTH, Growing

BATCH = 2000
WRITE_LOCK = 0x6475_6564
"""With the number of the table of events, the key of the write lock on a server."""
COPY_FROM = 200
"""From this many rows on, PostgreSQL is loaded with COPY."""

Own = TypeVar("Own", bound=OwnEvent)
Row = chain.Row

_NO_LOCK = "55P03"
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

    def __init__(
        self,
        connection: Connection,
        head: Head,
        now: int,
        trusted: ClockTrusted | None,
        actor: Actor,
    ) -> None:
        self.connection = connection
        self.head = head
        self.recorded_at = max(now, head.recorded_at)
        self._said = {"clock_is_right": trusted, "actor": actor}
        self._tree = Growing(connection)
        self._hashes: list[bytes] = []
        """Those since the last subtree of the tree that is full."""

    def signed(self, event: Own) -> Own:
        """An event of ours that says who writes it, and by which clock if that was doubted."""
        return event.model_copy(update=self._said)

    def append(self, rows: Iterable[Row]) -> Head:
        """Chains and inserts rows at the head; returns the head after them."""
        remaining, sqlite = iter(rows), self.connection.dialect.name == "sqlite"
        while batch := self._chained(islice(remaining, BATCH if sqlite else BATCH * 5)):
            if sqlite:
                self.connection.exec_driver_sql(_INSERT, batch)
            else:
                self._insert_postgres(batch)
        self._tree.keep()
        return self.head

    def _chained(self, rows: Iterable[Row]) -> list[chain.Chained]:
        """The next rows with their positions and hashes; the head and the tree move with them."""
        position, digest, _ = self.head
        linked = chain.chained(digest, position, self.recorded_at, rows)
        if not linked:
            return linked
        hashes = [*self._hashes, *(row[-1] for row in linked)]
        position += len(linked)
        self._hashes = self._grown(position, hashes)
        self.head = Head(position, linked[-1][-1], self.recorded_at)
        return linked

    def _grown(self, position: int, hashes: list[bytes]) -> list[bytes]:
        """Hands the hashes up to a position to the tree, as far as they complete subtrees of it;
        returns the others."""
        over = position % WIDTH
        while len(hashes) > over:
            end = (position - len(hashes)) // WIDTH * WIDTH + WIDTH
            count = end - (position - len(hashes))
            self._tree.complete(end, hashes[:count])
            hashes = hashes[count:]
        return hashes

    def _insert_postgres(self, batch: list[chain.Chained]) -> None:
        if len(batch) < COPY_FROM:
            names = [column.name for column in events.columns]
            self.connection.execute(insert(events), [dict(zip(names, row)) for row in batch])  # noqa: B905
            return
        driver: Any = self.connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for row in batch:
                copy.write_row(row)


class LogRecorder:
    """Opens the log for writing, over one SQLAlchemy engine."""

    def __init__(
        self,
        engine: Engine,
        *,
        writable: bool = True,
        format_: int = FORMAT,
        lacking: Lacking | None = None,
    ) -> None:
        self.engine = engine
        self.writable = writable
        self.lacking = lacking
        self.format = format_
        self.clock_is_right: str | None = None
        """Why a clock that would be doubted is right, where a person says so."""
        self.committed: int | None = None
        """The position of the last event that was committed here; None before the first."""

    @contextmanager
    def writing(self, now: int | None = None, *, older: bool = False) -> Iterator[Writer]:
        """A write transaction under the lock; everything in it is recorded, or nothing.

        Only an upgrade writes to an `older` book, and no event. Raises `ReadOnlyBook`, `OlderBook`,
        `ClockDoubted`, `RightMissing`, `BookLocked` when the lock is not obtained within 20
        seconds, or `ConcurrentWrite` where somebody writes without it.
        """
        if not self.writable:
            raise read_only(self.lacking, "record")
        if self.format < FORMAT and not older:
            refuse_older(self.format)
        try:
            with (
                self.engine.connect().execution_options(duebook_write=True) as connection,
                connection.begin(),
            ):
                if connection.dialect.name != "sqlite":
                    _take_turn(connection)
                before, now = head_of(connection), now or microseconds_now()
                trusts = None if older else trusted(connection, before, now, self.clock_is_right)
                writer = Writer(connection, before, now, trusts, actor_on(connection))
                yield writer
            if writer.head != before:
                self.committed = writer.head.position
        except Exception as error:  # COPY raises the driver's own, which SQLAlchemy wraps elsewhere
            if _is_lock(error):
                raise BookLocked(
                    f"Somebody else has been writing for more than {LOCK_SECONDS} seconds.",
                    "Nothing was recorded. Run the same command again.",
                ) from error
            if refusal := told(error):
                raise refusal from error
            raise

    def clock_trusted(self) -> ClockTrusted | None:
        """What a write would say of its clock now. Raises `ClockDoubted` as the write would."""
        with self.engine.connect() as connection:
            head = head_of(connection)
            return trusted(connection, head, microseconds_now(), self.clock_is_right)


def _take_turn(connection: Connection) -> None:
    """The write lock on a server, which asks for no right beyond INSERT.

    One that anybody may take, of this table, so that several books in the schemas of a database
    do not wait for each other; then the lock that an INSERT takes: versions that lock the table
    itself (IN EXCLUSIVE MODE) wait for it, and this one for theirs, before the head is read.
    """
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    connection.exec_driver_sql(
        f"SELECT pg_advisory_xact_lock({WRITE_LOCK}, 'events'::regclass::oid::int)"
    )
    connection.exec_driver_sql("LOCK TABLE events IN ROW EXCLUSIVE MODE")


def refuse_older(format_: int) -> NoReturn:
    """Raises `OlderBook`: a book is written only by a version of its own format."""
    raise OlderBook(
        f"This book has format {format_}; this version of duebook writes format {FORMAT}.",
        "Nothing was recorded. Read it as ever, or let this version write it: "
        "duebook upgrade --by NAME.",
    )


def _is_lock(error: Exception) -> bool:
    if not isinstance(error, sa_exc.OperationalError):
        return getattr(error, "sqlstate", None) == _NO_LOCK
    text = str(error.orig).lower()
    return "locked" in text or "busy" in text or "lock timeout" in text
