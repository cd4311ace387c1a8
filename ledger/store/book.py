"""Opening a book, by path (SQLite) or URL, for writing or only for reading."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import make_url

from ledger.kernel.errors import (
    BookLocked,
    BookMissing,
    ForeignBook,
    LogBroken,
    NewerBook,
    ServerLost,
)
from ledger.store import schema
from ledger.store.engines import HOW_TO_MAKE, may_write, sqlite_engine, url_engine
from ledger.store.head import Head, head_of
from ledger.store.places import looks_like_sqlite
from ledger.store.rights import Lacking, lacking, may_not_read, refuse_if_hidden, told

if TYPE_CHECKING:
    from ledger.store.recorder import LogRecorder

NO_CONNECT = "permission denied for database"
"""What a server says to a login that may not connect."""
HOW_TO_REACH = (
    "Name a server and a database that are there; a server that was just started takes a moment."
)


class Book:
    """An open book: its log, where it lives, and whether it may be written."""

    def __init__(self, location: str, engine: Engine, *, writable: bool) -> None:
        self.location = location
        self.engine = engine
        self.writable = writable
        self.format = schema.FORMAT
        self.lists_looks = True
        """Whether the index says what ids look like: that of older books does not."""
        self.keeps_tree = True
        """Whether the tree over the log is kept: older books have none."""
        self.lacking: Lacking | None = None
        """Why a book on a server may only be read, where its role does not let it be written."""
        self.read_from = location
        """Where other processes open what this one reads: of a copy, the copy's place."""
        self.stored_as: Book | None = None
        """The book as its server has it, where this one is a copy of it."""
        self.lives_in: object = None
        """What has to be kept as long as the book is in use."""
        self.notes: list[str] = []
        """Notes for the person who uses the book, to be shown with the answer."""

    @cached_property
    def log(self) -> "LogRecorder":
        """The recorder, for those who write; reading does without it."""
        from ledger.store.recorder import LogRecorder

        return LogRecorder(
            self.engine, writable=self.writable, format_=self.format, lacking=self.lacking
        )

    @property
    def committed(self) -> int | None:
        """The position of the last event committed through this object, if any."""
        return self.log.committed if "log" in self.__dict__ else None

    @property
    def path(self) -> Path | None:
        """The file of a SQLite book."""
        return None if is_url(self.location) else Path(self.location)

    def head(self) -> Head:
        """The end of the log as it is now."""
        with self.reading() as connection:
            return head_of(connection)

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for reading."""
        return self.engine.connect()

    def as_stored(self) -> AbstractContextManager[Connection]:
        """A connection for looking at the tables themselves, also of a book read from a copy."""
        return (self.stored_as or self).reading()

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()
        if self.stored_as is not None:
            self.stored_as.close()


def is_url(location: str) -> bool:
    """Whether a book is named by a database URL rather than a path."""
    return "://" in location


def open_book(location: str, *, readonly: bool = False) -> Book:
    """Opens a book that exists.

    Raises `BookMissing`, `ForeignBook` (something else is there), `NewerBook`, `BookLocked`,
    `RightMissing` (on a server).
    """
    if is_url(location):
        book = Book(location, url_engine(location, readonly=readonly), writable=not readonly)
        book.format, book.lists_looks, book.keeps_tree = _layout_of(book)
    else:
        path = Path(location)
        if not path.exists():
            raise BookMissing(f"There is no book at {location}.", HOW_TO_MAKE)
        if not path.is_file() or not looks_like_sqlite(path):
            if _has_receipts(location):
                raise _damaged(location, "it does not begin as a SQLite file")
            raise _foreign(location)
        if readonly is False:
            recover(path)
        # First opened for reading only: opening for writing changes the file.
        looked_at = Book(location, sqlite_engine(path, readonly=True), writable=False)
        try:
            layout = _layout_of(looked_at)
        finally:
            looked_at.close()
        readonly = readonly or not may_write(path)
        book = Book(location, sqlite_engine(path, readonly=readonly), writable=not readonly)
        book.format, book.lists_looks, book.keeps_tree = layout
    if is_url(location) and book.writable:
        with connected(book) as connection:
            book.lacking = lacking(connection)
        book.writable = book.lacking is None
    return book


def _layout_of(book: Book) -> tuple[int, bool, bool]:
    """The book's format, whether its index says what ids look like, and whether it keeps its tree.

    Raises `ForeignBook` or `NewerBook` for what this version cannot use.
    """
    location = book.location
    with connected(book) as connection:
        layout = schema.stored_layout(connection) or {}
        format_ = layout.get("format")
        if format_ is None and is_url(location):
            connection.rollback()
            refuse_if_hidden(connection, shown(location))
    if format_ is None or not format_.isdigit():
        raise _foreign(location)
    if int(format_) > schema.FORMAT:
        raise NewerBook(
            f"{shown(location)} has format {format_}; this version of duebook reads up to "
            f"{schema.FORMAT}.",
            "Update duebook. Nothing was changed.",
        )
    return int(format_), schema.LOOKS in layout, schema.TREE in layout


@contextmanager
def connected(book: Book) -> Iterator[Connection]:
    try:
        with _first_connection(book) as connection:
            yield connection
    except ServerLost as lost:
        if NO_CONNECT in lost.said:
            raise may_not_read(shown(book.location)) from None
        raise BookMissing(
            f"{shown(book.location)} cannot be opened: {lost.said}.", HOW_TO_REACH
        ) from None
    except sa_exc.OperationalError as error:
        text = str(error.orig).strip()
        if "locked" in text:
            raise BookLocked(
                f"{shown(book.location)} is locked by another program.", "Try again."
            ) from None
        raise BookMissing(
            f"{shown(book.location)} cannot be opened: {text.splitlines()[0]}", HOW_TO_MAKE
        ) from None
    except sa_exc.DatabaseError as error:
        if refusal := told(error):
            raise refusal from None
        if "malformed" in str(error.orig) or _has_receipts(book.location):
            raise _damaged(book.location, str(error.orig)) from None
        raise _foreign(book.location, str(error.orig)) from None


def _first_connection(book: Book) -> Connection:
    """Raises `ServerLost` also where the server goes away while it is asked for its version,
    which SQLAlchemy does, and psycopg, without a sentence."""
    try:
        return book.engine.connect()
    except (sa_exc.ResourceClosedError, NotImplementedError):
        raise ServerLost("it ended the connection") from None


def _has_receipts(location: str) -> bool:
    """Whether a book was at a place before: its writes left receipts."""
    return not is_url(location) and Path(f"{Path(location).resolve()}.receipts").exists()


def _damaged(location: str, why: str) -> LogBroken:
    return LogBroken(
        f"{shown(location)} is damaged: {why}.",
        "Keep the file as it is, restore a backup next to it, and run `duebook verify` on that.",
    )


def _foreign(location: str, why: str = "") -> ForeignBook:
    return ForeignBook(
        f"{shown(location)} is not a duebook book{': ' + why if why else ''}.",
        f"Nothing was changed. {HOW_TO_MAKE}",
    )


def recover(path: Path) -> None:
    """Lets SQLite roll back what a process that was killed had begun, as any reader that may write
    does; without a journal next to the file nothing is touched."""
    journal = Path(f"{path}-journal")
    if journal.is_file() and journal.stat().st_size and may_write(path):
        with suppress(sqlite3.Error):  # what cannot be rolled back is reported when it is read
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            finally:
                connection.close()


def shown(location: str) -> str:
    """The location without a password, wherever in a URL it stands."""
    if not is_url(location):
        return location
    url = make_url(location)
    hidden = {name: "***" for name in url.query if "password" in name.lower()}
    return str(url.update_query_dict(hidden)).replace("%2A%2A%2A", "***")
