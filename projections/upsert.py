"""Adding sums to rows that may exist already, on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def add_up(
    connection: Connection,
    table: Table,
    sums: Mapping[tuple[Any, ...], Sequence[int]],
    names: Sequence[str],
) -> None:
    """Adds to the columns `names`, under keys in the order of the table's primary key."""
    if not sums:
        return
    insert: Any
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert
    statement = insert(table)
    excluded = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: table.c[name] + excluded[name] for name in names},
    )
    columns = [column.name for column in table.primary_key.columns] + list(names)
    rows = [dict(zip(columns, (*key, *sums[key]), strict=True)) for key in sorted(sums)]
    connection.execute(statement, rows)
