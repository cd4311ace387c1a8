"""Adds checked order lines to an archive: what is new in them becomes one file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.kernel.duck import literal
from ledger.kernel.instants import Instant
from ledger.kernel.orderlines import MAY_BE_EMPTY, STAGED
from ledger.store.archive.folder import ArchivedFile, path_of, publish
from ledger.store.archive.keys import METADATA, scheme
from ledger.store.archive.known import LINES, sort_out
from ledger.store.archive.refusals import ArchiveOutOfRoom, ArchiveUnwritable, reason
from ledger.store.archive.sql import one_row
from ledger.store.archive.summary import summarise
from ledger.store.archive.sums import Extent, Total, extent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VALUES_MAX = 65_000
"""Up to this many stores or categories are written as numbers into a list of names."""
_NAMES = ("store", "category")
_OPTIONS = (
    "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1,"
    " DICTIONARY_SIZE_LIMIT 2500, WRITE_BLOOM_FILTER false, USE_TMP_FILE false"
)


class NewFile(NamedTuple):
    """A file that was added, for its event. `revises` as in `ArchivedFile`."""

    digest: str
    rows: int
    bytes: int
    first: Instant
    last: Instant
    updated: Instant
    totals: list[Total]
    columns: tuple[str, ...]
    revises: bool


class Written(NamedTuple):
    """The result of a call. Without a new line there is no file."""

    file: NewFile | None
    known: int
    revised: int
    known_in: tuple[int, ...] = ()
    """Which files of the history, from 1, hold the lines that were known."""


def write(
    connection: "DuckDBPyConnection",
    folder: Path,
    relation: str,
    history: Sequence[ArchivedFile],
    repeats: str | None = None,
) -> Written:
    """Archives the new lines of a relation with the columns `orderlines.STAGED`.

    `history` are the files of the archive that count, in the order of their events; `repeats` as in
    `sort_out`. The caller records the event; until then nobody reads the file. Raises
    `ArchiveUnwritable`, `ArchiveOutOfRoom` or `ArchivedFileMissing`, with the archive as it was.
    """
    with _refusing(folder):
        known = sort_out(connection, relation, folder, history, repeats)
        bounds = extent(connection)
        if bounds is None:
            return Written(None, known.known, 0, known.known_in)
        digest = publish(folder, lambda path: _copy(connection, path, bounds))
        size = path_of(folder, digest).stat().st_size
        file = NewFile(digest, bounds.rows, size, *bounds[1:], revises=known.replacing)
        written = ArchivedFile(digest, file.revises, bounds.first, bounds.last, bounds.columns)
        summarise(connection, folder, [*history, written])
        return Written(file, known.known, known.revised, known.known_in)


def _copy(connection: "DuckDBPyConnection", path: Path, bounds: Extent) -> None:
    """Writes the lines by store, instant and order id, into `path`."""
    named = {name: _numbered(connection, name) for name in _NAMES}
    order = _order(named["store"] is not None, bounds)
    lacks = set(MAY_BE_EMPTY) - set(bounds.columns)
    own = [named.get(name) or name for name in STAGED if name not in lacks]
    columns = ["key", *own, "version"]
    connection.execute(
        f"COPY (SELECT {', '.join(columns)} FROM {LINES} ORDER BY {order})"
        f" TO {literal(str(path))} ({_OPTIONS},"
        f" KV_METADATA {{{METADATA}: {literal(scheme(connection))}}})"
    )


def _numbered(connection: "DuckDBPyConnection", column: str) -> str | None:
    """The column as numbers into its sorted values: quicker to sort and to write."""
    kind = f"archive_{column}"
    connection.execute(f"DROP TYPE IF EXISTS {kind}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE archive_values AS SELECT DISTINCT {column} AS value"
        f" FROM {LINES}"
    )
    (count,) = one_row(connection, "SELECT count(*) FROM archive_values")
    if count > VALUES_MAX:
        return None
    connection.execute(
        f"CREATE TYPE {kind} AS ENUM (SELECT value FROM archive_values ORDER BY value)"
    )
    return f"{column}::{kind} AS {column}"


def _order(is_numbered: bool, bounds: Extent) -> str:
    """By store, instant, order id; store and instant as one number where both fit into it."""
    bits = (bounds.last - bounds.first).bit_length()
    if not is_numbered or VALUES_MAX.bit_length() + bits > 62:
        return "store, created_at, order_id" + (", item" if "item" in bounds.columns else "")
    rank = "enum_code(store::archive_store)::BIGINT"
    item = ", item" if "item" in bounds.columns else ""
    return f"({rank} << {bits}) | (created_at - {bounds.first}), order_id{item}"


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """Turns DuckDB's failures for lack of room into refusals."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise ArchiveOutOfRoom(f"{reason(error)}.", folder=str(folder)) from None
    except duckdb.IOException as error:
        sentence = f"{folder} cannot be written to: {reason(error)}."
        raise ArchiveUnwritable(sentence, folder=str(folder)) from None
