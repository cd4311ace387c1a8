"""Order keys: a number for (store, order_id, item) in every row, so that known ones are found.

Only this column of the older files is read to look for orders seen before; the few that match
are then compared by their texts, so a collision costs time and never a row.

The hash is DuckDB's own, twenty times quicker than MD5. It may change between versions of
DuckDB, so each file says under which scheme its keys were made: the hash of a few fixed texts.
Files of another scheme are read by their texts instead: slower, and right.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.kernel.orderlines import KEY, KEY_HASH
from ledger.store.archive.sql import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METADATA = "duebook_key"
_PROBES = (
    ("", "", ""),
    ("S-1", "1", ""),
    ("店铺-七", "order-576460752303423488", "3"),
    ("s" * 64, "o" * 64, "i" * 64),
)


def scheme(connection: "DuckDBPyConnection") -> str:
    """The name of the way in which this DuckDB makes keys."""
    rows = ", ".join(f"({', '.join(map(literal, probe))})" for probe in _PROBES)
    found = connection.execute(
        f"SELECT string_agg({KEY_HASH}, '-') FROM (VALUES {rows}) AS probe ({', '.join(KEY)})"
    ).fetchone()
    assert found is not None, "an aggregate is a row"
    return str(found[0])


def keyed(connection: "DuckDBPyConnection", paths: Sequence[Path], columns: str) -> str:
    """A query of `key` and the columns over archived files, whatever scheme they have.

    `columns` are SQL, each with its comma in front.
    """
    ours, others = _by_scheme(connection, paths)
    parts = []
    if ours:
        parts.append(f"SELECT key{columns} FROM {parquet(ours)}")
    if others:
        parts.append(f"SELECT {KEY_HASH} AS key{columns} FROM {parquet(others)}")
    return " UNION ALL ".join(parts)


def parquet(paths: Sequence[Path]) -> str:
    """A table expression over files; `filename` says which one a row comes from."""
    names = ", ".join(literal(str(path)) for path in paths)
    return f"read_parquet([{names}], filename = true)"


def _by_scheme(
    connection: "DuckDBPyConnection", paths: Sequence[Path]
) -> tuple[list[Path], list[Path]]:
    names = ", ".join(literal(str(path)) for path in paths)
    found = connection.execute(
        "SELECT file_name, decode(value) FROM parquet_kv_metadata([" + names + "])"
        f" WHERE decode(key) = '{METADATA}'"
    ).fetchall()
    schemes = {str(name): str(value) for name, value in found}
    now = scheme(connection)
    ours = [path for path in paths if schemes.get(str(path)) == now]
    return ours, [path for path in paths if schemes.get(str(path)) != now]
