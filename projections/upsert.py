"""Adding sums to rows that may exist already, on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from projections.storing import marks, quoted


def add_up(
    connection: Connection,
    table: Table,
    sums: Mapping[tuple[Any, ...], Sequence[int]],
) -> None:
    """Adds to the columns that follow those of the primary key, under keys in its order."""
    rows = [(*key, *sums[key]) for key in sorted(sums)]
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    names = [column.name for column in table.columns]
    assert names[: len(keys)] == keys, "the columns of the key come first"
    added = ", ".join(f'"{n}" = "{table.name}"."{n}" + excluded."{n}"' for n in names[len(keys) :])
    connection.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({quoted(names)}) VALUES ({marks(connection, len(names))})'
        f" ON CONFLICT ({quoted(keys)}) DO UPDATE SET {added}",
        rows,
    )
