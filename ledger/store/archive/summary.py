"""A small summary of each archived file: the first order of every store in it.

Derived from the file and disposable: without it the file itself is read. What asks for the first
orders of a few stores need not read, or hash, all order lines of a book.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ledger.kernel.duck import PLAIN, literal
from ledger.store.archive.folder import ArchivedFile, path_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLDER = "summaries"


def summary_of(folder: Path, digest: str) -> Path:
    """Where the summary of a file is, if there is one."""
    return folder / FOLDER / f"{digest}.parquet"


def summarised(folder: Path, file: ArchivedFile) -> str:
    """What a summary holds, as a query over the file: per store how many rows it has, and the
    first of its orders, of equal instants the smaller id."""
    first = "min({'at': created_at, 'order': order_id, 'updated': updated_at})"
    path = literal(str(path_of(folder, file.digest)))
    return (
        f"SELECT store, count(*) AS rows, {first} AS began FROM read_parquet({path}, {PLAIN})"
        " GROUP BY store ORDER BY store"
    )


def summarise(
    connection: "DuckDBPyConnection", folder: Path, files: Sequence[ArchivedFile]
) -> None:
    """Writes the summaries that are missing. Reading does without one that cannot be written."""
    import duckdb

    for file in files:
        path = summary_of(folder, file.digest)
        if path.exists():
            continue
        part = path.with_name(f"{uuid4().hex}.writing")
        try:
            path.parent.mkdir(exist_ok=True)
            query = summarised(folder, file)
            connection.execute(f"COPY ({query}) TO {literal(str(part))} (FORMAT parquet)")
            os.replace(part, path)
        except (OSError, duckdb.Error):
            part.unlink(missing_ok=True)
            return


def first_of_summaries(folder: Path, files: Sequence[ArchivedFile]) -> str | None:
    """A query of every store's first order in each file, `began`, with when it was made and the
    number of the file, from 1; None where a summary is missing."""
    parts = []
    for number, file in enumerate(files, start=1):
        path = summary_of(folder, file.digest)
        if not path.exists():
            return None
        parts.append(
            f"SELECT store, began, {number} AS file"
            f" FROM read_parquet({literal(str(path))}, {PLAIN})"
        )
    return " UNION ALL ".join(parts)


def differs(connection: "DuckDBPyConnection", folder: Path, file: ArchivedFile) -> bool:
    """Whether the summary of a file does not say what the file says."""
    import duckdb

    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    kept = f"SELECT * FROM read_parquet({literal(str(summary_of(folder, file.digest)))}, {PLAIN})"
    try:
        return rows(f"{kept} ORDER BY store") != rows(summarised(folder, file))
    except duckdb.Error:
        return True
