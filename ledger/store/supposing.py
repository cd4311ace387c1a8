"""Asking what the book would say if a fact were withdrawn, without withdrawing it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from ledger.store.schema import insert_lifts


@contextmanager
def supposing_withdrawn(connection: Connection, target: int, known_at: int) -> Iterator[None]:
    """Until the block ends this connection finds the fact withdrawn from known-at on, in every
    query. Other connections see nothing of it, and no writer waits.

    In SQLite, where any change keeps all others from writing, a temporary table of this connection
    shadows `withdrawn`. On a server the row is added and rolled back: statements that it has
    already prepared would not notice a temporary table.
    """
    if connection.dialect.name != "sqlite":
        savepoint = connection.begin_nested()
        try:
            insert_lifts(connection, [(target, known_at)])
            yield
        finally:
            savepoint.rollback()
        return
    execute = connection.exec_driver_sql
    execute(
        "CREATE TEMPORARY TABLE withdrawn (target INTEGER PRIMARY KEY, position INTEGER NOT NULL)"
    )
    try:
        execute("INSERT INTO temp.withdrawn SELECT target, position FROM main.withdrawn")
        execute("INSERT INTO temp.withdrawn VALUES (?, ?)", (target, known_at))
        yield
    finally:
        execute("DROP TABLE temp.withdrawn")
