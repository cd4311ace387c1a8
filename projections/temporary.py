"""Views in a database of their own that vanishes: at other clocks, or to compare live ones with."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.book import Book
from ledger.store.head import head_of
from projections.base import View
from projections.taking import Tables, batch_of, groups, own_tables, take_together

Progress = Callable[[str, int], None]


def silent(what: str, more: int) -> None:
    """Progress that nobody watches."""


@contextmanager
def temporary(
    book: Book,
    views: Iterable[View],
    clocks: Clocks | None,
    progress: Progress = silent,
) -> Iterator[tuple[Connection, Clocks]]:
    """A temporary database with some views, built from the log at the clocks."""
    engine = temporary_engine()
    try:
        with book.reading() as source, engine.connect() as target:
            at = clocks or Clocks(FOREVER, head_of(source).position)
            own_tables.create_all(target)
            tables = [(view, view.table()) for view in views]
            for _, table in tables:
                table.create(target)
            for group in groups(tables):
                _build(source, target, group, at, progress)
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


def _build(
    source: Connection, target: Connection, tables: Tables, clocks: Clocks, progress: Progress
) -> None:
    """Builds the tables of a group."""
    position, batch = 0, batch_of(tables, clocks.as_of) or clocks.known_at
    while position < clocks.known_at:
        until = min(clocks.known_at, position + batch)
        take_together(source, target, tables, (position, until), clocks.as_of)
        for view, _ in tables:
            progress(view.NAME, until - position)
        position = until
