"""Order files into one checked relation, in one pass of DuckDB over each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple
from weakref import finalize

from ledger.intake.line_ends import with_one_line_end
from ledger.intake.orders.expressions import filled_up, is_good
from ledger.intake.orders.faults_in_words import fault_of, fault_of_fixed
from ledger.intake.orders.grain import (
    REPEATS,
    Place,
    add_up,
    clashes,
    count_of,
    fault_of_clash,
    find_clashes,
    leave_out,
    rows_named,
)
from ledger.intake.orders.own_columns import check_fixed
from ledger.intake.orders.refusals import BadOrderColumn, EmptyOrderFile, OrderFileUnreadable
from ledger.intake.orders.rejected import RejectedRow, RowFault
from ledger.intake.orders.source import Found, Source
from ledger.intake.orders.sources import Progress, Reading, source_of
from ledger.intake.orders.staging import bad_positions, good_rows, stage
from ledger.intake.tables.mapping import Mapping as Mapped
from ledger.intake.unchanged_file import Watched
from ledger.kernel.instants import Instant

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REJECTIONS_MAX = 1000
RELATION = "checked_orders"
_GLOBS = frozenset("*?[")
_UNEXPLAINED = RowFault("invalid_field", "row", None, "an order", "Compare it with a good row.")


class FileRead(NamedTuple):
    """One input file: its digest, how many of its rows are orders, and how many were read."""

    file: str
    sha256: str
    bytes: int
    rows: int
    rejected: int
    read: int
    nameless: int = 0
    """Columns without a name, which were passed over."""


@dataclass
class CheckedOrders:
    """What a call read. `relation` is a view with the columns `orderlines.STAGED`, in which no two
    rows of one key contradict each other; `repeats` a table of hashes of keys that occur there more
    than once.

    `rejections` are the first ones, in order; `rejected` counts all. `source_file` n is
    `files[n - 1]`; `source_row` counts its rows, those of a CSV from 2, below the header.
    """

    relation: str
    rows: int
    rejected: int
    rejections: list[RejectedRow]
    files: list[FileRead]
    _sources: list[Source]
    repeats: str = REPEATS

    def found_at(self, places: Iterable[Place]) -> dict[Place, Found]:
        """The rows at some places as they are in the files."""
        wanted: dict[int, list[int]] = defaultdict(list)
        for file, number in sorted(set(places)):
            wanted[file].append(number)
        by_place: dict[Place, Found] = {}
        for file, numbers in wanted.items():
            source = self._sources[file - 1]
            of_file = source.at_rows(numbers, self.files[file - 1].read)
            good = (row for row in of_file if not row.left_out)
            by_place |= {(file, number): row for number, row in zip(numbers, good, strict=False)}
        return by_place

    def reject(self, faults: Iterable[tuple[Place, RowFault]], count: int) -> None:
        """Moves `count` rows to the rejected ones, given the first of them with their faults."""
        placed = list(faults)
        by_place = self.found_at(place for place, _ in placed)
        for place, fault in placed:
            row, name = by_place[place], self.files[place[0] - 1].file
            self.rejections.append(RejectedRow.of(name, row.row, fault, row.as_given or row.raw))
        self.rejected += count
        self.rows -= count


class _Call(NamedTuple):
    """What is the same for every file."""

    connection: "DuckDBPyConnection"
    known_until: Instant
    how: Reading


def read(
    connection: "DuckDBPyConnection",
    files: Sequence[Path],
    now: Instant,
    fixed: Mapping[str, str] | None = None,
    keep: int = REJECTIONS_MAX,
    *,
    mapping: Mapped | None = None,
    zone: str | None = None,
    progress: Progress = lambda what, more: None,
    add_up_items: bool = False,
    within: Path | None = None,
) -> CheckedOrders:
    """Reads and checks order files; good rows are staged in the connection, bad ones named.

    `fixed` values apply to every row of files that lack the column; files with other headers than
    ours are read through a `mapping`, and times without a zone are of `zone`. `keep` rejections are
    explained. With `add_up_items`, or where the mapping says so, the rows of an order are added up.
    Working files go into the folder `within`, or where temporary files do. Raises a refusal of
    `orders.refusals` for a file of which no row can be trusted.
    """
    assert files, "somebody named a file"
    call = _Call(connection, now, Reading(mapping, zone, dict(fixed or {}), progress))
    _check_fixed(call)
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true")
    done: list[FileRead] = []
    rejections: list[RejectedRow] = []
    parts: list[str] = []
    sources: list[Source] = []
    links = Path(mkdtemp(prefix="duebook-orders-", dir=within))
    try:
        for number, path in enumerate(files, start=1):
            room = keep - len(rejections)
            read_ = _read_file(call, path, links / f"{number}.link", number, room)
            part, file, source, rejected_rows = read_
            parts.append(part)
            done.append(file)
            sources.append(source)
            rejections += rejected_rows
    except BaseException:
        rmtree(links, ignore_errors=True)
        raise
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {RELATION} AS {' UNION ALL BY NAME '.join(parts)}"
    )
    checked = CheckedOrders(
        RELATION,
        sum(file.rows for file in done),
        sum(file.rejected for file in done),
        rejections,
        *(done, sources),
    )
    finalize(checked, rmtree, links, ignore_errors=True)
    summed = add_up_items or (mapping is not None and mapping.rows.add_up)
    if summed:
        checked.relation = add_up(connection, RELATION)
        checked.rows = count_of(connection, checked.relation)
    _refuse_clashes(connection, checked, keep, summed=summed)
    return checked


def _refuse_clashes(
    connection: "DuckDBPyConnection", checked: CheckedOrders, keep: int, *, summed: bool
) -> None:
    """Rejects the rows that conflict with others of the call."""
    count = find_clashes(connection, checked.relation)
    if not count:
        return
    first_clashes = clashes(connection, max(keep - len(checked.rejections), 0))
    lines = {
        place: row.row
        for place, row in checked.found_at(clash.other for clash in first_clashes).items()
    }
    names = [file.file for file in checked.files]
    checked.reject(
        (
            (
                clash.place,
                fault_of_clash(clash, rows_named(lines, names, clash.other), summed=summed),
            )
            for clash in first_clashes
        ),
        count,
    )
    checked.relation = leave_out(connection, checked.relation)


def _check_fixed(call: _Call) -> None:
    check_fixed(call.how.fixed)
    for column, value in call.how.fixed.items():
        if fault := fault_of_fixed(column, value, call.known_until):
            raise BadOrderColumn(
                f"{column} is set to {value!r}, expected {fault.expected}.",
                fault.hint,
                column=column,
            )


def _read_file(
    call: _Call, path: Path, link: Path, number: int, room: int
) -> tuple[str, FileRead, Source, list[RejectedRow]]:
    """The query of its good rows, its totals, its source and its first rejections."""
    with Watched(path) as watched:
        if not watched.bytes:
            raise EmptyOrderFile(f"{watched.name} is empty.", file=watched.name)
        try:
            return _read_watched(call, watched, path, link, number, room)
        except OrderFileUnreadable:
            # DuckDB reads files whose lines all end alike.
            copy = link.with_suffix(".lines")
            if watched.is_parquet or not with_one_line_end(path, copy):
                raise
            return _read_watched(call, watched, copy, link, number, room)


def _read_watched(
    call: _Call, watched: Watched, path: Path, link: Path, number: int, room: int
) -> tuple[str, FileRead, Source, list[RejectedRow]]:
    table = f"order_file_{number}"
    if path == watched.path and _GLOBS & set(
        watched.name
    ):  # DuckDB would look for files that match
        link.symlink_to(path.absolute())
        path = link
    source = source_of(call.connection, watched, path, link.with_suffix(".table"), call.how)
    rows = stage(call.connection, source, table, watched)
    rules = (call.known_until, source.cells)
    good = good_rows(call.connection, table, *rules)
    bad = 0
    rejected_rows: list[RejectedRow] = []
    if good < rows or source.malformed():
        positions = bad_positions(call.connection, table, *rules, room)
        malformed, rejected_rows = _explained(call, source, watched.name, positions, rows, room)
        bad = rows - good + malformed
    digest = watched.finish()
    numbered = "" if source.place else f" rowid + {source.first_row} AS source_row,"
    part = (
        f"SELECT {number}::USMALLINT AS source_file,{numbered} *"
        f"{filled_up(source.cells)} FROM {table}"
        + (f" WHERE {is_good(*rules)}" if good < rows else "")
    )
    counts = (good, bad, rows, source.nameless)
    return part, FileRead(watched.name, digest, watched.bytes, *counts), source, rejected_rows


def _explained(
    call: _Call, source: Source, file: str, positions: list[int], rows: int, room: int
) -> tuple[int, list[RejectedRow]]:
    """How many rows are malformed, and the first rejections with their reasons."""
    malformed = 0
    rejections: list[RejectedRow] = []
    for row in source.find(positions, rows):
        malformed += row.left_out
        if len(rejections) < room:
            fault = row.fault or fault_of(row.raw, call.known_until) or _UNEXPLAINED
            given = row.as_given or row.raw
            rejections.append(RejectedRow.of(file, row.row, fault, given))
    return malformed, rejections
