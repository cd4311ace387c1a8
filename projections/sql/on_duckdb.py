"""SQL that is run by DuckDB: over the archive, and copies of the read models that it names.

There are millions of order lines, which lie in files; the read models are in the book's own
database. A statement that needs both is run where the order lines are, and the smaller read models
are copied there. DuckDB also runs statements that calculate with decimals, which SQLite does not
have, or that name something worked out for the call.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.kernel.clocks import Clocks
from ledger.kernel.duck import literal
from ledger.kernel.errors import BadQuery
from ledger.kernel.instants import EARLIEST
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.store.order_lines import OrderLines, Session
from ledger.store.reader import LogReader
from projections.catalogue import VIEWS
from projections.of_orders import sales_of_all
from projections.sql.decimals import decimal, source_of
from projections.sql.guards import run_on_duckdb
from projections.sql.rows import Answer, Limits
from projections.sql.statement import Statement
from projections.sql.worked_out import (
    BREAKS,
    LINES,
    OpenPeriod,
    breaks_columns,
    breaks_rows,
    fresh_lines,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Column, Connection

ORDERS, GMV = "orders", "gmv"
_TIME = "replace(strftime(make_timestamp({0}), '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z')"
_CURRENCY = "currency::VARCHAR"
COLUMNS = {
    **{name: name for name in ("store", "order_id", "item")},
    "created_at": _TIME.format("created_at"),
    "amount_minor": "amount_minor",
    "amount": decimal("amount_minor", _CURRENCY, "duckdb"),
    "refunded_minor": "refunded_minor",
    "refunded": decimal("refunded_minor", _CURRENCY, "duckdb"),
    "currency": _CURRENCY,
    **{name: f"{name}::VARCHAR" for name in ("traffic", "channel", "payment", "category")},
    "updated_at": _TIME.format("updated_at"),
    **{name: name for name in ("product", "creator")},
}
"""The table `orders`: a row for each line that counts. Instants are text in UTC, as everywhere."""
SHOWN = ", ".join(f"{sql} AS {name}" for name, sql in COLUMNS.items())
AT_ONCE = 20_000
"""Rows copied at a time."""
KEPT = "__kept"
"""Suffix of a copy's table; its view with decimals has the plain name."""
SAID = "Run by DuckDB, over the archive and copies of the read models named: its SQL is DuckDB's."


class Sought(NamedTuple):
    """What a statement reads: the log at some clocks, and the read models with their clocks."""

    log: "Connection"
    clocks: Clocks
    views: "Connection"
    stands: Clocks
    zone: str | None = None
    open_period: OpenPeriod | None = None


def run_by_duckdb(sought: Sought, statement: Statement, limits: Limits, hint: str) -> Answer:
    """The rows of a statement over `orders`, read models and what is worked out for the call.

    It can read nothing but the archive's folder, and write nothing. Raises `BadQuery`.
    """
    lines = OrderLines.at(sought.log, sought.clocks) if ORDERS in statement.tables else None
    session = Session(None if lines is None else order_lines(lines, sought.clocks))
    database = session.database
    try:
        copy_tables(database, sought, sorted(statement.tables - {ORDERS}))
        if lines is not None:
            database.execute("ALTER VIEW orders RENAME TO order_lines")
            database.execute(f"CREATE TEMP VIEW orders AS SELECT {SHOWN} FROM order_lines")
        folders = [lines.folder] if lines is not None and lines.files else []
        return run_walled(database, folders, statement, limits, hint)
    finally:
        session.close()


def copy_tables(database: Any, sought: Sought, names: Iterable[str]) -> None:
    """Makes tables, with their rows, of read models and of what is worked out for the call."""
    for name in names:
        columns, pieces = table_of(sought, name)
        make(database, name, columns)
        fill(database, name, columns, pieces)


def run_walled(
    database: Any, folders: Iterable["Path"], statement: Statement, limits: Limits, hint: str
) -> Answer:
    """Runs a checked statement in a database that from now on reads those folders alone. Raises
    `BadQuery`."""
    import duckdb

    allowed = ", ".join(literal(str(folder)) for folder in folders)
    database.execute(f"SET allowed_directories = [{allowed}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    try:
        return run_on_duckdb(database, statement.sql, limits)
    except duckdb.Error as error:
        said = str(error).partition("\n")[0]
        raise BadQuery(f"DuckDB refused the query: {said}", hint) from None


def order_lines(lines: OrderLines, clocks: Clocks) -> str:
    """SQL of the order lines that count at the clocks, whenever they were created."""
    return lines.query(Window(EARLIEST, min(clocks.as_of, 2**62) + 1), None)


def table_of(
    sought: Sought, name: str
) -> "tuple[list[Column[Any]], Iterable[Sequence[Sequence[Any]]]]":
    """A table's columns, and its rows in chunks."""
    log, clocks = sought.log, sought.clocks
    if name == BREAKS:
        columns = breaks_columns()
        return columns, _pieces(breaks_rows(log, clocks), columns)
    columns = VIEWS[name].columns()
    more: list[dict[str, Any]] = []
    if name == GMV:
        more = _sales(LogReader(log, clocks), sought.zone)
    if name == LINES and sought.open_period is not None:
        more = fresh_lines(log, sought.open_period, clocks, sought.stands)
    return columns, _kept(sought.views, name, columns, _pieces(more, columns))


def _kept(
    views: "Connection",
    name: str,
    columns: "list[Column[Any]]",
    more: Iterable[Sequence[Sequence[Any]]],
) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of the read model, then more rows."""
    named = ", ".join(f'"{column.name}"' for column in columns)
    cursor = views.exec_driver_sql(f'SELECT {named} FROM "{name}"')
    while rows := cursor.fetchmany(AT_ONCE):
        yield rows
    yield from more


def _pieces(
    rows: list[dict[str, Any]], columns: "list[Column[Any]]"
) -> Iterator[Sequence[Sequence[Any]]]:
    for at in range(0, len(rows), AT_ONCE):
        yield [[row.get(column.name) for column in columns] for row in rows[at : at + AT_ONCE]]


def make(database: Any, name: str, columns: "list[Column[Any]]") -> None:
    """Makes an empty table, and its view with decimals next to minor units."""
    made = ", ".join(f'"{column.name}" {_kind(column)}' for column in columns)
    database.execute(f'CREATE TEMP TABLE "{name}{KEPT}" ({made})')
    source = source_of(name, columns, "duckdb", f"{name}{KEPT}")
    database.execute(f'CREATE TEMP VIEW "{name}" AS {source}')


def fill(
    database: Any,
    name: str,
    columns: "list[Column[Any]]",
    pieces: Iterable[Sequence[Sequence[Any]]],
) -> None:
    """Copies rows into a table that was made."""
    taken = ", ".join(f"unnest(?::{_kind(column)}[])" for column in columns)
    for rows in pieces:
        values = [list(column) for column in zip(*rows, strict=True)]
        database.execute(f'INSERT INTO "{name}{KEPT}" SELECT {taken}', values)


def _kind(column: "Column[Any]") -> str:
    from sqlalchemy import Text

    return "VARCHAR" if isinstance(column.type, Text) else "BIGINT"


def _sales(reader: LogReader, zone: str | None) -> list[dict[str, Any]]:
    """What orders add to `gmv`, as rows of the table."""
    if not reader.has_orders or reader.derived_orders:
        return []
    return [
        row | {"amount_minor": Money.parse(row["amount"], row["currency"]).minor}
        for row in sales_of_all(reader, zone)
    ]
