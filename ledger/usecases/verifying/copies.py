"""A copy of a book as a file, for a caller who may not change the book itself."""

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from ledger.store.book import Book
from ledger.store.engines import sqlite_engine
from ledger.store.log import fetch
from ledger.store.schema import has_table, metadata

ROWS_AT_ONCE = 1000


def copy_of(book: Book, place: Path) -> None:
    """Writes the book as of one moment to a new file: all of it if the book is a file too, else
    the log and its indexes. The guards of a server's log are checked on the server itself."""
    if book.path is None:
        _from_server(book, place)
        return
    with book.reading() as connection, closing(sqlite3.connect(place)) as target:
        source: Any = connection.connection.driver_connection
        source.backup(target)


def _from_server(book: Book, place: Path) -> None:
    engine = sqlite_engine(place, readonly=False)
    with (
        book.reading() as source,
        engine.connect().execution_options(duebook_write=True) as target,
        target.begin(),
    ):
        source.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table in metadata.sorted_tables:
            if not has_table(source, table.name):
                continue  # of a later format
            table.create(target)
            query = select(table).order_by(*table.primary_key.columns)
            names, rows = table.columns.keys(), fetch(source, query)
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                values = [dict(zip(names, row, strict=True)) for row in batch]
                target.execute(insert(table), values)
    engine.dispose()
