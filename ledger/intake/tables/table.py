"""A file as a table that is read by DuckDB: its cells as text, under a header that is known.

A long text in UTF-8 that is nothing but header and rows is read in place; any other file is first
rewritten, row by row, with the place of each row next to its cells.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.intake.tables import layout, rows
from ledger.intake.tables.mapping import Mapping
from ledger.intake.tables.parquet import parquet_cells
from ledger.intake.tables.plain_file import PlainFile
from ledger.intake.tables.rows import RawRow
from ledger.intake.tables.sections import Continuation, arranged
from ledger.intake.tables.targets import Target
from ledger.kernel.duck import PLAIN, literal, whole

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DIRECT_FROM_BYTES = 8 * 1024 * 1024
"""From this size on a plain text is read in place; below, rewriting it costs nothing."""
WRITTEN_AT_ONCE = 2_000
_REJECTED, _SCANS = "table_faults", "table_scans"
Progress = Callable[[str, int], None]


class Table(NamedTuple):
    """An opened file: columns `c0`, `c1`, ... as text, and of a copy `place` and `fault`."""

    file: PlainFile
    names: list[str]
    header_place: int
    origin: str
    """A table expression that gives every row in order."""
    copy: Path
    """What is read: the file, or the copy that was made."""
    delimiter: str
    has_places: bool
    marked: bool
    """Whether cells carry the marks of a workbook."""
    sheet: str = ""

    @property
    def is_placed(self) -> bool:
        """Whether `origin` has a column with the number of each row."""
        return self.has_places or self.file.kind == "parquet"

    @property
    def placed(self) -> str:
        """Every row with its number: in a text that is read in place, as if each were a line."""
        if self.is_placed:
            return self.origin
        return f"(SELECT *, row_number() OVER () + {self.header_place} AS place FROM {self.origin})"

    def records(self) -> Iterator[RawRow]:
        """Every row once more, each with its place, its cells and what is wrong with it."""
        plain = self.file._replace(path=self.copy)
        for row in rows.of_text(plain, self.delimiter):
            if self.has_places:
                place, fault, *cells = row.cells
                yield RawRow(int(place), cells, fault or None)
            elif row.place > self.header_place:
                yield row._replace(fault=fault_of_width(row.cells, len(self.names)))


def opened(
    connection: "DuckDBPyConnection",
    file: PlainFile,
    mapping: Mapping | None,
    target: Target,
    folder: Path,
    progress: Progress = lambda what, more: None,
    *,
    exact_places: bool = False,
    first: int | None = None,
) -> Table:
    """Opens a file that is read for a target. With `exact_places` every row has the place that
    people see; with `first` at most so many are read.

    Raises `BadTable`, `HeaderNotFound` and refusals of workbooks.
    """
    if file.kind == "parquet":
        names, cells, read = parquet_cells(connection, file)
        origin = (
            f"(SELECT file_row_number + 1 AS place, NULL::VARCHAR AS fault, {cells} FROM {read})"
        )
        return Table(file, names, 0, origin, file.path, ",", False, True)
    if file.kind == "text":
        header = layout.of_text(file, mapping, target.kinds)
        if _is_direct(file, mapping, header) and not exact_places and first is None:
            return _direct(file, header)
        below = _below(file, header, mapping.file.quote if mapping else '"')
        header, below = arranged(header, below, mapping, pads=False)
        return _copied(file, mapping, header, below, folder, progress, first, marked=False)
    if file.kind == "json":
        names, objects = rows.of_json(file)
        header = layout.Found(names, 0)
        return _copied(file, mapping, header, objects, folder, progress, first, marked=False)
    header, below = arranged(*layout.of_workbook(file, mapping, target.kinds), mapping, pads=True)
    return _copied(file, mapping, header, below, folder, progress, first, marked=True)


def _is_direct(file: PlainFile, mapping: Mapping | None, header: layout.Found) -> bool:
    small = file.path.stat().st_size < DIRECT_FROM_BYTES
    is_first = header.place == 1  # two readers count lines above a header differently
    if small or not is_first or _mixes_line_ends(file.path):
        return False
    if mapping is None:
        return True
    said = mapping.file
    unusual = (said.skip, said.until, said.below, said.described, said.totals, said.ragged)
    parted = (said.sections, said.ends, said.quote != '"')
    rows = mapping.rows
    some = (rows.only, rows.pass_over, rows.unique, rows.continued, mapping.looks_around)
    return not (any(unusual) or any(parted) or any(some) or mapping.summary)


def _mixes_line_ends(path: Path) -> bool:
    """Whether the first lines end in several ways, or in carriage returns alone."""
    with path.open("rb") as stream:
        some = stream.read(65_536).rstrip(b"\r")
    return some.count(b"\r") not in (0, some.count(b"\r\n")) or (
        b"\r\n" in some and some.count(b"\n") != some.count(b"\r\n")
    )


def _direct(file: PlainFile, header: layout.Found) -> Table:
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(header.names)))
    some = " OR ".join(f"c{at} IS NOT NULL" for at in range(len(header.names)))
    origin = (
        f"(SELECT * FROM read_csv({literal(whole(file.path))}, {PLAIN},"
        f" auto_detect = false, header = false, skip = {header.place},"
        f" delim = {literal(header.delimiter)}, quote = '\"', escape = '\"',"
        " max_line_size = 2097152, store_rejects = true,"
        f" rejects_table = '{_REJECTED}', rejects_scan = '{_SCANS}', rejects_limit = 1000,"
        f" columns = {{{columns}}}) WHERE {some})"
    )
    return Table(
        *(file, header.names, header.place, origin, file.path, header.delimiter),
        has_places=False,
        marked=False,
    )


def forget_malformed(connection: "DuckDBPyConnection") -> None:
    """Before a reading: forgets the rows that an earlier one left out."""
    for name in (_REJECTED, _SCANS):
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def malformed(connection: "DuckDBPyConnection") -> int:
    """After a reading: how many rows were left out, for their number of cells or as not text."""
    there = connection.execute(
        f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{_REJECTED}'"
    ).fetchone()
    if not there or not there[0]:
        return 0
    row = connection.execute(f"SELECT count(DISTINCT line) FROM {_REJECTED}").fetchone()
    return int(row[0]) if row else 0


def _below(file: PlainFile, header: layout.Found, quote: str) -> Iterator[RawRow]:
    return (row for row in rows.of_text(file, header.delimiter, quote) if row.place > header.place)


def _copied(
    file: PlainFile,
    mapping: Mapping | None,
    header: layout.Found,
    below: Iterator[RawRow],
    folder: Path,
    progress: Progress,
    first: int | None,
    *,
    marked: bool,
) -> Table:
    """Rewrites the rows as a CSV with their places."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"table-{len(list(folder.iterdir()))}.csv"
    width = len(header.names)
    named = max((at + 1 for at, name in enumerate(header.names) if name), default=width)
    pads = marked or (mapping is not None and mapping.file.ragged)
    with copy.open("x", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for at, row in enumerate(islice(_kept(below, mapping, header.names), first)):
            cells, fault = fitted(row.cells, width, least=0 if pads else named)
            fault = row.fault or fault
            if not marked and file.kind == "text" and fault is None:
                cells = [cell.strip(" \t\r\n") if cell else cell for cell in cells]
            writer.writerow((row.place, fault or "", *map(_in_one_cell, cells)))
            if at % WRITTEN_AT_ONCE == WRITTEN_AT_ONCE - 1:
                progress("rows", WRITTEN_AT_ONCE)
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(width))
    origin = (
        f"read_csv({literal(whole(copy))}, {PLAIN}, auto_detect = false, header = false,"
        " delim = ',', quote = '\"', escape = '\"', new_line = '\\n', max_line_size = 4194304,"
        f" columns = {{'place': 'BIGINT', 'fault': 'VARCHAR', {columns}}})"
    )
    return Table(
        *(file, header.names, header.place, origin, copy, ","),
        has_places=True,
        marked=marked,
        sheet=header.sheet,
    )


