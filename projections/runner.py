"""Brings read models up to the head: in batches, each with its position in one transaction.

An event that a view cannot take in is parked: the view goes on without it, and every report from
it says so until it is rebuilt. A rebuild is made next to the live table and swapped in.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, Table, delete, insert, select, update

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import ForeignBook
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.schema import has_table
from projections.base import View
from projections.leftovers import NEXT, building, sweep, tables_of
from projections.rights import may_build
from projections.taking import (
    Parked,
    Tables,
    batch_of,
    groups,
    own_tables,
    parked_events,
    parked_in,
    positions,
    take,
    take_together,
)
from projections.temporary import Progress, silent, temporary

VIEWS_LOCK = 0x6475_6562
TOGETHER_MAX = 200_000
"""Up to this many events views that are built in one piece are rebuilt in one transaction, which
keeps others from recording in a file meanwhile: beyond that, each in one of its own."""


class Sight(NamedTuple):
    """A view as it can be read now: its table, its clocks, and the events it left out."""

    connection: Connection
    table: Table
    clocks: Clocks
    parked: list[Parked]


@contextmanager
def looking_at(
    book: Book, view: View, clocks: Clocks | None = None, progress: Progress = silent
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


def catch_up(book: Book, view: View, progress: Progress = silent) -> int:
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
            take(connection, connection, view, view.table(), (position, until), FOREVER)
            _set_position(connection, view.NAME, view.VERSION, until)
            progress(view.NAME, until - position)
            position = until
    return head


def rebuild(book: Book, view: View, progress: Progress = silent) -> int:
    """Builds the view anew next to the live one and swaps them in one transaction."""
    return rebuild_all(book, [view], progress)[view.NAME]


def rebuild_all(book: Book, views: Sequence[View], progress: Progress = silent) -> dict[str, int]:
    """Rebuilds views, those together that are worked out from the same; their positions by name."""
    sweep(book)
    done: dict[str, int] = {}
    with building(book):
        large = book.head().position > TOGETHER_MAX
        for group in groups([(view, view.table(NEXT)) for view in views]):
            alone = large and batch_of(group, FOREVER) is None
            for tables in [[each] for each in group] if alone else [group]:
                done |= _rebuilt(book, tables, progress)
    missing = [view for view in views if view.NAME not in done]
    return done | {view.NAME: catch_up(book, view, progress) for view in missing}


def _rebuilt(book: Book, tables: Tables, progress: Progress) -> dict[str, int]:
    """The positions of the views that were swapped in; without those that another process swapped
    in meanwhile."""
    with _writing(book) as connection:
        own_tables.create_all(connection)
        for view, fresh in tables:
            connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{fresh.name}"')
            fresh.create(connection)
            connection.execute(delete(parked_events).where(parked_events.c.view == fresh.name))
            _set_position(connection, fresh.name, view.VERSION, 0)
    done: dict[str, int] = {}
    while True:
        with _writing(book) as connection:
            # Another process may have restarted the same build, or finished and swapped it.
            states = {fresh.name: _state(connection, fresh.name) for _, fresh in tables}
            places = [place for version, place in states.values() if version is not None]
            if not places:
                return done
            position, head = min(places), head_of(connection).position
            due = [
                (view, fresh)
                for view, fresh in tables
                if states[fresh.name][0] is not None and states[fresh.name][1] == position
            ]
            until = min(head, position + (batch_of(tables, FOREVER) or head))
            if position < until:
                take_together(connection, connection, due, (position, until), FOREVER)
            for view, fresh in due:
                progress(view.NAME, until - position)
                _set_position(connection, fresh.name, view.VERSION, until)
                if until == head:
                    _swap(connection, view, fresh, until)
                    done[view.NAME] = until


def state_of(connection: Connection, view: View) -> tuple[int | None, int]:
    """The version and position of the live view; the version is None if it was never built."""
    return _state(connection, view.NAME)


def _sight(connection: Connection, view: View, clocks: Clocks) -> Sight:
    return Sight(connection, view.table(), clocks, parked_in(connection, view.NAME))


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
    if not has_table(connection, positions.name):
        return None, 0
    query = select(positions.c.version, positions.c.position).where(positions.c.view == name)
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else (None, 0)


def _set_position(connection: Connection, name: str, version: int, position: int) -> None:
    values = {"version": version, "position": position}
    where = positions.c.view == name
    if not connection.execute(update(positions).where(where).values(values)).rowcount:
        connection.execute(insert(positions), [{"view": name, **values}])


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
    connection.execute(delete(parked_events).where(parked_events.c.view == view.NAME))
    moved = update(parked_events).where(parked_events.c.view == fresh.name).values(view=view.NAME)
    connection.execute(moved)
    connection.execute(delete(positions).where(positions.c.view == fresh.name))
    _set_position(connection, view.NAME, view.VERSION, position)
