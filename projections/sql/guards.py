"""The limits that the databases themselves enforce: what a statement may read, and for how long.

The statement has already been parsed and checked; this is the second line of defence, and what
ends it in time.
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
"""SQLite instructions between two looks at the clock: a fraction of a millisecond."""
VALUE_MAX = 10_000_000
"""The largest value, in bytes, that SQLite may make."""
OPERATORS = frozenset({"->", "->>", "like", "glob", "count", "current_date", "current_timestamp"})
"""What SQLite counts as functions although a statement writes them without parentheses."""


def run_on_sqlite(
    connection: sqlite3.Connection, sql: str, tables: Collection[str], limits: Limits
) -> Answer:
    """Runs a statement on SQLite, which asks before it uses any table or function.

    In the main thread Ctrl-C ends it at SQLite's next progress check. Raises `BadQuery`.
    """
    ends = time.monotonic() + limits.seconds
    with _catching_ctrl_c(connection) as caught:
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

    def allow(action: int, first: str | None, second: str | None, *_place: str | None) -> int:
        match action:
            case sqlite3.SQLITE_SELECT | sqlite3.SQLITE_RECURSIVE:
                fits = True
            case sqlite3.SQLITE_READ:
                fits = (first or "").lower() in names
            case sqlite3.SQLITE_FUNCTION:
                fits = (second or "").lower() in functions
            case _:
                fits = False
        return sqlite3.SQLITE_OK if fits else sqlite3.SQLITE_DENY

    return allow


@contextmanager
def _catching_ctrl_c(connection: sqlite3.Connection) -> Iterator[list[int]]:
    """Handles Ctrl-C while SQLite works, which only notices it between its steps."""
    caught: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    can_catch = threading.current_thread() is threading.main_thread() and callable(before)

    def stop(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        connection.interrupt()

    if can_catch:
        signal.signal(signal.SIGINT, stop)
    try:
        yield caught
    except sqlite3.OperationalError:
        if caught:
            raise KeyboardInterrupt from None
        raise
    finally:
        if can_catch:
            signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def run_on_postgresql(connection: Any, sql: str, limits: Limits) -> Answer:
    """Runs a statement on PostgreSQL through a server-side cursor, in its read-only transaction.

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
        rows: list[tuple[Any, ...]] = cursor.fetchmany(count)
        return rows

    connection.execute("SET LOCAL standard_conforming_strings = on")
    until_the_end()
    try:
        with connection.cursor(name="duebook_query") as cursor:
            cursor.execute(sql)
            return taken(_columns(cursor.description), fetch, limits)
    except psycopg.errors.QueryCanceled:
        raise timed_out(limits) from None


def run_on_duckdb(database: Any, sql: str, limits: Limits) -> Answer:
    """Runs a statement on DuckDB in another thread: Ctrl-C only arrives where Python runs.

    Raises `BadQuery`.
    """
    import duckdb

    def work() -> Answer:
        cursor = database.execute(sql)

        def fetch(count: int) -> list[tuple[Any, ...]]:
            return [tuple(map(trimmed, row)) for row in cursor.fetchmany(count)]

        return taken(_columns(cursor.description), fetch, limits)

    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(work)
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
    """A decimal without zeros after its second place: in DuckDB all amounts of a column have four
    places, for the commodities that need them."""
    if not isinstance(value, Decimal) or int(value.as_tuple().exponent) >= -2:
        return value
    whole, _, places = f"{value:f}".partition(".")
    return Decimal(f"{whole}.{places.rstrip('0').ljust(2, '0')}")


def _interrupt(database: Any, running: "Future[Answer]") -> None:
    """Interrupts DuckDB until it has ended: an interrupt between two steps goes unnoticed."""
    while not running.done():
        database.interrupt()
        wait([running], 0.05)


def _columns(description: Sequence[Sequence[Any]] | None) -> list[str]:
    return [str(column[0]) for column in description or ()]


def timed_out(limits: Limits) -> BadQuery:
    """The refusal of a statement that has not ended in time."""
    return BadQuery(
        f"The query was stopped after {limits.seconds:g} seconds.",
        "Narrow it, see that its WITH RECURSIVE ends, or give it more: --timeout SECONDS",
    )