def _in_one_cell(cell: str) -> str:
    """A cell whose line ends are all line feeds."""
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _kept(
    below: Iterator[RawRow], mapping: Mapping | None, names: Sequence[str]
) -> Iterator[RawRow]:
    """The rows that are not passed over."""
    if mapping is None:
        yield from below
        return
    goes_on = Continuation(mapping.rows.continued, names)
    for number, row in enumerate(below):
        if number < mapping.file.below:
            continue
        if number == 0 and mapping.file.described and explains(row.cells):
            continue
        if mapping.file.until and layout.begins_so(row.cells, mapping.file.until):
            return
        if mapping.file.skip and layout.begins_so(row.cells, mapping.file.skip):
            continue
        if goes_on.passes_over(row.cells):
            continue
        yield row


_VALUE = re.compile(r"[^\w]*[0-9][0-9.,:/ T+Z-]*[^\w]*")
"""Figures alone, with signs around them: a number, an amount, a day, a time, an id."""


def explains(cells: Sequence[str]) -> bool:
    """Whether a row says in words what its columns are: no cell of it is a number, an amount or a
    time, few hold a digit at all, and one that is filled is a sentence."""
    said = [cell.strip() for cell in cells if cell.strip()]
    if any(_VALUE.fullmatch(cell) for cell in said):
        return False
    words = [cell for cell in said if not any(map(str.isdigit, cell))]
    return len(said) > 1 and any(" " in cell for cell in words) and len(words) * 4 >= len(said) * 3


def fitted(cells: list[str], width: int, *, least: int) -> tuple[list[str], str | None]:
    """The cells of a row under a header of some width, or what is wrong with their number. One with
    at least `least` lacks nothing: the rest are blank, or have no name."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]
    if least <= len(cells) < width:
        cells = cells + [""] * (width - len(cells))
    fault = fault_of_width(cells, width)
    return (cells + [""] * width)[:width], fault


def fault_of_width(cells: Sequence[str], width: int) -> str | None:
    """The fault of a row that is cut off, or in which a cell is split."""
    if len(cells) == width:
        return None
    return f"wrong_cells|row: found {len(cells)} cells, expected {width} as in the header."
