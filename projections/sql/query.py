"""One statement over the read models: where it is run, and what comes back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import exc as sa_exc

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadQuery, ConcurrentWrite, Refusal
from ledger.kernel.instants import Instant
from ledger.store.book import Book, open_book
from ledger.store.reader import LogReader
from projections.catalogue import VIEWS
from projections.leftovers import tables_of
from projections.reading import Report
from projections.rights import may_build
from projections.runner import Progress, _silent, catch_up, parked_in, state_of, temporary
from projections.sql.guards import run_on_postgresql, run_on_sqlite
from projections.sql.over_orders import GMV, ORDERS, SAID, run_over_orders
from projections.sql.rows import Answer, Limits
from projections.sql.statement import Statement, checked, tables_named

ATTEMPTS = 5
MAY_NAME = re.compile(rf"\b(?:{ORDERS}|{GMV})\b", re.IGNORECASE)
SUPERUSER = (
    "The book is asked as a superuser of the database server, who may do anything there: ask with "
    "a role that may only SELECT."
)


def query(
    book: Book,
    sql: str,
    *,
    clocks: Clocks | None = None,
    now: Instant = FOREVER,
    zone: str | None = None,
    progress: Progress = _silent,
    limits: Limits | None = None,
) -> Report:
    """One SELECT over the read models, all brought up to date first.

    It is parsed before it is sent, and the database itself refuses the rest. A statement that
    names `orders`, or `gmv` in a book with an archive, is run by DuckDB. Raises `BadQuery`.
    """
    limits = limits or Limits()
    beside = clocks is not None or not may_build(book, tables_of(*VIEWS))
    over_orders = _asks_orders(book, sql, clocks)
    if over_orders:
        statement = checked(sql, "duckdb", {*VIEWS, ORDERS})
    else:
        statement = checked(sql, "sqlite" if beside or book.path else "postgres", VIEWS)
    with _read_only(book, clocks, progress, beside=beside) as (connection, stands):
        parked = [one for view in VIEWS for one in parked_in(connection, view)]
        try:
            if over_orders:
                at = clocks or Clocks(now, stands.known_at)
                with book.reading() as log:
                    answer = run_over_orders(log, connection, statement, at, zone, limits)
                return Report("query", answer.rows, stands, parked, SAID, answer.cut)
            answer = _run(connection, statement, limits)
        except (Refusal, sa_exc.SQLAlchemyError):
            raise
        except Exception as error:
            raise _refused(error) from None
    return Report("query", answer.rows, stands, parked, cut=answer.cut)


def _asks_orders(book: Book, sql: str, clocks: Clocks | None) -> bool:
    """Whether DuckDB is to run it. One that does not parse is refused where it would be run."""
    if not MAY_NAME.search(sql):
        return False
    tables = tables_named(sql, "duckdb")
    if ORDERS in tables or GMV not in tables:
        return ORDERS in tables
    with book.reading() as log:
        reader = LogReader(log, clocks or Clocks(FOREVER, FOREVER))
        return reader.has_orders and not reader.derived_orders


def _run(connection: Connection, statement: Statement, limits: Limits) -> Answer:
    # The driver's own cursor: a colon or a percent sign in the text means itself.
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return run_on_sqlite(driver, statement.sql, VIEWS, limits)
    return run_on_postgresql(driver, statement.sql, limits)


@contextmanager
def _read_only(
    book: Book, clocks: Clocks | None, progress: Progress, *, beside: bool
) -> Iterator[tuple[Connection, Clocks]]:
    if beside:
        with temporary(book, VIEWS.values(), clocks, progress) as (connection, built):
            connection.exec_driver_sql("PRAGMA query_only = ON")
            yield connection, built
        return
    reader = open_book(book.location, readonly=True)
    try:
        for _ in range(ATTEMPTS):
            for view in VIEWS.values():
                catch_up(book, view, progress)
            with reader.reading() as connection:
                if connection.dialect.name != "sqlite":
                    connection.exec_driver_sql(
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                    )
                    if SUPERUSER not in book.notes and _is_superuser(connection):
                        book.notes.append(SUPERUSER)
                else:
                    connection.exec_driver_sql("PRAGMA query_only = ON")
                positions = {state_of(connection, view)[1] for view in VIEWS.values()}
                if len(positions) == 1:
                    yield connection, Clocks(FOREVER, positions.pop())
                    return
            # Somebody recorded while the views were brought up to date one after another.
        raise ConcurrentWrite(f"The book was written during each of {ATTEMPTS} attempts.")
    finally:
        reader.close()


def _is_superuser(connection: Connection) -> bool:
    sql = "SELECT current_setting('is_superuser')"
    return bool(connection.exec_driver_sql(sql).scalar() == "on")


def _refused(error: Exception) -> Exception:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return BadQuery(
        f"The database refused the query: {text}.",
        f"One read-only statement over {', '.join(sorted(VIEWS))}; the columns of one: "
        'duebook query "select * from NAME limit 1"',
    )
