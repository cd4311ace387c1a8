"""One statement over the read models: where it is run, and what it returns."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import exc as sa_exc

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadQuery, ConcurrentWrite, Refusal
from ledger.kernel.instants import Instant
from ledger.kernel.near import did_you_mean
from ledger.store.book import Book, open_book
from ledger.store.head import head_of
from ledger.store.reader import LogReader
from projections.amounts import decimals_of
from projections.base import View
from projections.catalogue import VIEWS
from projections.leftovers import tables_of
from projections.reading import Report
from projections.rights import may_build
from projections.runner import catch_up, state_of
from projections.sql.decimals import reckons, sources
from projections.sql.guards import run_on_postgresql, run_on_sqlite
from projections.sql.on_duckdb import GMV, ORDERS, SAID, Sought, run_by_duckdb
from projections.sql.rows import Answer, Limits
from projections.sql.statement import Statement, checked, tables_named
from projections.sql.worked_out import BREAKS, LINES, OpenPeriod
from projections.taking import parked_in
from projections.temporary import Progress, silent, temporary

ATTEMPTS = 5
NO_COLUMN = re.compile(r"no such column: ([\w.]+)|column \"?([\w.]+)\"? does not exist")
"""The messages of SQLite and of PostgreSQL."""
MAY_NAME = re.compile(rf"\b(?:{ORDERS}|{GMV}|{BREAKS}|{LINES})\b", re.IGNORECASE)
TABLES = frozenset({*VIEWS, ORDERS, BREAKS})
"""The tables that a statement may name."""
COPIED = "Run by DuckDB, over copies of the read models named: its SQL is DuckDB's."
DECIMALS = f"{COPIED} Sums of whole minor units (amount_minor) are left to the book's own database."
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
    open_period: OpenPeriod | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> Report:
    """Runs one SELECT over the read models, after bringing those that it names up to date.

    It is parsed and checked before it is sent, and the database enforces the limits as well. DuckDB
    runs a statement that names `orders`, `gmv` in a book with an archive, `breaks`, or `lines` with
    those of an open period; and one that calculates with decimals where the database has none.
    Raises `BadQuery`, `UnknownProgram`, `WrongPeriod`.
    """
    limits = limits or Limits()
    in_temporary = clocks is not None or not may_build(book, tables_of(*VIEWS))
    dialect = "sqlite" if in_temporary or book.path else "postgres"
    said = _why_duckdb(book, sql, dialect, clocks, open_period)
    if said is None:
        statement = checked(sql, dialect, TABLES, sources(sql, dialect, VIEWS))
    else:
        statement = checked(sql, "duckdb", TABLES)
    views = [VIEWS[name] for name in sorted(statement.tables & set(VIEWS))]
    with read_only(book, views, clocks, progress, in_temporary=in_temporary) as (
        connection,
        views_at,
    ):
        parked = [event for view in views or VIEWS.values() for event in _parked(connection, view)]
        try:
            if said is not None:
                at = clocks or Clocks(now, views_at.known_at)
                with book.reading() as log:
                    sought = Sought(log, at, connection, views_at, zone, open_period)
                    answer = run_by_duckdb(sought, statement, limits, said)
            else:
                answer = _run(connection, statement, limits)
        except (Refusal, sa_exc.SQLAlchemyError):
            raise
        except Exception as error:
            raise _refused(error, views) from None
    return Report("query", answer.rows, views_at, parked, said, answer.cut)


def _parked(connection: Connection, view: View) -> Any:
    return parked_in(connection, view.NAME)


def _why_duckdb(
    book: Book, sql: str, dialect: str, clocks: Clocks | None, open_period: OpenPeriod | None
) -> str | None:
    """The notice for a statement that DuckDB is to run; None for the book's own database.

    One that does not parse is refused later, where it would be run.
    """
    tables = tables_named(sql, dialect)
    if not tables and MAY_NAME.search(sql):
        tables = tables_named(sql, "duckdb")
    if open_period is not None and LINES not in tables:
        raise BadQuery(
            f"An open period is added to the table {LINES!r}, which the query does not name.",
            "Leave --program and --period out, or ask: select * from lines",
        )
    if ORDERS in tables or (GMV in tables and _has_orders(book, clocks)):
        return SAID
    if BREAKS in tables or open_period is not None:
        return COPIED
    if dialect == "sqlite" and reckons(sql, dialect, VIEWS):
        return DECIMALS
    return None


def _has_orders(book: Book, clocks: Clocks | None) -> bool:
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
def read_only(
    book: Book,
    views: Collection[View],
    clocks: Clocks | None,
    progress: Progress,
    *,
    in_temporary: bool,
) -> Iterator[tuple[Connection, Clocks]]:
    """A read-only connection to some views, all at the same position, and their clocks."""
    if in_temporary:
        with temporary(book, views, clocks, progress) as (connection, built):
            connection.exec_driver_sql("PRAGMA query_only = ON")
            yield connection, built
        return
    reader = open_book(book.location, readonly=True)
    try:
        for _ in range(ATTEMPTS):
            for view in views:
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
                positions = {state_of(connection, view)[1] for view in views}
                positions = positions or {head_of(connection).position}
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


def _refused(error: Exception, views: Sequence[View]) -> Exception:
    """The database's error; for an unknown column, with the columns that may be meant."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    missing = NO_COLUMN.search(text)
    named = missing and (missing[1] or missing[2]).rpartition(".")[2]
    columns = {column.name for view in views for column in view.columns()}
    columns |= set(decimals_of([column for view in views for column in view.columns()]))
    if named and columns:
        hint = f"{did_you_mean(named, columns)}Columns: {', '.join(sorted(columns))}."
    else:
        hint = "Tables and their columns: duebook query"
    return BadQuery(f"The database refused the query: {text}.", hint)
