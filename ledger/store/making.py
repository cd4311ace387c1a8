"""Making a book: whole or not at all, wherever the machine stops."""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Engine, insert

from ledger.kernel.errors import BookExists, BookMissing, ForeignBook
from ledger.store import schema
from ledger.store.actor import actor_on
from ledger.store.book import (
    Book,
    connected,
    is_url,
    shown,
)
from ledger.store.clock import trusted
from ledger.store.engines import sqlite_engine, url_engine
from ledger.store.head import EMPTY, microseconds_now
from ledger.store.places import looks_like_sqlite
from ledger.store.recorder import Writer
from ledger.store.rights import hide_from_readers
from ledger.store.scratch import Scratch, put_new

First = Callable[[Writer], None]
BLANK_MAX = 1 << 20
"""Bytes of a file in which nothing was made: SQLite writes a page or two of them."""
_OF_BEFORE = ("-wal", "-journal", ".receipts", ".secrets")


def create_book(
    location: str,
    first: First,
    settings: dict[str, str] | None = None,
    clock_is_right: str | None = None,
) -> Book:
    """Makes a book whose first events `first` writes, all in one transaction, with `settings` that
    say where the things are that are kept outside it.

    A file is made next to its place and moved there when it is whole. Raises `BookExists`,
    `ForeignBook`, `ClockDoubted`, or `BookMissing` for a folder that is not there.
    """
    entries = {"format": str(schema.FORMAT), schema.LOOKS: "all", schema.TREE: "kept"}
    entries |= settings or {}
    if is_url(location):
        book = Book(location, url_engine(location), writable=True)
        _refuse_taken(book)
        _fill(book.engine, first, entries, clock_is_right)
    else:
        path = Path(location).resolve()
        _refuse_there(location, path)
        with Scratch(path.parent) as folder:
            made = folder / "book.db"
            engine = sqlite_engine(made, readonly=False)
            try:
                _fill(engine, first, entries, clock_is_right)
            finally:
                engine.dispose()
            if Path(f"{made}-wal").exists():  # else all of it is in the file
                raise OSError(errno.EIO, "not all of the book came to the disk", location)
            _put(made, path, location)
        book = Book(location, sqlite_engine(path, readonly=False), writable=True)
    book.log.clock_is_right = clock_is_right
    return book


def _fill(
    engine: Engine, first: First, entries: dict[str, str], clock_is_right: str | None
) -> None:
    with (
        engine.connect().execution_options(duebook_write=True) as connection,
        connection.begin(),
    ):
        schema.create(connection)
        if connection.dialect.name != "sqlite":
            hide_from_readers(connection, schema.line_secrets.name)
        connection.execute(
            insert(schema.meta), [{"key": k, "value": v} for k, v in entries.items()]
        )
        now = microseconds_now()
        trusts = trusted(connection, EMPTY, now, clock_is_right)
        first(Writer(connection, EMPTY, now, trusts, actor_on(connection)))


def _refuse_taken(book: Book) -> None:
    location = shown(book.location)
    with connected(book) as connection:
        if schema.has_table(connection, "duebook_meta"):
            raise BookExists(f"There is already a book at {location}.", "Nothing was changed.")
        for name in schema.metadata.tables:
            if schema.has_table(connection, name):
                raise ForeignBook(
                    f"{location} has a table {name!r} that duebook did not make.",
                    "Nothing was changed. Keep books in a database of their own.",
                )


def _refuse_there(location: str, path: Path) -> None:
    if path.exists() and not _is_blank(path):
        raise _exists(location)
    if not path.parent.is_dir():
        raise BookMissing(f"There is no folder {path.parent}.", "Make it first.")
    for suffix in _OF_BEFORE:
        left = Path(f"{path}{suffix}")
        # Next to a blank file SQLite's own files are of the attempt that left it.
        if left.exists() and (suffix in (".receipts", ".secrets") or not path.exists()):
            raise BookExists(
                f"{location}{suffix} is there, of a book that was at this place before.",
                "Nothing was changed. Move it away, or choose another name.",
            )


def _exists(location: str) -> BookExists:
    return BookExists(
        f"{location} already exists.",
        "Nothing was changed. Choose another name with --book, or move the file away.",
    )


def _is_blank(path: Path) -> bool:
    """Whether nothing was ever made there: an `init` that was killed could leave such a file, in
    older versions also one with a journal to roll back. A copy is examined."""
    if not path.is_file():
        return False
    size = path.stat().st_size
    if not size:
        return True
    if size > BLANK_MAX or not looks_like_sqlite(path):
        return False
    with Scratch() as folder:
        for suffix in ("", "-journal", "-wal"):
            with suppress(FileNotFoundError):
                (folder / f"copy{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
        with closing(sqlite3.connect(folder / "copy")) as connection, suppress(sqlite3.Error):
            row = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return bool(row[0] == 0)
    return False


def _put(made: Path, path: Path, location: str) -> None:
    """Puts a whole book in its place, where there is nothing but perhaps a blank file."""
    try:
        put_new(made, path)
    except FileExistsError:
        _replace_blank(made, path, location)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(folder)
    finally:
        os.close(folder)


def _replace_blank(made: Path, path: Path, location: str) -> None:
    """Only one of two that found the blank file replaces it: the other finds a book there."""
    with path.open("rb") as blank:
        fcntl.flock(blank, fcntl.LOCK_EX)
        same = os.path.samestat(os.fstat(blank.fileno()), path.stat())
        if not same or not _is_blank(path):
            raise _exists(location)
        for suffix in ("-journal", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        os.replace(made, path)
