"""Reports and queries over the read models."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, cast, func, select
from sqlalchemy import exc as sa_exc

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadQuery, ConcurrentWrite
from ledger.kernel.instants import Instant
from ledger.store.book import Book, open_book
from ledger.store.reader import LogReader
from projections.base import View
from projections.catalogue import COMPUTED, VIEWS, view_named
from projections.of_orders import ADDED, LATER, with_orders
from projections.order_query import ORDERS, SAID, named_in, run_over_orders
from projections.reports.figures import columns_of, figures_of
from projections.runner import (
    Parked,
    Progress,
    _silent,
    catch_up,
    looking_at,
    parked_in,
    state_of,
    temporary,
)

FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*([a-z]+)", re.IGNORECASE | re.DOTALL)
ATTEMPTS = 5
READING_WORDS = ("select", "with", "values", "explain", "table", "show")


class Report(NamedTuple):
    """Rows of a read model, with where it stands and what it left out."""

    name: str
    rows: list[dict[str, Any]]
    clocks: Clocks
    parked: list[Parked]
    said: str | None = None
    """What whoever asked should be told of how it was answered."""


def report(
    book: Book,
    name: str,
    *,
    where: Sequence[tuple[str, str]] = (),
    clocks: Clocks | None = None,
    now: Instant = FOREVER,
    zone: str | None = None,
    progress: Progress = _silent,
) -> Report:
    """A read model's rows, in the order of its key, filtered by equal columns.

    What programs and archived orders add to it is worked out at the clocks, of a live report at
    `now`; days of orders are those of `zone`, else of all published editions.

    Raises `NoSuchReport`, or `BadQuery` for a column that it does not have.
    """
    if name in COMPUTED:
        return _computed(book, name, where, clocks)
    view = view_named(name)
    added = columns_of(name)
    with looking_at(book, view, clocks, progress) as sight:
        query = select(sight.table)
        later = LATER.get(name, ())
        shown = [pair for pair in where if pair[0] in (*view.SHOWN, *added, *later)]
        for column, value in where:
            if column in later:
                continue
            if column in sight.table.columns:
                query = query.where(func.coalesce(cast(sight.table.c[column], String), "") == value)
            elif column not in (*view.SHOWN, *added):
                names = [*(c.name for c in sight.table.columns), *view.SHOWN, *added]
                raise BadQuery(
                    f"The report {name} has no column {column!r}.", f"Columns: {', '.join(names)}."
                )
        found = sight.connection.execute(query.order_by(*_order(view, sight.table)))
        rows = [view.shown(dict(row._mapping)) for row in found]
        stands = clocks or Clocks(now, sight.clocks.known_at)
        if name in ADDED:
            with book.reading() as connection:
                rows = with_orders(connection, name, rows, stands, zone, where)
        if added:
            rows = _with_figures(book, name, rows, added, stands)
        rows = [row for row in rows if all(_text(row[name]) == value for name, value in shown)]
        return Report(name, rows, sight.clocks, sight.parked)


def _text(value: object) -> str:
    """A cell as it is compared: an empty one is the empty text."""
    return "" if value is None else str(value)


def _with_figures(
    book: Book, name: str, rows: list[dict[str, Any]], added: Sequence[str], clocks: Clocks
) -> list[dict[str, Any]]:
    """The rows with what programs say of the name in their first column."""
    names = [next(iter(row.values())) for row in rows]
    with book.reading() as connection:
        figures = figures_of(connection, name, names, clocks)
    none: dict[str, Any] = dict.fromkeys(added)
    return [{**row, **none, **figures.get(key, {})} for row, key in zip(rows, names, strict=True)]


def _computed(
    book: Book, name: str, where: Sequence[tuple[str, str]], clocks: Clocks | None
) -> Report:
    """A report that the rules work out now; it needs an as-of, for it asks what is overdue."""
    if clocks is None:
        raise BadQuery(f"The report {name} needs an as-of.", "Give one: --as-of 2026-10-01")
    with book.reading() as connection:
        rows = COMPUTED[name][0](connection, clocks)
    for column, _ in where:
        if rows and column not in rows[0]:
            raise BadQuery(
                f"The report {name} has no column {column!r}.", f"Columns: {', '.join(rows[0])}."
            )
    found = [row for row in rows if all(str(row[column]) == value for column, value in where)]
    return Report(name, found, clocks, [])


def _order(view: View, table: Any) -> list[Any]:
    if view.NAME == "exceptions":
        return [table.c.position, table.c.code, table.c.name]
    return list(table.primary_key.columns)


def query(
    book: Book,
    sql: str,
    *,
    clocks: Clocks | None = None,
    now: Instant = FOREVER,
    zone: str | None = None,
    progress: Progress = _silent,
) -> Report:
    """One read-only SQL statement over the read models, all brought up to date first.

    The database itself refuses writes: the connection is read-only. A statement that names
    `orders`, or `gmv` in a book with an archive, is run by DuckDB. Raises `BadQuery`.
    """
    begins = FIRST_WORD.match(sql)
    if begins is None or begins[1].lower() not in READING_WORDS:
        raise BadQuery(
            f"{sql.strip()[:60]!r} does not read.",
            "Write one SELECT over " + ", ".join(VIEWS) + ".",
        )
    tables = named_in(sql)
    with _read_only(book, clocks, progress) as (connection, stands):
        parked = [one for view in VIEWS for one in parked_in(connection, view)]
        if tables is not None:
            at = clocks or Clocks(now, stands.known_at)
            with book.reading() as log:
                rows = _over_orders(log, connection, sql, tables, at, zone)
            if rows is not None:
                return Report("query", rows, stands, parked, SAID)
        try:
            # The driver's own cursor: a colon or a percent sign in the text means itself.
            cursor = connection.connection.cursor()
            # psycopg takes several statements at once unless they are to be prepared.
            prepared: Any = {} if connection.dialect.name == "sqlite" else {"prepare": True}
            cursor.execute(sql, **prepared)
            names = _distinct([column[0] for column in cursor.description or ()])
            found = cursor.fetchall()
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found]
        except Exception as error:
            raise _refused(error) from None
    return Report("query", rows, stands, parked)


def _over_orders(
    log: Connection,
    views: Connection,
    sql: str,
    names: set[str],
    clocks: Clocks,
    zone: str | None,
) -> list[dict[str, Any]] | None:
    """The rows of a statement that DuckDB runs; None where the book's own database does."""
    reader = LogReader(log, clocks)
    if ORDERS not in names and (not reader.has_orders or reader.derived_orders):
        return None
    columns, rows = run_over_orders(log, views, sql, names, clocks, zone)
    return [dict(zip(_distinct(columns), map(_plain, row), strict=True)) for row in rows]


def _distinct(names: list[str]) -> list[str]:
    """Column names without repetition: the second `a` is `a_2`."""
    found: list[str] = []
    for name in names:
        count = sum(one == name or one.startswith(f"{name}_") for one in found)
        found.append(name if name not in found else f"{name}_{count + 1}")
    return found


def _plain(value: Any) -> Any:
    """A value as JSON can write it, exactly: bytes in hex, decimals without a float."""
    match value:
        case bytes() | memoryview():
            return bytes(value).hex()
        case Decimal():
            return int(value) if value == value.to_integral_value() else f"{value:f}"
        case None | bool() | int() | float() | str():
            return value
    return str(value)


@contextmanager
def _read_only(
    book: Book, clocks: Clocks | None, progress: Progress
) -> Iterator[tuple[Connection, Clocks]]:
    if clocks is not None or not book.writable:
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


def _refused(error: Exception) -> Exception:
    if isinstance(error, sa_exc.SQLAlchemyError):
        return error
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return BadQuery(
        f"The database refused the query: {text}.",
        f"One read-only statement over {', '.join(sorted(VIEWS))}; the columns of one: "
        'duebook query "select * from NAME limit 1"',
    )
