"""Small words of SQL."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def one_row(connection: "DuckDBPyConnection", query: str) -> tuple[Any, ...]:
    """The row of a query that has exactly one."""
    found = connection.execute(query).fetchone()
    assert found is not None, "an aggregate has a row"
    return found
