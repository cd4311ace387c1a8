"""The tables that `query` may name, each with its columns."""

from collections.abc import Iterator
from typing import Any

from projections.amounts import MINOR
from projections.catalogue import VIEWS
from projections.sql.on_duckdb import COLUMNS, ORDERS
from projections.sql.worked_out import BREAKS, breaks_columns

ORDERS_ABOUT = "archived order lines that count"
BREAKS_ABOUT = "breaks with the platform's files, of comparisons that were kept"


def tables(*, several: bool = False) -> Iterator[dict[str, Any]]:
    """One row per table: its name, what it holds, its columns; amounts in both forms.

    `several`: as they are across books, where the first column of each is the book.
    """
    for row in _tables():
        yield row | {"columns": ["book", *row["columns"]]} if several else row


def _tables() -> Iterator[dict[str, Any]]:
    for name, view in VIEWS.items():
        columns = [column.name for column in view.columns()]
        yield {"table": name, "about": view.ABOUT, "columns": _both(columns)}
    yield {"table": ORDERS, "about": ORDERS_ABOUT, "columns": list(COLUMNS)}
    breaks = [column.name for column in breaks_columns()]
    yield {"table": BREAKS, "about": BREAKS_ABOUT, "columns": _both(breaks)}


def _both(columns: list[str]) -> list[str]:
    """The columns, each of minor units followed by its decimals."""
    names = []
    for name in columns:
        names += [name, name.removesuffix(MINOR)] if name.endswith(MINOR) else [name]
    return names
