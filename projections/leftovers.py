"""What killed rebuilds leave in the database: tables next to live ones that nobody is building.

A process that builds one holds a shared lock until the table is swapped in. Where the lock can be
had exclusively, every such table is dead.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy import exc as sa_exc

from ledger.store.book import Book
from ledger.store.schema import has_table
from projections.rights import may_build

NEXT = "__next"
POSITIONS, PARKED = "duebook_views", "duebook_parked"
_BUILDING = 0x6475_6563


def tables_of(*views: str) -> list[str]:
    """The tables that building these views makes or changes."""
    return [POSITIONS, PARKED, *views, *(f"{name}{NEXT}" for name in views)]


def left_behind(connection: Connection) -> list[str]:
    """The tables next to live ones, dead or being built."""
    return [name for name, _ in positions_in(connection) if name.endswith(NEXT)]


def positions_in(connection: Connection) -> list[tuple[str, int]]:
    """The recorded position of each view, and of each table next to one."""
    if not has_table(connection, POSITIONS):
        return []
    rows = connection.exec_driver_sql(f"SELECT view, position FROM {POSITIONS} ORDER BY view")
    return [(view, position) for view, position in rows]


def sweep(book: Book) -> None:
    """Removes the dead ones; leaves those being built, and all where it may not remove any."""
    if not may_build(book, (POSITIONS, PARKED)):
        return
    with suppress(sa_exc.DatabaseError):
        with book.reading() as connection:
            if not left_behind(connection):
                return
        _drop(book)


def _drop(book: Book) -> None:
    with _alone(book) as alone:
        if not alone:
            return
        with (
            book.engine.connect().execution_options(duebook_write=True) as connection,
            connection.begin(),
        ):
            for name in left_behind(connection):
                connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}"')
                for table in (POSITIONS, PARKED):
                    mark = "?" if book.path else "%s"
                    sql = f"DELETE FROM {table} WHERE view = {mark}"
                    connection.exec_driver_sql(sql, (name,))


@contextmanager
def building(book: Book) -> Iterator[None]:
    """Keeps others from removing a table while it is built next to a live one."""
    with _locked(book, fcntl.LOCK_SH, "pg_advisory_lock_shared", "pg_advisory_unlock_shared"):
        yield


@contextmanager
def _alone(book: Book) -> Iterator[bool]:
    try:
        with _locked(
            *(book, fcntl.LOCK_EX | fcntl.LOCK_NB, "pg_try_advisory_lock", "pg_advisory_unlock")
        ) as had:
            yield had
    except BlockingIOError:
        yield False


@contextmanager
def _locked(book: Book, kind: int, take: str, give: str) -> Iterator[bool]:
    """Locks the folder of a file: a lock on the file itself would release those of SQLite."""
    if book.path is not None:
        folder = os.open(book.path.resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, kind)
            yield True
        finally:
            os.close(folder)
        return
    with book.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        had = connection.exec_driver_sql(f"SELECT {take}({_BUILDING})").scalar() is not False
        try:
            yield had
        finally:
            if had:
                connection.exec_driver_sql(f"SELECT {give}({_BUILDING})")
