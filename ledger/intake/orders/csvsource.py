"""Reads CSV with DuckDB, in parallel; and again with Python for the few rows to be explained."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.intake.columns import Cell
from ledger.intake.encodings import to_utf8
from ledger.intake.header import is_nameless, one_cell, other_separator
from ledger.intake.in_words import of_csv
from ledger.intake.lines import LINE_BYTES_MAX
from ledger.intake.orders.own_columns import match
from ledger.intake.orders.refusals import (
    EmptyOrderFile,
    MissingColumn,
    OrderFileNotText,
    OrderFileUnreadable,
)
from ledger.intake.orders.rejected import RowFault
from ledger.intake.orders.source import Found
from ledger.kernel.duck import PLAIN, literal, whole

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_REJECTED = "order_csv_faults"
_SCANS = "order_csv_scans"


class CsvSource:
    """One CSV file with a header of our own names. `path` may be another name of `file`."""

    def __init__(
        self,
        connection: "DuckDBPyConnection",
        file: str,
        path: Path,
        fixed: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._file, self._path = file, path
        self._header, self._header_lines = self._read_header()
        if separator := other_separator(self._header):
            raise MissingColumn(
                f"{self._file}: {one_cell(self._header, separator)}",
                "Save it with commas, or read it through a mapping: duebook files FILE",
                file=self._file,
            )
        self._columns = match(file, self._header, fixed)
        self._fixed = dict(fixed)
        self.nameless = sum(map(is_nameless, self._header))
        self.first_row = 2
        self.place = None
        self.cells: Mapping[str, Cell] = {
            name: Cell(f"c{at}") for at, name in enumerate(self._columns) if name
        } | {name: Cell(literal(value)) for name, value in fixed.items()}

    def origin(self) -> str:
        """Every row with the header's number of cells; empty ones are passed over."""
        for name in (_REJECTED, _SCANS):
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        names = [f"c{at}" for at in range(len(self._header))]
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
        something = " OR ".join(f"{name} IS NOT NULL" for name in names)
        return (
            f"(SELECT * FROM read_csv({literal(whole(self._path))}, {PLAIN}, auto_detect = false,"
            f" header = false, skip = {self._header_lines}, delim = ',',"
            " quote = '\"', escape = '\"', max_line_size = 2097152, store_rejects = true,"
            f" rejects_table = '{_REJECTED}', rejects_scan = '{_SCANS}', rejects_limit = 1000,"
            f" columns = {{{columns}}}) WHERE {something})"
        )

    def malformed(self) -> bool:
        """Whether DuckDB left out rows: wrong number of cells, stray quotes, not UTF-8."""
        row = self._connection.execute(f"SELECT count(*) FROM {_REJECTED}").fetchone()
        return bool(row and row[0])

    def find(self, positions: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows at these positions; all malformed ones too, where there are any.

        Raises `OrderFileUnreadable` where Python and DuckDB do not see the same rows: then no row
        of the file can be trusted.
        """
        wanted = iter(positions)
        at, left = -1, next(wanted, None)
        malformed = self.malformed()
        for line, cells in self._records():
            if len(cells) != len(self._header):
                fault = self._wrong_cells(cells)
                raw = dict[str, str | None](zip(map(str, self._header), cells, strict=False))
                yield Found(line, raw, fault, left_out=True)
                continue
            at += 1
            if at == left:
                yield Found(line, self._row(cells))
                left = next(wanted, None)
            if left is None and not malformed:
                return
        if at + 1 != rows:
            raise OrderFileUnreadable(
                f"{self._file}: quotes are not closed, or cells are split; it holds {at + 1} rows"
                f" to one reader and {rows} to another.",
                "Quote cells that hold commas, quotes or line ends, and double quotes inside.",
                file=self._file,
            )

    def at_rows(self, places: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows of these numbers, counted from the first one below the header."""
        yield from self.find([place - self.first_row for place in places], rows)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Every row that is not empty, with the line on which it ends."""
        csv.field_size_limit(2 * LINE_BYTES_MAX)
        with self._path.open("rb") as stream:
            reader = csv.reader(self._text(iter(stream)), delimiter=",", strict=True)
            try:
                for cells in reader:
                    if reader.line_num > self._header_lines and any(cells):
                        yield reader.line_num, cells
            except csv.Error as error:
                raise OrderFileUnreadable(
                    f"{self._file}, line {reader.line_num}: not CSV: {of_csv(error)}.",
                    "Quote cells with quotes, and double quotes inside of them.",
                    file=self._file,
                    row=reader.line_num,
                ) from None

    def _text(self, lines: Iterator[bytes]) -> Iterator[str]:
        for number, raw in enumerate(lines, start=1):
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as wrong:
                raise OrderFileNotText(
                    f"{self._file}, line {number}: byte {wrong.start + 1} is not UTF-8 text.",
                    to_utf8(raw, self._path.name),
                    file=self._file,
                    row=number,
                ) from None

    def _read_header(self) -> tuple[list[str], int]:
        """The first row that is not empty, and how many lines it and those before it take."""
        with self._path.open("rb") as stream:
            lines = iter(lambda: stream.readline(LINE_BYTES_MAX), b"")
            reader = csv.reader(self._text(lines), delimiter=",", strict=True)
            try:
                for cells in reader:
                    if any(cell.strip() for cell in cells):
                        return cells, reader.line_num
            except csv.Error as error:
                raise OrderFileUnreadable(
                    f"{self._file}: the header is not CSV: {of_csv(error)}.", file=self._file
                ) from None
        raise EmptyOrderFile(f"{self._file} holds nothing but empty lines.", file=self._file)

    def _row(self, cells: Sequence[str]) -> dict[str, str | None]:
        named = zip(self._columns, cells, strict=True)
        return {**{name: cell for name, cell in named if name}, **self._fixed}

    def _wrong_cells(self, cells: Sequence[str]) -> RowFault:
        few = len(cells) < len(self._header)
        return RowFault(
            "wrong_cells",
            "row",
            f"{len(cells)} cells",
            f"{len(self._header)} as in the header",
            "The row is cut off; is the file still being written?"
            if few
            else "Quote cells that hold a comma.",
        )
