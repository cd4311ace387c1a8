"""A table of cells out of a workbook's sheet or out of a CSV, each row with its number."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

from ledger.intake.platform.canonical import read_bytes, text_of
from ledger.intake.platform.rows import Problem, refuse
from ledger.intake.platform.workbook import Unreadable, rows_of_workbook

Cell = int | float | str | bool | date | datetime | time | timedelta | Unreadable
Rows = Iterator[tuple[int, list[Cell]]]
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How workbooks begin: XLSX; the container of XLS, and of an XLSX with a password."""
DELIMITERS = ",;\t"
LOOKED_AT = 20


def rows_of(path: str, sheet: str) -> Rows:
    """The rows of a file that are not blank, numbered as the person sees them, from 1.

    Of a workbook it is the sheet of that name, folded. Raises `MissingFile`, `BadPlatformFile`.
    """
    raw, name = read_bytes(path), Path(path).name
    rows = rows_of_workbook(name, raw, sheet) if raw.startswith(WORKBOOKS) else _of_csv(name, raw)
    return ((place, cells) for place, cells in rows if any(map(_is_filled, cells)))


def _is_filled(cell: Cell) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else True


def _of_csv(name: str, raw: bytes) -> Rows:
    """Separated by what makes the widest rows: commas, semicolons or tabs."""
    text = text_of(name, raw)
    delimiter = max(DELIMITERS, key=lambda one: _width(text, one))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in rows:
            yield rows.line_num, list(cells)
    except csv.Error as error:
        refuse(name, [Problem(rows.line_num, "not_csv", f"{error}.")])


def _width(text: str, delimiter: str) -> int:
    """The cells of the widest row among the first."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return max((len(cells) for cells in islice(rows, LOOKED_AT)), default=0)
    except csv.Error:
        return 0
