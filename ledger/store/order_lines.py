"""Asking a book's order lines: where its archive lies, which files count, SQL over their lines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4
from weakref import finalize

from sqlalchemy import Connection, select

from ledger.aggregates.base import Logged
from ledger.aggregates.orders import ORDERS_STREAM, OrdersArchived
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.kernel.period import Window
from ledger.store.archive.folder import ArchivedFile, check
from ledger.store.log import read_log
from ledger.store.schema import meta

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ARCHIVE = "orders"
"""The key under which a book remembers its archive's folder, where it has one of its own."""
SUFFIX = ".orders"


class NoArchive(Refusal):
    """A book in a database server that was made without a folder for order lines."""

    hint = "Make the book with a folder for them: duebook init --orders FOLDER"


def archive_folder(connection: Connection) -> Path:
    """The folder of the book's order lines: named at `init`, else beside the book's file.

    Raises `NoArchive` for a book on a server without one.
    """
    query = select(meta.c.value).where(meta.c.key == ARCHIVE)
    named = connection.execute(query).scalar()
    if named:
        return Path(named)
    if connection.dialect.name != "sqlite":
        raise NoArchive("This book has no folder for order lines.")
    rows = connection.exec_driver_sql("PRAGMA database_list").all()
    return Path(next(path for _, name, path in rows if name == "main") + SUFFIX)


def archived(connection: Connection, known_at: int) -> list[Logged]:
    """The archive's files by a position, in the order of the log."""
    return list(read_log(connection, until=known_at, stream=ORDERS_STREAM))


def described(event: OrdersArchived) -> ArchivedFile:
    """A file as its event describes it."""
    return ArchivedFile(event.digest, event.revises, event.first, event.last)


class OrderLines(NamedTuple):
    """The order lines of a book at a pair of clocks."""

    folder: Path
    files: list[Logged]
    clocks: Clocks

    @classmethod
    def at(cls, connection: Connection, clocks: Clocks) -> "OrderLines":
        """Those that a run at these clocks may see."""
        files = archived(connection, clocks.known_at)
        folder = archive_folder(connection) if files else Path()
        return cls(folder, files, clocks)

    def within(self, window: Window) -> list[Logged]:
        """The files that can hold a line created in the window."""
        return [
            one for one in self.files
            if one.event.first < window.end and one.event.last >= window.start
        ]  # fmt: skip

    def session(self, window: Window, stores: Sequence[str] | None) -> "Session":
        """DuckDB over the lines that count, created in the window.

        Every file that is read is compared with its digest before: an altered one is refused.
        """
        from ledger.store.archive.current import current

        for one in self.within(window):
            check(self.folder, one.event.digest)
        files = [described(one.event) for one in self.files]
        query = current(*(self.folder, files, window.start, window.end, stores), as_of=self._as_of)
        return Session(query)

    @contextmanager
    def opened(
        self, window: Window, stores: Sequence[str] | None
    ) -> "Iterator[DuckDBPyConnection]":
        """As `session`, closed afterwards."""
        session = self.session(window, stores)
        try:
            yield session.database
        finally:
            session.close()

    @property
    def _as_of(self) -> int | None:
        """The as-of, where a line was made after it: then an earlier version may count."""
        latest = max((one.event.updated for one in self.files), default=0)
        return self.clocks.as_of if self.clocks.as_of < latest else None


def load_tables(
    database: "DuckDBPyConnection", tables: Mapping[str, Mapping[str, list[object]]]
) -> None:
    """Makes small tables from columns of texts or of whole numbers."""
    for name, columns in tables.items():
        parts = []
        for column, values in columns.items():
            text = any(isinstance(value, str) for value in values)
            kind = "VARCHAR" if text else "BIGINT"
            parts.append(f'unnest(?::{kind}[]) AS "{column}"')
        made = f'CREATE TEMP TABLE "{name}" AS SELECT {", ".join(parts)}'
        database.execute(made, [list(values) for values in columns.values()])


class Session:
    """An open DuckDB with a view `orders`; it closes itself when nobody holds it any more."""

    def __init__(self, query: str) -> None:
        from ledger.store.archive.connection import connect

        folder = Path(gettempdir(), f"duebook-{uuid4().hex}")
        self.database = connect(folder)
        self._end = finalize(self, _end, self.database, folder)
        self.database.execute(f"CREATE TEMP VIEW orders AS {query}")
        self._loaded: set[str] = set()

    def ask(
        self, sql: str, tables: Mapping[str, Mapping[str, list[object]]]
    ) -> list[tuple[Any, ...]]:
        """Runs SQL over `orders` and small tables, which are loaded once under their names."""
        load_tables(self.database, {n: t for n, t in tables.items() if n not in self._loaded})
        self._loaded |= set(tables)
        return self.database.execute(sql).fetchall()

    def close(self) -> None:
        """Gives memory and temporary files back."""
        self._end()


def _end(database: "DuckDBPyConnection", folder: Path) -> None:
    database.close()
    rmtree(folder, ignore_errors=True)
