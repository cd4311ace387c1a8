"""What the databases themselves are reported for a statement: what it may read, and how long.

The statement has been parsed before; this is the second wall, and what ends it in time.
"""

import signal
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from decimal import Decimal
from types import FrameType
from typing import Any

from ledger.kernel.errors import BadQuery
from projections.amounts import decimal_text
from projections.sql.functions import FUNCTION, NAMES
from projections.sql.rows import Answer, Limits, taken

STEPS = 5_000
"""Instructions of SQLite between two looks at the clock: a fraction of a millisecond."""
VALUE_MAX = 10_000_000
"""Bytes of a value that SQLite may make."""
OPERATORS = frozenset({"->", "->>", "like", "glob", "count", "current_date", "current_timestamp"})
"""What SQLite calls functions although a statement writes them without a parenthesis."""


def run_on_sqlite(
    connection: sqlite3.Connection, sql: str, tables: Collection[str], limits: Limits
) -> Answer:
    """Runs a statement on SQLite, which is asked about every table and function that it uses.

    Ctrl-C ends it, in the main thread, as soon as SQLite looks up. Raises `BadQuery`.
    """
    ends = time.monotonic() + limits.seconds
    with _heeding(connection) as caught:
        connection.set_authorizer(_allowing(tables))
        connection.set_progress_handler(lambda: bool(caught) or time.monotonic() > ends, STEPS)
        length = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_MAX)
        connection.create_function(FUNCTION, 2, decimal_text, deterministic=True)
        cursor = connection.cursor()
        try:
            cursor.execute(sql)
            return taken(_columns(cursor.description), cursor.fetchmany, limits)
        except sqlite3.OperationalError:
            if not caught and time.monotonic() > ends:
                raise timed_out(limits) from None
            raise
        finally:
            cursor.close()
            connection.set_progress_handler(None, 0)
            connection.set_authorizer(None)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, length)


def _allowing(tables: Collection[str]) -> Any:
    names, functions = frozenset(tables), NAMES | OPERATORS | {FUNCTION}

    def allow(action: int, one: str | None, two: str | None, *_place: str | None) -> int:
        match action:
            case sqlite3.SQLITE_SELECT | sqlite3.SQLITE_RECURSIVE:
                fits = True
            case sqlite3.SQLITE_READ:
                fits = (one or "").lower() in names
            case sqlite3.SQLITE_FUNCTION:
                fits = (two or "").lower() in functions
            case _:
                fits = False
        return sqlite3.SQLITE_OK if fits else sqlite3.SQLITE_DENY

    return allow


@contextmanager
def _heeding(connection: sqlite3.Connection) -> Iterator[list[int]]:
    """Ctrl-C while SQLite works: what it interrupts is heard of only between its steps."""
    caught: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    heard = threading.current_thread() is threading.main_thread() and callable(before)

    def stop(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        connection.interrupt()

    if heard:
        signal.signal(signal.SIGINT, stop)
    try:
        yield caught
    except sqlite3.OperationalError:
        if caught:
            raise KeyboardInterrupt from None
        raise
    finally:
        if heard:
            signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def run_on_postgresql(connection: Any, sql: str, limits: Limits) -> Answer:
    """Runs a statement on PostgreSQL through a cursor of the server, in its read-only transaction.

    Ctrl-C cancels it there. Raises `BadQuery`.
    """
    import psycopg

    ends = time.monotonic() + limits.seconds

    def until_the_end() -> None:
        left = max(int((ends - time.monotonic()) * 1000), 1)
        connection.execute(f"SET LOCAL statement_timeout = {left}")

    def fetch(count: int) -> Sequence[Sequence[Any]]:
        if time.monotonic() > ends:
            raise timed_out(limits)
        until_the_end()
        found: list[tuple[Any, ...]] = cursor.fetchmany(count)
        return found

    connection.execute("SET LOCAL standard_conforming_strings = on")
    until_the_end()
    try:
        with connection.cursor(name="duebook_query") as cursor:
            cursor.execute(sql)
            return taken(_columns(cursor.description), fetch, limits)
    except psycopg.errors.QueryCanceled:
        raise timed_out(limits) from None


def run_on_duckdb(database: Any, sql: str, limits: Limits) -> Answer:
    """Runs a statement on DuckDB, beside: Ctrl-C is heard of only where Python runs.

    Raises `BadQuery`.
    """
    import duckdb

    def work() -> Answer:
        cursor = database.execute(sql)

        def fetch(count: int) -> list[tuple[Any, ...]]:
            return [tuple(map(trimmed, row)) for row in cursor.fetchmany(count)]

        return taken(_columns(cursor.description), fetch, limits)

    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(work)
        try:
            return running.result(limits.seconds)
        except TimeoutError:
            _interrupt(database, running)
            raise timed_out(limits) from None
        except KeyboardInterrupt:
            _interrupt(database, running)
            raise
        except duckdb.InterruptException:
            raise timed_out(limits) from None


def trimmed(value: Any) -> Any:
    """A decimal without zeros behind its second place: all amounts of a column have four there,
    for the commodities that need them."""
    if not isinstance(value, Decimal) or int(value.as_tuple().exponent) >= -2:
        return value
    whole, _, places = f"{value:f}".partition(".")
    return Decimal(f"{whole}.{places.rstrip('0').ljust(2, '0')}")


def _interrupt(database: Any, running: "Future[Answer]") -> None:
    """Until it has ended: what falls between two steps is not heard of."""
    while not running.done():
        database.interrupt()
        wait([running], 0.05)


def _columns(description: Sequence[Sequence[Any]] | None) -> list[str]:
    return [str(column[0]) for column in description or ()]


def timed_out(limits: Limits) -> BadQuery:
    """A statement that has not ended in time."""
    return BadQuery(
        f"The query was stopped after {limits.seconds:g} seconds.",
        "Narrow it, see that its WITH RECURSIVE ends, or give it more: --timeout SECONDS",
    )
