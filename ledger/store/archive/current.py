"""The order lines that count, as one SQL query over the files of an archive.

The files are those of the log up to some position, in its order. Versions are compared only where a
file says that it revises others. What the query says is the same for every engine that reads it.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from ledger.kernel.instants import Instant
from ledger.kernel.orderlines import KEY, STAGED
from ledger.store.archive.folder import ArchivedFile, path_of, present
from ledger.store.archive.keys import columns_of
from ledger.store.archive.known import PASSED, SUPERSEDES
from ledger.store.archive.sql import DUCKDB, Dialect

_COLUMNS = ("file", *STAGED)
_KEY = ", ".join(KEY)


def current(
    folder: Path,
    files: Sequence[ArchivedFile],
    since: Instant | None = None,
    until: Instant | None = None,
    stores: Collection[str] | None = None,
    as_of: Instant | None = None,
    *,
    marked: bool = True,
    sql: Dialect = DUCKDB,
) -> str:
    """A query of the lines that count, with the columns of `orderlines.STAGED` and `file`.

    `file` is the position in `files`, from 1. Limited to lines created in [since, until) and to
    some stores; files and row groups outside are not read. An order counts with its last version in
    `files`, which may lie outside of a window that an older version lies in. With `as_of` versions
    that were made later do not count, so that an earlier one does: a slower query. So is one that
    is not `marked`: versions are worked out again, since files that their marks depend on are not
    among `files`. `sql` is that of the engine that reads it. Raises `ArchivedFileMissing` for a
    file that is read and not there.
    """
    needed = present(folder, read_by(files, since, until, as_of, marked=marked))
    if as_of is not None or not marked:
        return _worked_out(needed, files, since, until, stores, as_of, sql)
    paths = [path_of(folder, file.digest) for file in files]
    parts = [
        f"SELECT {number}::INTEGER AS file, {columns_of(file.columns)}, version"
        f" FROM {sql.parquet(path)}{_own_limits(file, since, until, stores, sql)}"
        for number, (path, file) in enumerate(zip(paths, files, strict=True), start=1)
        if _may_hold(file, since, until)
    ]
    if not parts:
        return f"SELECT * FROM ({_nothing()}) WHERE false"
    lines = " UNION ALL ".join(parts)
    revising = [
        (number, path)
        for number, (path, file) in enumerate(zip(paths, files, strict=True), start=1)
        if file.revises
    ]
    if not revising:
        return f"SELECT {', '.join(_COLUMNS)} FROM ({lines})"
    only = limits(None, None, stores, f"version = '{SUPERSEDES}'", sql=sql)
    later = " UNION ALL ".join(
        f"SELECT {number}::INTEGER AS file, {columns_of(files[number - 1].columns, KEY)}"
        f" FROM {sql.parquet(path)}{only}"
        for number, path in revising
    )
    return (
        f"SELECT {', '.join(f'line.{name}' for name in _COLUMNS)} FROM ({lines}) AS line"
        f" ANTI JOIN ({later}) AS later ON later.store = line.store"
        f" AND later.order_id = line.order_id AND later.item = line.item AND later.file > line.file"
        f" WHERE line.version <> '{PASSED}'"
    )


def read_by(
    files: Sequence[ArchivedFile],
    since: Instant | None,
    until: Instant | None,
    as_of: Instant | None,
    *,
    marked: bool,
) -> list[ArchivedFile]:
    """The files that a query of `current` reads: those that may hold a line of the window or one
    that counts in its place; where versions are worked out again, all."""
    if as_of is not None or not marked:
        return list(files)
    return [file for file in files if file.revises or _may_hold(file, since, until)]


def versions(folder: Path, files: Sequence[ArchivedFile], stores: Collection[str]) -> str:
    """A query of every version of the lines of some stores, with the columns of `current`. Raises
    `ArchivedFileMissing`."""
    paths = present(folder, list(files))
    return " UNION ALL ".join(
        f"SELECT {number}::INTEGER AS file, {columns_of(file.columns)} FROM {DUCKDB.parquet(path)}"
        f"{limits(None, None, stores)}"
        for number, (path, file) in enumerate(zip(paths, files, strict=True), start=1)
    )


def _worked_out(
    paths: Sequence[Path],
    files: Sequence[ArchivedFile],
    since: Instant | None,
    until: Instant | None,
    stores: Collection[str] | None,
    as_of: Instant | None,
    sql: Dialect,
) -> str:
    """The last version of every line that was made by an instant, wherever it is archived."""
    if not paths:
        return f"SELECT * FROM ({_nothing()}) WHERE false"
    by_then = [] if as_of is None else [f"updated_at <= {as_of}"]
    made = limits(None, None, stores, *by_then, sql=sql)
    lines = " UNION ALL ".join(
        f"SELECT {number}::INTEGER AS file, {columns_of(file.columns)}"
        f" FROM {sql.parquet(path)}{made}"
        for number, (path, file) in enumerate(zip(paths, files, strict=True), start=1)
    )
    return (
        f"SELECT {', '.join(_COLUMNS)} FROM (SELECT *, row_number() OVER (PARTITION BY {_KEY}"
        " ORDER BY updated_at DESC, file DESC, source_file DESC, source_row DESC) AS place"
        f" FROM ({lines})){limits(since, until, None, 'place = 1')}"
    )


def _own_limits(
    file: ArchivedFile,
    since: Instant | None,
    until: Instant | None,
    stores: Collection[str] | None,
    sql: Dialect,
) -> str:
    """The limits that a file needs: one that lies inside them needs none."""
    if since is not None and file.first is not None and file.first >= since:
        since = None
    if until is not None and file.last is not None and file.last < until:
        until = None
    return limits(since, until, stores, sql=sql)


def _may_hold(file: ArchivedFile, since: Instant | None, until: Instant | None) -> bool:
    """Whether a line of the file can have been created in the window."""
    ends_before = since is not None and file.last is not None and file.last < since
    begins_after = until is not None and file.first is not None and file.first >= until
    return not ends_before and not begins_after


def limits(
    since: Instant | None,
    until: Instant | None,
    stores: Collection[str] | None,
    *conditions: str,
    sql: Dialect = DUCKDB,
) -> str:
    """A WHERE of lines created in [since, until), of some stores, under conditions."""
    tests = list(conditions)
    if since is not None:
        tests.append(f"created_at >= {since}")
    if until is not None:
        tests.append(f"created_at < {until}")
    if stores is not None:
        # By the bounds whole row groups are passed over: files are sorted by store.
        names = sorted(stores)
        listed = [sql.literal(name) for name in names]
        tests.append(f"store IN ({', '.join(listed) or 'NULL'})")
        if listed:
            tests.append(f"store BETWEEN {listed[0]} AND {listed[-1]}")
    return f" WHERE {' AND '.join(tests)}" if tests else ""


def _nothing() -> str:
    """A row with the columns of a line."""
    whole = {"source_file", "source_row", "created_at", "amount_minor", "refunded_minor"}
    whole.add("updated_at")
    empty = {True: "0::BIGINT", False: "''"}
    columns = [f"{empty[name in whole]} AS {name}" for name in STAGED]
    return f"SELECT 0::INTEGER AS file, {', '.join(columns)}"
