"""Chooses the reader of an order file: files with our own headers are read directly, others as
tables."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.intake.orders.csvsource import CsvSource
from ledger.intake.orders.mappedsource import MappedSource
from ledger.intake.orders.parquetsource import ParquetSource
from ledger.intake.orders.source import Source
from ledger.intake.tables.mapped import MappedTable
from ledger.intake.tables.mapping import Mapping as Mapped
from ledger.intake.tables.plain_file import is_our_csv, plain_file
from ledger.intake.tables.table import opened
from ledger.intake.tables.targets import ORDERS, target_named
from ledger.intake.tables.totals import refuse_differing_totals
from ledger.intake.unchanged_file import Watched

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PARQUET_SUFFIXES = (".parquet", ".pq")
Progress = Callable[[str, int], None]


class Reading(NamedTuple):
    """How the files of one call are read."""

    mapping: Mapped | None
    """None for files with our own headers."""
    zone: str | None
    """The zone of times that say none."""
    fixed: Mapping[str, str]
    progress: Progress = lambda what, more: None


def source_of(
    connection: "DuckDBPyConnection", watched: Watched, path: Path, folder: Path, how: Reading
) -> Source:
    """The reader of a file; `path` is another name of it, and `folder` takes any copy."""
    is_parquet = watched.is_parquet or watched.name.lower().endswith(_PARQUET_SUFFIXES)
    plain = how.mapping is None and how.zone is None
    if is_parquet and plain:
        return ParquetSource(connection, watched.name, path, folder, how.fixed)
    if plain and is_our_csv(watched.path):
        return CsvSource(connection, watched.name, path, how.fixed)
    encoding = how.mapping.file.encoding if how.mapping else None
    file = plain_file(watched.name, folder, encoding, guess=how.mapping is not None)
    if not file.is_copy:
        file = file._replace(path=path)
    target = target_named(ORDERS)
    table = opened(connection, file, how.mapping, target, folder, how.progress)
    mapped = MappedTable(table, how.mapping, target, how.fixed, how.zone)
    refuse_differing_totals(connection, mapped)
    return MappedSource(connection, mapped)
