"""Asking a book's order lines: where its archive is, which files count, SQL over their lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from weakref import finalize

from sqlalchemy import Connection, select

from ledger.aggregates.base import Logged
from ledger.aggregates.orders import ORDERS_STREAM, OrderFile, OrdersArchived, OrdersWithdrawn
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.kernel.period import Window
from ledger.programs.contract import OrderSession
from ledger.programs.order_questions import OrderQuestion
from ledger.store.archive.folder import ArchivedFile, present
from ledger.store.archive.place import Archive, archive_at
from ledger.store.archive.sql import DUCKDB, Dialect
from ledger.store.log import read_log
from ledger.store.places import ARCHIVE, ORDERS
from ledger.store.schema import meta
from ledger.store.scratch import Scratch

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class NoArchive(Refusal):
    """A book in a database server that was made without a folder for order lines."""

    hint = "Make the book with a place for them: duebook init --archive FOLDER|URL"


def archive_of(connection: Connection) -> Archive:
    """The archive of the book's order lines: named at `init`, else next to the book's file.

    Raises `NoArchive` for a book on a server without one.
    """
    query = select(meta.c.value).where(meta.c.key == ARCHIVE)
    named = connection.execute(query).scalar()
    if named:
        return archive_at(named)
    if connection.dialect.name != "sqlite":
        raise NoArchive("This book has no place for order lines.")
    rows = connection.exec_driver_sql("PRAGMA database_list").all()
    return Archive(Path(next(path for _, name, path in rows if name == "main") + ORDERS))


class OrderEngine(Protocol):
    """What answers questions about order lines in place of DuckDB."""

    @property
    def name(self) -> str:
        """What it is called, as `--engine` has it."""

    @property
    def version(self) -> str:
        """What runs."""

    def session(
        self, lines: "OrderLines", window: Window, stores: Sequence[str] | None
    ) -> OrderSession:
        """The lines that count, created in the window."""


class Archived(NamedTuple):
    """A file of the archive, and the call that brought it."""

    call: Logged
    file: OrderFile

    @property
    def position(self) -> int:
        """The position of the call in the log."""
        return self.call.position

    def described(self) -> ArchivedFile:
        """The file as the archive describes it."""
        file, revises = self.file, self.call.event.revises
        return ArchivedFile(file.digest, revises, file.first, file.last, file.columns)


class Calls(NamedTuple):
    """What was archived and withdrawn by a position, in the order of the log."""

    archived: list[Logged]
    withdrawn: dict[int, Logged]
    """What withdrew each call that no longer counts, by the position of the call."""

    @classmethod
    def by(cls, connection: Connection, known_at: int) -> "Calls":
        """Those known at a position."""
        events = list(read_log(connection, until=known_at, stream=ORDERS_STREAM))
        calls = [event for event in events if isinstance(event.event, OrdersArchived)]
        back = [event for event in events if isinstance(event.event, OrdersWithdrawn)]
        return cls(calls, {event.event.archived: event for event in back})

    @property
    def counting(self) -> list[Logged]:
        """The calls that were not withdrawn."""
        return [event for event in self.archived if event.position not in self.withdrawn]

    @property
    def derived(self) -> bool:
        """Whether facts were derived from order lines, as older versions did: then those say what
        the orders say, except fees."""
        return any(event.event.derived for event in self.archived)


def files_of(calls: Iterable[Logged]) -> list[Archived]:
    """The files of some calls, in order."""
    return [Archived(call, file) for call in calls for file in call.event.files]


class OrderLines(NamedTuple):
    """The order lines of a book at a pair of clocks."""

    archive: Archive
    files: list[Archived]
    clocks: Clocks
    marked: bool = True
    """Whether the marks in the files say which version counts: not where a call was withdrawn."""
    derived: bool = False

    @classmethod
    def at(cls, connection: Connection, clocks: Clocks) -> "OrderLines":
        """Those that a run at these clocks may see."""
        calls = Calls.by(connection, clocks.known_at)
        files = files_of(calls.counting)
        archive = archive_of(connection) if files else Archive(Path())
        return cls(archive, files, clocks, not calls.withdrawn, calls.derived)

    @property
    def folder(self) -> Path:
        """Where its files are read."""
        return self.archive.folder

    def within(self, window: Window) -> list[Archived]:
        """The files that can hold a line created in the window."""
        return [
            file for file in self.files
            if file.file.first < window.end and file.file.last >= window.start
        ]  # fmt: skip

    def session(self, window: Window, stores: Sequence[str] | None) -> "Session":
        """DuckDB over the lines that count, created in the window, as `query` reads them."""
        return Session(self.query(window, stores))

    def query(self, window: Window, stores: Sequence[str] | None, sql: Dialect = DUCKDB) -> str:
        """SQL of the lines that count, created in the window, for an engine.

        Every file that is read is compared with its digest before: an altered one is refused.
        """
        from ledger.store.archive.current import current, read_by

        files = [file.described() for file in self.files]
        bounds = (window.start, window.end)
        read = read_by(files, *bounds, self._as_of, marked=self.marked)
        self.archive.fetch(read)
        for file in read:
            self.archive.check_copy(file.digest)
        how: dict[str, Any] = {"as_of": self._as_of, "marked": self.marked, "sql": sql}
        return current(self.folder, files, *bounds, stores, **how)

    def first_orders(self, stores: Sequence[str], until: int) -> "Session | None":
        """DuckDB over the first orders of stores by file, as their summaries have them: a view
        `orders` with `store`, `created_at`, `order_id` and `file`.

        None where those do not suffice: one is missing, a version replaces another, or a first
        order was made after as-of. Raises `ArchivedFileMissing`.
        """
        from ledger.store.archive.current import limits
        from ledger.store.archive.summary import first_of_summaries

        if not self.marked or any(file.call.event.revises for file in self.files):
            return None
        files = [file.described() for file in self.files]
        self.archive.fetch(files)
        present(self.folder, files)
        query = first_of_summaries(self.folder, files)
        if query is None:
            return None
        rows = "SELECT store, began['at'] AS created_at, began['order'] AS order_id, file,"
        rows += f" began['updated'] AS updated_at FROM ({query})"
        session = Session(f"SELECT * FROM ({rows}){limits(None, until, stores)}")
        late = f"SELECT 1 FROM orders WHERE updated_at > {self.clocks.as_of} LIMIT 1"
        if session.ask(late, {}):
            session.close()
            return None
        return session

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
        latest = max((file.call.event.updated for file in self.files), default=0)
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
    """An open DuckDB, perhaps with a view `orders`; it closes itself when it is no longer
    referenced."""

    def __init__(self, query: str | None) -> None:
        from ledger.store.archive.connection import connect

        scratch = Scratch()
        self.database = connect(scratch.path)
        self._end = finalize(self, _end, self.database, scratch)
        if query is not None:
            self.database.execute(f"CREATE TEMP VIEW orders AS {query}")
        self._loaded: set[str] = set()

    def ask(
        self, question: OrderQuestion | str, tables: Mapping[str, Mapping[str, list[object]]]
    ) -> list[tuple[Any, ...]]:
        """The rows that answer an expression, or SQL, over `orders` and small tables, which are
        loaded once under their names."""
        sql = question
        if not isinstance(sql, str):
            sql = sql.sql(DUCKDB.name, DUCKDB.quote)
        load_tables(self.database, {n: t for n, t in tables.items() if n not in self._loaded})
        self._loaded |= set(tables)
        return self.database.execute(sql).fetchall()

    def forget(self) -> None:
        """Drops the small tables."""
        for name in self._loaded:
            self.database.execute(f'DROP TABLE "{name}"')
        self._loaded = set()

    def keep_at_hand(self) -> None:
        """Reads the lines once, for many questions about them."""
        self.database.execute("CREATE TEMP TABLE at_hand AS SELECT * FROM orders")
        self.database.execute("DROP VIEW orders")
        self.database.execute("ALTER TABLE at_hand RENAME TO orders")

    def close(self) -> None:
        """Gives memory and temporary files back."""
        self._end()


def _end(database: "DuckDBPyConnection", scratch: Scratch) -> None:
    database.close()
    scratch.close()
