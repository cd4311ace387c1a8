"""Names from a book's index for the shell's completion: a look without opening the book whole.

A SQLite book is read by the standard library alone: the rest takes longer to import than a shell
waits. Nothing here is an answer: what cannot be read has no names.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

NAMES_MAX = 200
END = "\U0010ffff"
"""After every character: the end of what begins with a text."""


def peeked(location: str, sql: str, parameters: Sequence[str] = ()) -> list[Sequence[Any]]:
    """The rows of a SELECT with `?` for its parameters; none of a book that cannot be read."""
    if "://" in location:
        return _of_server(location, sql, parameters)
    if not Path(location).is_file():
        return []
    try:
        uri = f"{Path(location).resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=0.2)) as connection:
            return connection.execute(sql, parameters).fetchall()
    except sqlite3.Error:
        return []


def streams_begun(location: str, text: str) -> list[str]:
    """The first streams that begin with a text."""
    sql = f"SELECT DISTINCT stream FROM events WHERE stream >= ? AND stream < ? LIMIT {NAMES_MAX}"
    return sorted(row[0] for row in peeked(location, sql, (text, text + END)))


def names_begun(location: str, kind: str, text: str) -> list[str]:
    """The first names of a kind of the index that begin with a text."""
    sql = "SELECT DISTINCT name FROM refs WHERE kind = ? AND name >= ? AND name < ?"
    rows = peeked(location, f"{sql} LIMIT {NAMES_MAX}", (kind, text, text + END))
    return sorted(row[0] for row in rows)


def streams_indexed(location: str, kind: str, name: str = "") -> list[str]:
    """The streams that a kind of the index leads to, of one name where that is given."""
    sql = "SELECT DISTINCT stream FROM refs WHERE kind = ? AND name >= ? AND name <= ?"
    rows = peeked(location, sql, (kind, name, name or END))
    return sorted(row[0] for row in rows)


def last_state(location: str, stream: str, topic: str) -> str | None:
    """What the last event of a stream under a topic, of any version of it, holds, as JSON."""
    sql = "SELECT state FROM events WHERE stream = ? AND topic >= ? AND topic < ?"
    rows = peeked(location, f"{sql} ORDER BY position DESC LIMIT 1", (stream, topic, topic + END))
    return bytes(rows[0][0]).decode() if rows else None


def _of_server(location: str, sql: str, parameters: Sequence[str]) -> list[Sequence[Any]]:
    from sqlalchemy import exc

    from ledger.kernel.errors import Refusal
    from ledger.store.book import open_book

    try:
        book = open_book(location, readonly=True)
    except Refusal:
        return []
    try:
        with book.reading() as connection:
            rows = connection.exec_driver_sql(sql.replace("?", "%s"), tuple(parameters))
            return [tuple(row) for row in rows]
    except (Refusal, exc.SQLAlchemyError):
        return []
    finally:
        book.close()
