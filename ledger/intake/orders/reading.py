"""Order files into one checked relation, in one pass of DuckDB over each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ledger.intake.orders.csvsource import CsvSource
from ledger.intake.orders.expressions import is_good
from ledger.intake.orders.faults_in_words import fault_of, fault_of_fixed
from ledger.intake.orders.parquetsource import ParquetSource
from ledger.intake.orders.profiles import CANONICAL, Profile, check_fixed
from ledger.intake.orders.refusals import BadOrderProfile
from ledger.intake.orders.rejected import RejectedRow, RowFault
from ledger.intake.orders.source import Source
from ledger.intake.orders.staging import bad_positions, good_rows, stage
from ledger.intake.orders.unchanged_file import Watched
from ledger.kernel.instants import Instant

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REJECTIONS_MAX = 1000
RELATION = "checked_orders"
_PARQUET_SUFFIXES = (".parquet", ".pq")
_GLOBS = frozenset("*?[")
_UNEXPLAINED = RowFault("invalid_field", "row", None, "an order", "Compare it with a good row.")


class FileRead(NamedTuple):
    """One input file: its digest and how many of its rows are orders."""

    file: str
    sha256: str
    bytes: int
    rows: int
    rejected: int


class CheckedOrders(NamedTuple):
    """What a call read. `relation` is a view with the columns `orderlines.STAGED`.

    `rejections` are the first ones, in order; `rejected` counts all. `source_file` n is
    `files[n - 1]`; `source_row` counts its rows, those of a CSV from 2, below the header.
    """

    relation: str
    rows: int
    rejected: int
    rejections: list[RejectedRow]
    files: list[FileRead]


class _Call(NamedTuple):
    """What is the same for every file."""

    connection: "DuckDBPyConnection"
    known_until: Instant
    profile: Profile
    fixed: Mapping[str, str]


def read(
    connection: "DuckDBPyConnection",
    files: Sequence[Path],
    now: Instant,
    profile: Profile = CANONICAL,
    fixed: Mapping[str, str] | None = None,
    keep: int = REJECTIONS_MAX,
) -> CheckedOrders:
    """Reads and checks order files; good rows are staged in the connection, bad ones named.

    `fixed` values stand in every row of files that lack the column. `keep` rejections are
    explained. Raises a refusal of `orders.refusals` for a file of which no row can be trusted.
    """
    assert files, "somebody named a file"
    call = _Call(connection, now, profile, dict(fixed or {}))
    _check_fixed(call)
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true")
    done: list[FileRead] = []
    rejections: list[RejectedRow] = []
    parts: list[str] = []
    with TemporaryDirectory(prefix="duebook-orders-") as folder:
        for number, path in enumerate(files, start=1):
            link = Path(folder, f"{number}.link")
            room = keep - len(rejections)
            part, file, found = _read_file(call, path, link, number, room)
            parts.append(part)
            done.append(file)
            rejections += found
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {RELATION} AS {' UNION ALL '.join(parts)}")
    return CheckedOrders(
        RELATION,
        sum(file.rows for file in done),
        sum(file.rejected for file in done),
        rejections,
        done,
    )


def _check_fixed(call: _Call) -> None:
    check_fixed(call.fixed)
    for column, value in call.fixed.items():
        if fault := fault_of_fixed(column, value, call.profile, call.known_until):
            raise BadOrderProfile(
                f"{column} is set to {value!r}, expected {fault.expected}.",
                fault.hint,
                column=column,
            )


def _read_file(
    call: _Call, path: Path, link: Path, number: int, room: int
) -> tuple[str, FileRead, list[RejectedRow]]:
    """The query of its good rows, what is to be said of it, and its first rejections."""
    table = f"order_file_{number}"
    with Watched(path) as watched:
        if _GLOBS & set(watched.name):  # DuckDB would look for files that match
            link.symlink_to(path.absolute())
            path = link
        is_parquet = watched.is_parquet or watched.name.lower().endswith(_PARQUET_SUFFIXES)
        source: Source = (ParquetSource if is_parquet else CsvSource)(
            call.connection, watched.name, path, call.profile, call.fixed
        )
        rows = stage(call.connection, source, table, watched, call.profile)
        good = good_rows(call.connection, table, call.known_until)
        bad = 0
        found: list[RejectedRow] = []
        if good < rows or source.malformed():
            positions = bad_positions(call.connection, table, call.known_until, room)
            malformed, found = _explained(call, source, watched.name, positions, rows, room)
            bad = rows - good + malformed
        digest = watched.finish()
    part = (
        f"SELECT {number}::USMALLINT AS source_file, rowid + {source.first_row} AS source_row, *"
        f" FROM {table}" + (f" WHERE {is_good(call.known_until)}" if good < rows else "")
    )
    return part, FileRead(watched.name, digest, watched.bytes, good, bad), found


def _explained(
    call: _Call, source: Source, file: str, positions: list[int], rows: int, room: int
) -> tuple[int, list[RejectedRow]]:
    """How many rows are malformed, and the first rejections with their reasons."""
    malformed = 0
    rejections: list[RejectedRow] = []
    for found in source.find(positions, rows):
        malformed += found.fault is not None
        if len(rejections) < room:
            fault = (
                found.fault or fault_of(found.raw, call.profile, call.known_until) or _UNEXPLAINED
            )
            rejections.append(RejectedRow.of(file, found.row, fault, found.raw))
    return malformed, rejections
