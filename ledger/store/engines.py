"""Connecting to a book's database, a SQLite file or a PostgreSQL server, to write or to read."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import make_url

from ledger.kernel.errors import BookMissing, ForeignBook
from ledger.store.head import LOCK_SECONDS
from ledger.store.lost_server import tell_when_lost

HOW_TO_MAKE = "Make one with `duebook init`, or name one with --book or DUEBOOK_BOOK."


FRUGAL = {"mmap_size": 0, "cache_size": -16_384}
"""Nothing of the file mapped, and 16 MiB of pages."""


def may_write(path: Path) -> bool:
    """Whether the file may be written: its mode says so even to root, who could anyway."""
    writable_by_anyone = path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    return bool(writable_by_anyone) and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def sqlite_engine(path: Path, *, readonly: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        uri = path.absolute().as_uri()
        if readonly:
            # A WAL book on a read-only folder opens only as immutable; with a log file next to it
            # somebody may be writing, and then the ordinary read-only mode works.
            quiet = not Path(f"{path}-wal").exists()
            uri += "?mode=ro&immutable=1" if quiet and not may_write(path) else "?mode=ro"
        connection = sqlite3.connect(
            uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        if not readonly:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA mmap_size = 268435456")
        return connection

    from sqlalchemy.pool import QueuePool

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def frugal(connection: Connection) -> Iterator[None]:
    """Reads with little memory: for many rows that are each read once, all over the file. A server
    keeps its memory itself."""
    if connection.dialect.name != "sqlite":
        yield
        return
    usual = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in FRUGAL}
    try:
        for name, value in FRUGAL.items():
            connection.exec_driver_sql(f"PRAGMA {name} = {value}")
        yield
    finally:
        for name, before in usual.items():
            connection.exec_driver_sql(f"PRAGMA {name} = {before}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("duebook_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def url_engine(location: str, *, readonly: bool = False) -> Engine:
    """The server's book; with `readonly` the server itself refuses every write of a session."""
    try:
        url = make_url(location)
    except sa_exc.ArgumentError:
        raise ForeignBook(f"{location!r} is not a database URL.", HOW_TO_MAKE) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if not url.drivername.startswith("postgresql"):
        raise ForeignBook(
            f"{url.drivername} is not a database that duebook keeps books in.",
            "Name a file path (SQLite) or a URL that begins with postgresql://.",
        )
    try:
        engine = create_engine(url, isolation_level="READ COMMITTED")  # whatever the server's
    except ModuleNotFoundError:
        raise BookMissing(
            "PostgreSQL books need the driver psycopg, which is not installed.",
            "Install it with: pip install 'duebook[postgres]'",
        ) from None
    tell_when_lost(engine)
    if readonly:
        event.listen(engine, "connect", _only_read)
    return engine


def _only_read(session: Any, _record: object) -> None:
    """Makes every transaction of a session on a server read-only."""
    with session.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    session.commit()
