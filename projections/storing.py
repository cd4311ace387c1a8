"""Putting rows into the table of a view: many at a time, in the database's quickest way."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Connection, Table
from sqlalchemy import exc as sa_exc

from ledger.kernel.errors import ServerLost

COPY_FROM = 200
"""From this many rows on, PostgreSQL is loaded with COPY."""
Values = tuple[Any, ...]


def store(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Adds rows, each with a value per column of the table, in the order of its columns."""
    if not rows:
        return
    names = quoted(column.name for column in table.columns)
    if connection.dialect.name == "postgresql" and len(rows) >= COPY_FROM:
        _copy(connection, table, f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)', rows)
        return
    sql = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks(connection, len(table.columns))})'
    connection.exec_driver_sql(sql, list(rows))


def store_named(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `store`, from rows that name their columns."""
    store(connection, table, list(map(itemgetter(*table.columns.keys()), rows)))


def quoted(names: Any) -> str:
    """Names of columns as SQL lists them."""
    return ", ".join(f'"{name}"' for name in names)


def marks(connection: Connection, count: int) -> str:
    """As many placeholders of the database's driver."""
    return ", ".join(["?" if connection.dialect.name == "sqlite" else "%s"] * count)


def _copy(connection: Connection, table: Table, sql: str, rows: Sequence[Values]) -> None:
    """Raises what SQLAlchemy raises for a statement: COPY goes past it, straight to the driver."""
    driver: Any = connection.connection.driver_connection
    types = ["int8" if isinstance(c.type, BigInteger) else "text" for c in table.columns]
    dialect = connection.dialect
    errors: Any = dialect.loaded_dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except errors.Error as error:
        if dialect.is_disconnect(error, driver, None):
            raise ServerLost(str(error).strip().splitlines()[0].rstrip("."), known=True) from error
        raise sa_exc.DBAPIError.instance(sql, None, error, errors.Error) from error
