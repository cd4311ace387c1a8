"""SQL that names order lines: run by DuckDB over the archive and copies of the read models named.

The order lines are millions and lie in files, the read models in the book's own database. A
statement that needs both is run where the many are; what is few is copied there.
"""

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadQuery
from ledger.kernel.instants import EARLIEST
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.store.archive.sql import literal
from ledger.store.order_lines import OrderLines, Session, load_tables
from ledger.store.reader import LogReader
from projections.catalogue import VIEWS
from projections.of_orders import sales_of_all
from projections.sql.guards import run_on_duckdb
from projections.sql.rows import Answer, Limits
from projections.sql.statement import Statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

ORDERS, GMV = "orders", "gmv"
_TIME = "replace(strftime(make_timestamp({0}), '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z')"
COLUMNS = {
    **{name: name for name in ("store", "order_id", "item")},
    "created_at": _TIME.format("created_at"),
    **{name: name for name in ("amount_minor", "refunded_minor")},
    "currency": "currency::VARCHAR",
    **{name: f"{name}::VARCHAR" for name in ("traffic", "channel", "payment", "category")},
    "updated_at": _TIME.format("updated_at"),
    **{name: name for name in ("product", "creator")},
}
"""The table `orders`: a row for each line that counts. Instants as everywhere in text and UTC."""
SAID = "Run by DuckDB, over the archive and copies of the read models named: its SQL is DuckDB's."


def run_over_orders(
    log: "Connection",
    views: "Connection",
    statement: Statement,
    clocks: Clocks,
    zone: str | None,
    limits: Limits,
) -> Answer:
    """The rows of a statement over `orders` and read models.

    Nothing but the archive's folder can be read by it, and nothing written. Raises `BadQuery`.
    """
    import duckdb

    lines = OrderLines.at(log, clocks)
    session = lines.session(Window(EARLIEST, min(clocks.as_of, 2**62) + 1), None)
    try:
        _copy(views, LogReader(log, clocks), session, statement.tables, zone)
        shown = ", ".join(f"{sql_} AS {name}" for name, sql_ in COLUMNS.items())
        database = session.database
        database.execute("ALTER VIEW orders RENAME TO order_lines")
        database.execute(f"CREATE TEMP VIEW orders AS SELECT {shown} FROM order_lines")
        database.execute(f"SET allowed_directories = [{literal(str(lines.folder))}]")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        try:
            return run_on_duckdb(database, statement.sql, limits)
        except duckdb.Error as error:
            said = str(error).partition("\n")[0]
            raise BadQuery(f"DuckDB refused the query: {said}", SAID) from None
    finally:
        session.close()


def _copy(
    views: "Connection", reader: LogReader, session: Session, names: Set[str], zone: str | None
) -> None:
    """The read models that are named, as they stand in the book."""
    for name in sorted(names & set(VIEWS)):
        cursor = views.exec_driver_sql(f'SELECT * FROM "{name}"')
        columns = list(cursor.keys())
        rows: list[Sequence[Any]] = list(cursor.fetchall())
        if name == GMV:
            rows += _sales(reader, columns, zone)
        table = {column: [row[at] for row in rows] for at, column in enumerate(columns)}
        load_tables(session.database, {name: table})


def _sales(reader: LogReader, columns: list[str], zone: str | None) -> list[Sequence[Any]]:
    """What orders add to `gmv`, in its columns."""
    return [
        [(row | {"amount_minor": Money.parse(row["amount"], row["currency"]).minor}).get(column)
         for column in columns]
        for row in sales_of_all(reader, zone)
    ]  # fmt: skip
