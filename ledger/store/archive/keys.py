"""Order keys: a number for (store, order_id, item) in every row, so that known ones are found.

Only this column of the older files is read to look for orders seen before; the few that match
are then compared by their texts, so a collision costs time and never a row.

The hash is DuckDB's own, twenty times quicker than MD5. It may change between versions of
DuckDB, so each file says under which scheme its keys were made: the hash of a few fixed texts.
Files of another scheme are read by their texts instead: slower, and right.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.kernel.duck import PLAIN, literal
from ledger.kernel.orderlines import KEY, KEY_HASH, MAY_BE_EMPTY, STAGED
from ledger.store.archive.folder import ArchivedFile, present

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
    """The name of the scheme by which this DuckDB makes keys."""
    rows = ", ".join(f"({', '.join(map(literal, probe))})" for probe in _PROBES)
    row = connection.execute(
        f"SELECT string_agg({KEY_HASH}, '-') FROM (VALUES {rows}) AS probe ({', '.join(KEY)})"
    ).fetchone()
    assert row is not None, "an aggregate is a row"
    return str(row[0])


def columns_of(has: Collection[str], names: Collection[str] = STAGED) -> str:
    """Columns of a file in SQL; optional ones that it does not have are empty."""
    return ", ".join(
        f"'' AS {name}" if name in MAY_BE_EMPTY and name not in has else name for name in names
    )


def keyed(
    connection: "DuckDBPyConnection",
    folder: Path,
    files: Sequence[ArchivedFile],
    names: Sequence[str] = (),
) -> str:
    """A query of `key` and some columns over archived files, whatever scheme and columns they
    have; `file` among the names is a file's number, from 1. Raises `ArchivedFileMissing`.
    """
    paths = [str(path) for path in present(folder, list(files))]
    now, schemes = scheme(connection), _schemes(connection, paths)
    numbers = ", ".join(map(literal, paths))
    kinds: dict[tuple[bool, tuple[str, ...]], list[str]] = defaultdict(list)
    for path, file in zip(paths, files, strict=True):
        kinds[schemes.get(path) == now, file.columns].append(path)
    parts = []
    for (ours, has), paths_of_kind in kinds.items():
        listed = ", ".join(map(literal, paths_of_kind))
        source = f"read_parquet([{listed}], {PLAIN}, filename = true)"
        key = "key" if ours else f"{KEY_HASH} AS key"
        if not ours:
            columns = columns_of(
                has, [name for name in dict.fromkeys((*KEY, *names)) if name != "file"]
            )
            source = f"(SELECT {columns}, filename FROM {source})"
            has = MAY_BE_EMPTY
        wanted = [
            f"list_position([{numbers}], filename)::INTEGER AS file"
            if name == "file"
            else columns_of(has, [name])
            for name in names
        ]
        parts.append(f"SELECT {', '.join([key, *wanted])} FROM {source}")
    return " UNION ALL ".join(parts)


def _schemes(connection: "DuckDBPyConnection", paths: Sequence[str]) -> dict[str, str]:
    names = ", ".join(map(literal, paths))
    rows = connection.execute(
        "SELECT file_name, decode(value) FROM parquet_kv_metadata([" + names + "])"
        f" WHERE decode(key) = '{METADATA}'"
    ).fetchall()
    return {str(name): str(value) for name, value in rows}
