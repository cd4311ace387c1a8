"""Asking a book's order lines: where its archive lies, which files count, SQL over their lines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.aggregates.orders import ORDERS_STREAM, OrdersArchived
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.kernel.period import Window
from ledger.store.archive.folder import ArchivedFile, check
from ledger.store.reader import read_log
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


def archived(connection: Connection, known_at: int) -> list[Recorded]:
    """The archive's files by a position, in the order of the log."""
    return list(read_log(connection, until=known_at, stream=ORDERS_STREAM))


def described(event: OrdersArchived) -> ArchivedFile:
    """A file as its event describes it."""
    return ArchivedFile(event.digest, event.revises, event.first, event.last)


class OrderLines(NamedTuple):
    """The order lines of a book at a pair of clocks."""

    folder: Path
    files: list[Recorded]
    clocks: Clocks

    @classmethod
    def at(cls, connection: Connection, clocks: Clocks) -> "OrderLines":
        """Those that a run at these clocks may see."""
        files = archived(connection, clocks.known_at)
        folder = archive_folder(connection) if files else Path()
        return cls(folder, files, clocks)

    def within(self, window: Window) -> list[Recorded]:
        """The files that can hold a line created in the window."""
        return [
            one for one in self.files
            if one.event.first < window.end and one.event.last >= window.start
        ]  # fmt: skip

    @contextmanager
    def opened(
        self, window: Window, stores: Sequence[str] | None
    ) -> "Iterator[DuckDBPyConnection]":
        """DuckDB with a view `orders`: the lines that count, created in the window.

        Every file that is read is compared with its digest before: an altered one is refused.
        """
        from ledger.store.archive.connection import connect
        from ledger.store.archive.current import current

        for one in self.within(window):
            check(self.folder, one.event.digest)
        files = [described(one.event) for one in self.files]
        with TemporaryDirectory(prefix="duebook-duckdb-") as temporary:
            database = connect(Path(temporary))
            try:
                query = current(
                    *(self.folder, files, window.start, window.end, stores), as_of=self._as_of
                )
                database.execute(f"CREATE TEMP VIEW orders AS {query}")
                yield database
            finally:
                database.close()

    @property
    def _as_of(self) -> int | None:
        """The as-of, where a version could have been made after it; versions are never dated
        after they were recorded."""
        latest = max((one.recorded_at for one in self.files), default=0)
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


def run(
    lines: OrderLines,
    sql: str,
    window: Window,
    stores: Sequence[str] | None,
    tables: Mapping[str, Mapping[str, list[object]]],
) -> list[tuple[Any, ...]]:
    """Runs SQL over `orders` and the small tables."""
    with lines.opened(window, stores) as database:
        load_tables(database, tables)
        return database.execute(sql).fetchall()
