"""SQL literals, and queries with one row."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def one_row(connection: "DuckDBPyConnection", query: str) -> tuple[Any, ...]:
    """The row of a query that has exactly one."""
    row = connection.execute(query).fetchone()
    assert row is not None, "an aggregate has a row"
    return row
