"""Brings read models up to the head: in batches, each with its position in one transaction.

An event that a view cannot take in is parked: the view goes on without it, and every report from
it says so until it is rebuilt. A rebuild is made next to the live table and swapped in.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy import exc as sa_exc

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import ForeignBook, ServerLost
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.schema import TEXT, has_table
from projections.base import Span, View
from projections.leftovers import NEXT, PARKED, POSITIONS, building, sweep, tables_of
from projections.rights import may_build

Progress = Callable[[str, int], None]
VIEWS_LOCK = 0x6475_6562
_Long = BigInteger().with_variant(Integer, "sqlite")
_tables = MetaData()
_positions = Table(
    POSITIONS,
    _tables,
    Column("view", TEXT, primary_key=True),
    Column("version", _Long, nullable=False),
    Column("position", _Long, nullable=False),
)
_parked = Table(
    PARKED,
    _tables,
    Column("view", TEXT, primary_key=True),
    Column("position", _Long, primary_key=True, autoincrement=False),
    Column("error", TEXT, nullable=False),
)


class Parked(NamedTuple):
    """An event that a view could not take in, and why."""

    view: str
    position: int
    error: str


class Sight(NamedTuple):
    """A view as it can be read now: its table, its clocks, and the events it left out."""

    connection: Connection
    table: Table
    clocks: Clocks
    parked: list[Parked]


def _silent(what: str, more: int) -> None:
    return None


@contextmanager
def looking_at(
    book: Book, view: View, clocks: Clocks | None = None, progress: Progress = _silent
) -> Iterator[Sight]:
    """The view at the head, or at `clocks`.

    The live table is brought up to date first. For a caller who may not do that, and at clocks
    other than the head's, the view is built in a temporary database.
    """
    if clocks is None and may_build(book, tables_of(view.NAME)):
        sweep(book)
        catch_up(book, view, progress)
        with book.reading() as connection:
            position = _state(connection, view.NAME)[1]
            yield _sight(connection, view, Clocks(FOREVER, position))
        return
    with temporary(book, [view], clocks, progress) as (connection, at):
        yield _sight(connection, view, at)


@contextmanager
def temporary(
    book: Book,
    views: Iterable[View],
    clocks: Clocks | None,
    progress: Progress = _silent,
) -> Iterator[tuple[Connection, Clocks]]:
    """A temporary database with some views, built from the log at the clocks."""
    engine = temporary_engine()
    try:
        with book.reading() as source, engine.connect() as target:
            at = clocks or Clocks(FOREVER, head_of(source).position)
            _tables.create_all(target)
            for view in views:
                view.table().create(target)
                _build(source, target, view, view.table(), at, progress)
            target.commit()
            yield target, at
    finally:
        engine.dispose()


def temporary_engine() -> Engine:
    """A database that vanishes when it is closed: in memory, spilling to disk as it grows."""
    import sqlite3

    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    def connect() -> sqlite3.Connection:
        # The empty name is SQLite's private temporary database on disk.
        return sqlite3.connect("", check_same_thread=False)

    return create_engine("sqlite://", creator=connect, poolclass=StaticPool)


def catch_up(book: Book, view: View, progress: Progress = _silent) -> int:
    """Takes in what was recorded since; returns the position that the view is now at."""
    with book.reading() as connection:
        version, position = _state(connection, view.NAME)
        head = head_of(connection).position  # read last: no view can be beyond it legitimately
    if version != view.VERSION or position > head:
        return rebuild(book, view, progress)
    while position < head:
        with _writing(book) as connection:
            # Read again under the lock: another process may have caught up meanwhile.
            version, position = _state(connection, view.NAME)
            if version != view.VERSION or position >= head:
                break
            until = min(head, position + (view.BATCH or head))
            _take(connection, connection, view, view.table(), (position, until), FOREVER)
            _set_position(connection, view.NAME, view.VERSION, until)
            progress(view.NAME, until - position)
            position = until
    return head


def rebuild(book: Book, view: View, progress: Progress = _silent) -> int:
    """Builds the view anew next to the live one and swaps them in one transaction."""
    sweep(book)
    with building(book):
        position = _rebuilt(book, view, progress)
    return catch_up(book, view, progress) if position is None else position


def _rebuilt(book: Book, view: View, progress: Progress) -> int | None:
    """The position of the view that was swapped in; None where another process did it."""
    fresh = view.table(NEXT)
    position = 0
    with _writing(book) as connection:
        _tables.create_all(connection)
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{fresh.name}"')
        fresh.create(connection)
        connection.execute(delete(_parked).where(_parked.c.view == fresh.name))
        _set_position(connection, fresh.name, view.VERSION, 0)
    while True:
        with _writing(book) as connection:
            # Another process may have restarted the same build, or finished and swapped it.
            version, position = _state(connection, fresh.name)
            if version is None:
                return None
            head = head_of(connection).position
            until = min(head, position + (view.BATCH or head))
            span = (position, until)
            if position < until:
                _take(connection, connection, view, fresh, span, FOREVER, name=fresh.name)
            progress(view.NAME, until - position)
            position = until
            _set_position(connection, fresh.name, view.VERSION, position)
            if position == head:
                _swap(connection, view, fresh, position)
                return position


def state_of(connection: Connection, view: View) -> tuple[int | None, int]:
    """The version and position of the live view; the version is None if it was never built."""
    return _state(connection, view.NAME)


def parked_in(connection: Connection, name: str) -> list[Parked]:
    """The events that a view left out."""
    if not has_table(connection, _parked.name):
        return []
    query = select(_parked).where(_parked.c.view == name).order_by(_parked.c.position)
    return [Parked(*row) for row in connection.execute(query)]


def _sight(connection: Connection, view: View, clocks: Clocks) -> Sight:
    return Sight(connection, view.table(), clocks, parked_in(connection, view.NAME))


def _build(
    source: Connection,
    target: Connection,
    view: View,
    table: Table,
    clocks: Clocks,
    progress: Progress,
) -> None:
    position, batch = 0, view.batch_at(clocks.as_of) or clocks.known_at
    while position < clocks.known_at:
        until = min(clocks.known_at, position + batch)
        _take(source, target, view, table, (position, until), clocks.as_of)
        progress(view.NAME, until - position)
        position = until


def _take(
    source: Connection,
    target: Connection,
    view: View,
    table: Table,
    piece: tuple[int, int],
    as_of: int,
    name: str | None = None,
) -> None:
    """Takes in a piece of the log; halves it to isolate an event that cannot be taken in."""
    after, until = piece
    savepoint = target.begin_nested()
    try:
        left_out = frozenset(parked.position for parked in parked_in(target, name or view.NAME))
        view.take(Span(source, target, after, until, as_of, left_out), table)
        savepoint.commit()
    except (sa_exc.OperationalError, ServerLost):
        raise  # the database, not the event
    except Exception as error:  # whatever a handler raises parks the event
        savepoint.rollback()
        if until - after == 1:
            row = {
                "view": name or view.NAME,
                "position": until,
                "error": f"{type(error).__name__}: {error}"[:500],
            }
            target.execute(insert(_parked), [row])
            return
        middle = (after + until) // 2
        _take(source, target, view, table, (after, middle), as_of, name)
        _take(source, target, view, table, (middle, until), as_of, name)


@contextmanager
def _writing(book: Book) -> Iterator[Connection]:
    with (
        book.engine.connect().execution_options(duebook_write=True) as connection,
        connection.begin(),
    ):
        if connection.dialect.name != "sqlite":
            # Like SQLite's own write lock: one writer of views at a time, DDL included.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({VIEWS_LOCK})")
        yield connection


def _state(connection: Connection, name: str) -> tuple[int | None, int]:
    if not has_table(connection, _positions.name):
        return None, 0
    query = select(_positions.c.version, _positions.c.position).where(_positions.c.view == name)
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else (None, 0)


def _set_position(connection: Connection, name: str, version: int, position: int) -> None:
    values = {"version": version, "position": position}
    where = _positions.c.view == name
    if not connection.execute(update(_positions).where(where).values(values)).rowcount:
        connection.execute(insert(_positions), [{"view": name, **values}])


def _refuse_foreign(connection: Connection, name: str) -> None:
    """Raises `ForeignBook` for a table with a view's name that duebook did not make."""
    if _state(connection, name)[0] is None and has_table(connection, name):
        raise ForeignBook(
            f"The database has a table {name!r} that duebook did not make.",
            "Nothing was changed. Keep books in a database or schema of their own.",
        )


def _swap(connection: Connection, view: View, fresh: Table, position: int) -> None:
    _refuse_foreign(connection, view.NAME)
    connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{view.NAME}"')
    connection.exec_driver_sql(f'ALTER TABLE "{fresh.name}" RENAME TO "{view.NAME}"')
    connection.execute(delete(_parked).where(_parked.c.view == view.NAME))
    moved = update(_parked).where(_parked.c.view == fresh.name).values(view=view.NAME)
    connection.execute(moved)
    connection.execute(delete(_positions).where(_positions.c.view == fresh.name))
    _set_position(connection, view.NAME, view.VERSION, position)
