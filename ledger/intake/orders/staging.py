"""One file into one temporary table of typed columns, in the order of its rows."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ledger.intake.in_words import of_reader
from ledger.intake.orders.expressions import is_category, is_good, is_id, staged, tidy, tidy_id
from ledger.intake.orders.refusals import NoRoomToRead, OrderFileUnreadable
from ledger.intake.orders.source import Source
from ledger.intake.unchanged_file import FileChanged, Watched
from ledger.kernel.instants import Instant

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def stage(
    connection: "DuckDBPyConnection",
    source: Source,
    table: str,
    watched: Watched,
) -> int:
    """Reads the file; returns its number of rows. What is missing or wrong is NULL in the table.

    Raises `FileChanged` or `OrderFileUnreadable` where the reading failed, and `NoRoomToRead` where
    memory or disk ran out.
    """
    import duckdb

    try:
        query = staged(source.cells, source.origin(), source.place)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
    except duckdb.Error as error:
        name, why = watched.name, of_reader(error)
        if watched.is_changed():
            sentence = f"{name} was changed while it was read."
            raise FileChanged(sentence, file=name) from None
        if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
            raise NoRoomToRead(f"{name}: {why}.", file=name) from None
        raise OrderFileUnreadable(f"{name} cannot be read: {why}.", file=name) from None
    _tidy(connection, table, "store", tidy_id, is_id)
    _tidy(connection, table, "category", tidy, is_category)
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None, "a count has a row"
    return int(row[0])


def good_rows(
    connection: "DuckDBPyConnection", table: str, now: Instant, has: Collection[str]
) -> int:
    """How many of the staged rows are orders."""
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE {is_good(now, has)}").fetchone()
    assert row is not None, "a count has a row"
    return int(row[0])


def bad_positions(
    connection: "DuckDBPyConnection", table: str, now: Instant, has: Collection[str], at_most: int
) -> list[int]:
    """The positions of the first rows that are not orders, counted from 0."""
    rows = connection.execute(
        f"SELECT rowid FROM {table} WHERE NOT ({is_good(now, has)}) ORDER BY rowid LIMIT {at_most}"
    )
    return [int(position) for (position,) in rows.fetchall()]


def _tidy(
    connection: "DuckDBPyConnection",
    table: str,
    column: str,
    tidied: Callable[[str], str],
    rule: Callable[[str], str],
) -> None:
    """Looks at each value once: a file of millions of orders has few stores and categories."""
    clean = tidied(column)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE order_values AS SELECT DISTINCT {column} FROM {table}"
    )
    untidy = f"SELECT {column} FROM order_values WHERE {column} <> {clean} OR NOT ({rule(column)})"
    if connection.execute(f"{untidy} LIMIT 1").fetchone():
        connection.execute(
            f"UPDATE {table} SET {column} = CASE WHEN {rule(clean)} THEN {clean} END"
            f" WHERE {column} IN ({untidy})"
        )
    connection.execute("DROP TABLE order_values")
