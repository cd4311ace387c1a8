"""Asking what the book would say if a fact were withdrawn, without withdrawing it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from ledger.store.schema import insert_lifts


@contextmanager
def supposing_withdrawn(connection: Connection, target: int, known_at: int) -> Iterator[None]:
    """Whoever asks on this connection meanwhile finds the fact withdrawn from known-at on: every
    question goes the way that it would go afterwards. Nobody else sees anything of it, and nobody
    who records waits.

    In a file, where whoever changes anything keeps all others from writing, a temporary table of
    the connection's own stands before that of what is withdrawn. On a server the row is added and
    taken back; a temporary table would not be noticed there by statements that it has prepared.
    """
    if connection.dialect.name != "sqlite":
        savepoint = connection.begin_nested()
        try:
            insert_lifts(connection, [(target, known_at)])
            yield
        finally:
            savepoint.rollback()
        return
    said = connection.exec_driver_sql
    said("CREATE TEMPORARY TABLE withdrawn (target INTEGER PRIMARY KEY, position INTEGER NOT NULL)")
    try:
        said("INSERT INTO temp.withdrawn SELECT target, position FROM main.withdrawn")
        said("INSERT INTO temp.withdrawn VALUES (?, ?)", (target, known_at))
        yield
    finally:
        said("DROP TABLE temp.withdrawn")
