"""Parquet by DuckDB: columns of a type that loses cents or zones are refused, not guessed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.intake.columns import Cell
from ledger.intake.header import is_nameless
from ledger.intake.orders.own_columns import match
from ledger.intake.orders.refusals import OrderFileUnreadable, WrongColumnType
from ledger.intake.orders.source import Found
from ledger.intake.tables.parquet_copy import NotParquet, copied
from ledger.kernel.duck import PLAIN, literal, whole

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_INSTANT = "TIMESTAMP WITH TIME ZONE"
_NANOSECONDS = "TIMESTAMPTZ_NS"
_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")


class ParquetSource:
    """One Parquet file, read from a copy that is made in `folder`; `path` may be another name of
    `file`. Raises `OrderFileUnreadable`."""

    def __init__(
        self,
        connection: "DuckDBPyConnection",
        file: str,
        path: Path,
        folder: Path,
        fixed: Mapping[str, str],
    ) -> None:
        self._connection, self._file = connection, file
        try:
            copy = copied(path, folder)
        except NotParquet as error:
            said = f"{file} is not a complete Parquet file: {error}."
            raise OrderFileUnreadable(said, file=file) from None
        self._read = f"read_parquet({literal(whole(copy))}, {PLAIN}, file_row_number = true)"
        described = connection.execute(f"DESCRIBE SELECT * FROM {self._read}").fetchall()
        types = {str(name): str(kind) for name, kind, *_ in described if name != "file_row_number"}
        columns = match(file, list(types), fixed)
        self._fixed = dict(fixed)
        self.nameless = sum(map(is_nameless, types))
        self._names = {
            column: name for column, name in zip(columns, types, strict=True) if column is not None
        }
        self.first_row = 1
        self.place = None
        self.cells: Mapping[str, Cell] = {
            column: self._cell(column, name, types[name]) for column, name in self._names.items()
        } | {name: Cell(literal(value)) for name, value in fixed.items()}

    def origin(self) -> str:
        """Every row, in order."""
        return self._read

    def malformed(self) -> bool:
        """A Parquet file is whole or refused."""
        return False

    def find(self, positions: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows at these positions, with their cells as text."""
        if not positions:
            return
        cells = ", ".join(
            f"strftime({cell.sql}, '%Y-%m-%dT%H:%M:%S.%fZ')" if cell.is_instant else cell.sql
            for cell in self.cells.values()
        )
        for at, *values in self._connection.execute(
            f"SELECT file_row_number, {cells} FROM {self._read}"
            " WHERE file_row_number IN (SELECT unnest(?)) ORDER BY 1",
            [list(positions)],
        ).fetchall():
            yield Found(at + 1, dict(zip(self.cells, values, strict=True)))

    def at_rows(self, places: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows of these numbers, from 1."""
        yield from self.find([place - self.first_row for place in places], rows)

    def _cell(self, column: str, name: str, kind: str) -> Cell:
        quoted = '"' + name.replace('"', '""') + '"'
        if column in ("created_at", "updated_at"):
            if kind == _INSTANT:
                return Cell(quoted, is_instant=True)
            if kind == _NANOSECONDS:
                # what other tools write; a fraction of a microsecond is not an instant here
                whole = f"CASE WHEN epoch_ns({quoted}) % 1000 = 0 THEN {quoted}::TIMESTAMPTZ END"
                return Cell(whole, is_instant=True)
            if kind != "VARCHAR":
                raise self._wrong(name, kind, "text or TIMESTAMP WITH TIME ZONE", "a zone")
        elif column in ("amount", "refunded"):
            if kind.startswith("DECIMAL"):
                # The decimals are the column's, not the amount's: 1200.00 JPY is whole yen.
                return (
                    Cell(rf"regexp_replace({quoted}::VARCHAR, '\.?0+$', '')", False)
                    if (not kind.endswith(",0)"))
                    else Cell(f"{quoted}::VARCHAR")
                )
            if kind != "VARCHAR":
                raise self._wrong(name, kind, "text or DECIMAL", "exact decimals")
        elif kind != "VARCHAR" and not kind.startswith("ENUM") and not _WHOLE.fullmatch(kind):
            raise self._wrong(name, kind, "text", "its characters")
        return Cell(f"{quoted}::VARCHAR")

    def _wrong(self, name: str, kind: str, expected: str, keeps: str) -> WrongColumnType:
        return WrongColumnType(
            f"{self._file}: the column {name!r} is {kind}, expected {expected}.",
            f"Write it as a type that keeps {keeps}.",
            file=self._file,
            column=name,
            found=kind,
            expected=expected,
        )
